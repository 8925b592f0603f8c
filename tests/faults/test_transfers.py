"""Big bodies over bad lines: slow is no fault, silence is; what broke goes on from where it broke."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from litescore import store
from litescore.errors import PermanentError, SupersededError, TransientError
from litescore.record import Subject
from litescore.store import buckets, patience
from litescore.store.patience import Patience
from litescore.store.s3 import split
from tests.rig.proxy import Fault, Proxy
from tests.rig.seaweed import S3

SIZE = 10_000_000
BODY = os.urandom(SIZE)


@pytest.fixture
def shard(
    s3: S3, proxy: Proxy, bucket: str, environ: None, monkeypatch: pytest.MonkeyPatch
) -> Subject:
    """In the bucket; silence may last half a second, and the client itself tries nothing again."""
    monkeypatch.setattr(patience, "PATIENCE", Patience(silence=0.5, retries=0, total=0.3))
    return _put(s3, bucket, BODY)


def _put(s3: S3, bucket: str, body: bytes) -> Subject:
    answer = s3.client.put_object(Bucket=bucket, Key="shard.zip", Body=body)
    return Subject(f"s3://{bucket}/shard.zip", etag=answer["ETag"].strip('"'))


def read(shard: Subject) -> bytes:
    return store.read(shard, max_bytes=2 * SIZE).data


def test_slow_but_moving_is_waited_for(proxy: Proxy, shard: Subject) -> None:
    """A transfer that takes many times what silence may last is one request, and whole."""
    proxy.faults = [Fault(method="GET", pace=SIZE / 2)]
    start = time.monotonic()
    assert read(shard) == BODY
    assert time.monotonic() - start > 3 * patience.PATIENCE.silence
    assert [asked.method for asked in proxy.asked] == ["GET"]
    # What its client has for the whole of a transfer by itself is thirty seconds.
    whole = buckets.bucket(split(shard.source)[0]).client_options or {}
    assert whole["timeout"] == "1day"


def test_it_goes_on_where_it_broke(proxy: Proxy, shard: Subject) -> None:
    """Three times broken, after the client's own tries are over: no byte comes twice."""
    proxy.faults = [Fault(method="GET", cut=3_000_000, times=3)]
    assert read(shard) == BODY
    ranges = [asked.headers.get("range") for asked in proxy.asked]
    assert ranges[0] is None
    assert len(ranges) == 4
    starts = [int(str(one).partition("=")[2].partition("-")[0]) for one in ranges[1:]]
    assert starts == sorted(starts)
    assert all(SIZE / 5 * number < start for number, start in enumerate(starts, 1))


def test_it_goes_on_after_silence(proxy: Proxy, shard: Subject) -> None:
    """Silent in the middle, the connection is given up, not the shard."""
    proxy.faults = [Fault(method="GET", cut=3_000_000, stall=60, times=1)]
    start = time.monotonic()
    assert read(shard) == BODY
    assert time.monotonic() - start < 30


def test_without_getting_on_it_ends(proxy: Proxy, shard: Subject) -> None:
    """A connection that always breaks at once is not tried for ever."""
    proxy.faults = [Fault(method="GET", cut=0)]
    with pytest.raises(TransientError):
        read(shard)
    assert len(proxy.asked) <= 2


@pytest.mark.parametrize(
    ("named", "raised"), [(True, SupersededError), (False, TransientError)], ids=["etag", "none"]
)
def test_two_objects_are_never_one(
    s3: S3,
    proxy: Proxy,
    shard: Subject,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
    named: bool,
    raised: type[Exception],
) -> None:
    """Overwritten while the connection was broken, the rest of another is not put behind it."""
    monkeypatch.setattr(patience, "PATIENCE", Patience(retries=0))
    proxy.faults = [Fault(method="GET", cut=3_000_000, times=1)]
    gate = proxy.gate(method="GET", late=True)
    with ThreadPoolExecutor(1) as threads:
        reading = threads.submit(read, shard if named else Subject(shard.source))
        assert gate.reached.wait(5)
        _put(s3, bucket, BODY[::-1])
        gate.open()
        with pytest.raises(raised):
            reading.result()
    assert proxy.struck["cut"] == 1
    assert len(proxy.asked) == 2


def test_deleted_in_the_middle(proxy: Proxy, shard: Subject) -> None:
    """Gone is gone, also behind a good beginning."""
    proxy.faults = [
        Fault(method="GET", cut=3_000_000, times=1),
        Fault(method="GET", status=404),
    ]
    with pytest.raises(PermanentError, match="gone"):
        read(shard)


@pytest.mark.parametrize(("size", "puts"), [(1_500_000, 1), (1_000, 2)], ids=["big", "small"])
def test_while_a_big_body_goes_up_silence_is_no_fault(
    proxy: Proxy, shard: Subject, size: int, puts: int
) -> None:
    """The server says nothing before it has all; a small body it has at once."""
    proxy.faults = [Fault(method="PUT", stall=1, times=1)]
    waits = Patience(silence=0.5, retries=0, total=5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patience, "PATIENCE", waits)
        assert store.create(f"{shard.source}.jsonl.gz", bytes(size))
    assert [asked.method for asked in proxy.asked].count("PUT") == puts
