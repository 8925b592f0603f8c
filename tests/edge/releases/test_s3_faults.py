"""A device behind a bad line: a real S3, a proxy in front of it that goes wrong when told, and the real
follower. In each case what runs goes on, why is told, and once the line is good the release is taken.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from edge.releases.slots import Slots
from litescore import contract as contracts
from litescore import store
from litescore.contract import GOLDEN_FOLDER
from litescore.record import Subject
from litescore.releases import publishing
from litescore.releases.keys import PrivateKey
from litescore.releases.publishing import Publisher
from litescore.releases.shelf import open_shelf
from tests.edge.releases.followed import Followed, publish
from tests.releases.conftest import make_model
from tests.rig import proxy as proxies
from tests.rig.proxy import Fault, Proxy
from tests.rig.seaweed import S3
from tests.rig.stub_s3 import Asked
from tests.rig.waiting import wait_until

MODEL, CHANNEL = "*/model.tflite", "*/channels/stable.json"


@pytest.fixture
def line(s3: S3, impatient: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    with proxies.serve(s3.endpoint) as proxy:
        for name, value in proxy.environ(s3.environ).items():
            monkeypatch.setenv(name, value)
        yield proxy


@pytest.fixture
def publisher(line: Proxy, s3: S3, key: PrivateKey) -> Publisher:
    return Publisher(open_shelf(f"s3://{s3.make_bucket()}/models/shoes"), key)


@pytest.fixture
def begin(line: Proxy, publisher: Publisher, slots: Slots) -> Iterator[Callable[[], Followed]]:
    """Starts a device that runs the first release, with a second one handed out."""
    publish(publisher, 1)
    earlier = Followed(publisher, slots)
    earlier.begin()
    earlier.end()
    device = Followed(publisher, slots)

    def run() -> Followed:
        device.begin()
        return device

    yield run
    line.faults.clear()
    device.follower.close()


def large_model() -> bytes:
    """A model file of some 400 kB."""
    model = make_model(2)
    held = contracts.read(model)
    assert held is not None
    golden = {
        name.removeprefix(GOLDEN_FOLDER): data
        for name, data in contracts.associated_files(model).items()
        if name.startswith(GOLDEN_FOLDER)
    }
    padding = random.Random(0).randbytes(400_000).hex()
    return contracts.append(model, replace(held, origin={"padding": padding}), golden)


def asked_for(line: Proxy, what: str) -> list[Asked]:
    return [one for one in line.asked if one.method == "GET" and what in one.target]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(reset=True, method="GET"), "channels/stable.json"),
        (Fault(status=403, key=CHANNEL), "not allowed to read"),
        (Fault(status=403, key=MODEL), "not allowed to read"),
        (Fault(status=503, key=MODEL), "503"),
        (Fault(status=404, key=MODEL), "no object"),
        (Fault(cut=500, key=MODEL), "model.tflite"),
        (Fault(stall=3.0, cut=500, key=MODEL), "model.tflite"),
        # A device's clock in 1970: no request that it signs is believed. Said by the proxy, since the
        # clock that signs is not Python's, and cannot be set here.
        (Fault(status=403, code="RequestTimeTooSkewed"), "set this machine's clock"),
    ],
    ids=["away", "403", "403-file", "503", "404", "cut", "stalled", "1970"],
)
def test_a_bad_line(
    line: Proxy, publisher: Publisher, begin: Callable[[], Followed], fault: Fault, said: str
) -> None:
    """What runs goes on, and why it does is told; then the line is good again."""
    second = publish(publisher, 2)
    line.faults.append(fault)
    device = begin()
    wait_until(lambda: said in str(device.follower.problem), 30)
    assert device.taken == []
    line.faults.clear()
    device.wait(second)
    wait_until(lambda: device.follower.problem is None, 30)


def test_what_came_is_kept(
    line: Proxy, publisher: Publisher, begin: Callable[[], Followed]
) -> None:
    """After a line that stalls: only the rest is asked for, and the part is gone in the end."""
    second = publishing.publish(publisher, large_model(), "stable").release.digest
    line.faults.append(Fault(stall=3.0, cut=150_000, key=MODEL))
    device = begin()
    wait_until(lambda: "model.tflite" in str(device.follower.problem), 30)
    line.faults.clear()
    count = len(asked_for(line, "model.tflite"))
    device.wait(second)
    last = asked_for(line, "model.tflite")[count:]
    begins = [
        value for one in last for name, value in one.headers.items() if name.lower() == "range"
    ]
    assert begins
    assert int(begins[0].removeprefix("bytes=").partition("-")[0]) > 100_000
    wait_until(lambda: not list(device.slots.folder.glob("*.part")))


def test_changed_between_manifest_and_file(
    line: Proxy, publisher: Publisher, begin: Callable[[], Followed]
) -> None:
    """The statement is read, then the file is another one."""
    second = publish(publisher, 2)
    whole = publisher.shelf.file(second)
    gate = line.gate(method="GET", key=MODEL)
    device = begin()
    assert gate.reached.wait(30)
    content = store.read(Subject(whole), max_bytes=10**7).data
    store.put(whole, content[:-1] + bytes([content[-1] ^ 1]))
    gate.open()
    wait_until(lambda: "is another file" in str(device.follower.problem), 30)
    assert device.taken == []
    store.put(whole, content)
    device.wait(second)


def test_a_spoiled_file_is_not_fetched_at_every_look(
    line: Proxy, publisher: Publisher, begin: Callable[[], Followed]
) -> None:
    """Forty devices would fetch it each minute; and yet a new turn is seen at once."""
    second = publish(publisher, 2)
    store.put(publisher.shelf.file(second), b"no model")
    device = begin()
    wait_until(lambda: len(asked_for(line, "channels/")) > 40, 60)
    assert 1 < len(asked_for(line, "model.tflite")) < 12
    assert "came" in str(device.follower.problem)
    device.wait(publish(publisher, 3))
