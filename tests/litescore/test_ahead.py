"""Objects of records in S3: fetched ahead, in order, and no more of them than memory is meant for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from litescore import results
from litescore.errors import LitescoreError
from litescore.results import ahead
from tests.litescore.test_results import record
from tests.rig import proxy as rig
from tests.rig.proxy import Fault, Proxy
from tests.rig.stub_s3 import StubS3

OBJECTS, AWAY = 24, 0.2


@pytest.fixture
def far(stub: StubS3, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """Two dozen objects of records, each a fifth of a second away."""
    for number in range(OBJECTS):
        line = record(f"{number:02}").to_json()
        stub.objects["stub", f"records/{number:02}.jsonl"] = f"{line}\n".encode()
    with rig.serve(stub.endpoint) as proxy:
        for name, value in proxy.environ(stub.environ).items():
            monkeypatch.setenv(name, value)
        proxy.faults.append(Fault(method="GET", key="*.jsonl", stall=AWAY))
        yield proxy


def test_far_objects_are_waited_for_together(far: Proxy) -> None:
    """While the first is on its way others are asked for; they come in order of name."""
    records = results.written("s3://stub/records/")
    found = [next(records).source]
    assert sum(".jsonl" in one.target for one in far.asked) >= 4
    found += [one.source for one in records]
    assert found == [f"{number:02}" for number in range(OBJECTS)]


def test_large_objects_come_one_by_one(far: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is ahead is bounded by its bytes: of objects larger than that no second one is asked for."""
    monkeypatch.setattr(ahead, "_WAITING_BYTES", 1)
    records = results.written("s3://stub/records/")
    for number in range(3):
        next(records)
        asked = sum(".jsonl" in one.target for one in far.asked)
        assert asked == number + 1


def test_what_cannot_be_read_is_told_in_its_turn(far: Proxy) -> None:
    """The records before it have come; nothing is asked for behind it for ever."""
    far.faults.insert(0, Fault(method="GET", key="*/05.jsonl", status=403))
    records = results.written("s3://stub/records/")
    found = [next(records).source for _ in range(5)]
    assert found == [f"{number:02}" for number in range(5)]
    with pytest.raises(LitescoreError, match=r"05\.jsonl"):
        next(records)


def test_the_listing_is_not_held(far: Proxy, stub: StubS3) -> None:
    """Pages are asked for as their objects are read: the first record comes before the last page."""
    stub.page = 4
    next(results.written("s3://stub/records/"))
    pages = sum("list-type" in one.target for one in far.asked)
    assert 0 < pages < OBJECTS / stub.page
