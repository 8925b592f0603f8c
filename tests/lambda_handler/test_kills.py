"""The runtime killed, or cut off by its timeout, wherever it may be: the next delivery does it all."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from litescore import results
from tests.lambda_handler import account, shapes
from tests.lambda_handler.conftest import upload
from tests.rig import proxy as proxies
from tests.rig.emulator import Emulator
from tests.rig.pngs import Pngs
from tests.rig.proxy import Fault
from tests.rig.seaweed import S3

Emulate = Callable[..., AbstractContextManager[Emulator]]
ALL_DONE = {"batchItemFailures": []}
PLACE = "records/*"

# where the runtime is when it is killed -> the request to S3 that it hangs in, and how many objects
# of records there are by then
POINTS: dict[str, tuple[dict[str, Any], int]] = {
    "an image is asked for": ({"method": "GET", "key": "0000.png"}, 0),
    "the last image is on its way": ({"method": "GET", "key": "0004.png", "late": True}, 0),
    "all is scored, the records are sent": ({"method": "PUT", "key": PLACE}, 0),
    "the records are written, the function has not heard": (
        {"method": "PUT", "key": PLACE, "late": True},
        1,
    ),
}


@pytest.mark.parametrize("point", POINTS)
def test_killed_and_delivered_again(
    s3: S3, inputs: str, pngs: Pngs, emulator: Emulate, point: str
) -> None:
    """AWS sees a crash and keeps the messages. Delivered again, each image has one record, and
    they are in one object.
    """
    where, written = POINTS[point]
    event = _event(s3, inputs, pngs)
    with proxies.serve(s3.endpoint) as proxy, emulator(environ=account.environ(proxy)) as function:
        gate = proxy.gate(**where)
        _kill_at(gate, function, event)
        assert len(_written()) == written
        gate.open()
        assert function.invoke(event) == (200, ALL_DONE)
    held = account.settle(inputs)
    assert (held.balance.listed, len(held.files), held.lines) == (6, 1, 8)


def test_killed_while_the_model_is_downloaded(
    s3: S3, inputs: str, pngs: Pngs, emulator: Emulate, int8_model: Path
) -> None:
    """Half a model is none: the next runtime downloads the whole of it."""
    place = s3.make_bucket()
    s3.client.put_object(Bucket=place, Key="m.tflite", Body=int8_model.read_bytes())
    event = _event(s3, inputs, pngs)
    with proxies.serve(s3.endpoint) as proxy:
        environ = account.environ(proxy, LITESCORE_MODEL=f"s3://{place}/m.tflite")
        proxy.faults.append(Fault(key="m.tflite", cut=10_000, stall=60, times=1))
        with emulator(environ=environ) as function:
            answer = account.sent(function, event)
            _wait_for(lambda: proxy.struck["stall"])
            function.kill()
            assert answer.result()[0] == 502
            assert function.invoke(event) == (200, ALL_DONE)
    held = account.settle(inputs)
    assert (held.balance.listed, len(held.files), held.lines) == (6, 1, 8)


def test_cut_off_by_the_timeout(s3: S3, inputs: str, pngs: Pngs, emulator: Emulate) -> None:
    """S3 takes the records for longer than the function has, who cannot do anything meanwhile:
    nothing is answered, so all of it comes again.
    """
    event = _event(s3, inputs, pngs)
    with proxies.serve(s3.endpoint) as proxy:
        with emulator(environ=account.environ(proxy), timeout=4) as function:
            function.invoke(shapes.event("s3_test_event"))  # the cold start is not what is cut here
            proxy.faults.append(Fault(method="PUT", key=PLACE, stall=60, times=1))
            assert function.invoke(event) == (200, "Task timed out after 4.00 seconds")
            assert _written() == []
        # Four seconds may be too few for a cold start and the time that is kept for the flush.
        with emulator(environ=account.environ(proxy)) as function:
            assert function.invoke(event) == (200, ALL_DONE)
    held = account.settle(inputs)
    assert (held.balance.listed, len(held.files), held.lines) == (6, 1, 8)


def test_an_image_that_does_not_arrive(s3: S3, inputs: str, pngs: Pngs, emulator: Emulate) -> None:
    """S3 stalls for longer than the function has: its deadline comes first all the same, and what
    was fetched before has its records.
    """
    notes = [shapes.notification(inputs, key) for key in upload(s3, inputs, pngs)]
    with proxies.serve(s3.endpoint) as proxy:
        environ = account.environ(proxy, LITESCORE_THREADS="1", LITESCORE_BATCH="1")
        with emulator(environ=environ, timeout=6) as function:
            function.invoke(shapes.event("s3_test_event"))
            proxy.faults.append(Fault(method="GET", key="0003.png", stall=60, times=1))
            status, reply = function.invoke(shapes.queued(*notes))
            assert status == 200
            left = {one["itemIdentifier"] for one in reply["batchItemFailures"]}
            assert {"message-3", "message-4"} <= left
            again = [note for n, note in enumerate(notes) if f"message-{n}" in left]
            assert 0 < len(list(results.read(account.place()))) == len(notes) - len(left)
            assert function.invoke(shapes.queued(*again)) == (200, ALL_DONE)
    held = account.settle(inputs)
    assert (held.balance.listed, len(held.files), held.lines) == (5, 2, 5)


def test_our_deadline_comes_before_the_timeout(
    s3: S3, inputs: str, pngs: Pngs, emulator: Emulate
) -> None:
    """A slow S3: what is done is written, and the reply names the rest while there is time to."""
    keys = upload(s3, inputs, pngs, 50)
    waiting = {f"message-{n}": shapes.notification(inputs, key) for n, key in enumerate(keys)}
    slow = Fault(method="GET", key="*.png", stall=0.1)
    with proxies.serve(s3.endpoint) as proxy:
        environ = account.environ(proxy, LITESCORE_THREADS="1", LITESCORE_BATCH="4")
        with emulator(environ=environ, timeout=5) as function:
            function.invoke(shapes.event("s3_test_event"))
            proxy.faults.append(slow)
            status, reply = function.invoke(shapes.queued(*waiting.values()))
            assert status == 200
            left = [one["itemIdentifier"] for one in reply["batchItemFailures"]]
            assert 0 < len(left) < len(keys)
            assert len(list(results.read(account.place()))) == len(keys) - len(left)
            proxy.faults.clear()
            again = shapes.queued(*(waiting[name] for name in left))
            assert function.invoke(again) == (200, ALL_DONE)
    held = account.settle(inputs)
    assert (held.balance.listed, len(held.files), held.lines) == (50, 2, 50)


def _event(s3: S3, bucket: str, pngs: Pngs) -> Any:
    """A message about each of six objects, one of them a zip: eight records."""
    keys = account.stock(s3, bucket, pngs)
    return shapes.queued(*(shapes.notification(bucket, key) for key in keys))


def _kill_at(gate: proxies.Gate, function: Emulator, event: Any) -> None:
    answer = account.sent(function, event)
    assert gate.reached.wait(account.PATIENCE)
    function.kill()
    status, reply = answer.result()
    assert (status, reply["errorType"]) == (502, "Runtime.ExitError")


def _wait_for(happened: Callable[[], object]) -> None:
    end = time.monotonic() + account.PATIENCE
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.02)


def _written() -> list[str]:
    return results.objects(account.place())
