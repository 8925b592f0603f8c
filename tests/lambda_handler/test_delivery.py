"""Events that come twice, at once, late, regrouped or in the wrong order; and poison among them."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from lambda_handler import handler
from litescore import results
from litescore.record import Subject
from tests.lambda_handler import account, shapes
from tests.lambda_handler.conftest import Records, upload
from tests.rig import proxy as proxies
from tests.rig.emulator import Emulator
from tests.rig.pngs import Pngs
from tests.rig.proxy import Fault
from tests.rig.seaweed import S3
from tests.rig.stub_s3 import etag

Emulate = Callable[..., AbstractContextManager[Emulator]]
ALL_DONE: dict[str, Any] = {"batchItemFailures": []}


def test_the_same_event_in_two_environments_at_once(
    s3: S3, inputs: str, pngs: Pngs, emulator: Emulate
) -> None:
    """Both are held where each is about to write, then let go: one object, and both are done. A
    third delivery, in another order, changes nothing.
    """
    notes = [shapes.notification(inputs, key) for key in account.stock(s3, inputs, pngs)]
    event = shapes.queued(*notes)
    with ExitStack() as stack:
        proxy = stack.enter_context(proxies.serve(s3.endpoint))
        gates = [proxy.gate(method="PUT", key="records/*") for _ in range(2)]
        both = [stack.enter_context(emulator(environ=account.environ(proxy))) for _ in range(2)]
        answers = [account.sent(function, event) for function in both]
        assert all(gate.reached.wait(account.PATIENCE) for gate in gates)
        for gate in gates:
            gate.open()
        assert [answer.result() for answer in answers] == [(200, ALL_DONE)] * 2
        first = account.settle(inputs)
        assert (first.balance.listed, len(first.files), first.lines) == (6, 1, 8)
        assert both[0].invoke(shapes.queued(*reversed(notes))) == (200, ALL_DONE)
        assert account.settle(inputs) == first


def test_regrouped_batches(s3: S3, inputs: str, pngs: Pngs) -> None:
    """A queue that groups them anew writes records twice: of equal ids one counts."""
    notes = [shapes.notification(inputs, key) for key in upload(s3, inputs, pngs)]
    for group in (notes[:3], notes[2:], notes[1:4], notes):
        assert handler(shapes.queued(*group), None) == ALL_DONE
    held = account.settle(inputs)
    assert (held.balance.listed, len(held.records)) == (5, 5)
    assert (len(held.files), held.lines) == (4, 3 + 3 + 3 + 5)


def test_a_part_that_came_back_completes_the_rest(
    s3: S3, inputs: str, pngs: Pngs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What S3 could not give is delivered again by itself; the two objects hold each image once."""
    notes = [shapes.notification(inputs, key) for key in upload(s3, inputs, pngs)]
    with proxies.serve(s3.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        proxy.faults.append(Fault(status=503, key="0002.png"))
        reply = handler(shapes.queued(*notes), None)
        assert reply == {"batchItemFailures": [{"itemIdentifier": "message-2"}]}
        proxy.faults.clear()
        assert handler(shapes.queued(notes[2]), None) == ALL_DONE
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.endpoint)
    held = account.settle(inputs)
    assert (held.balance.listed, len(held.files), held.lines) == (5, 2, 5)


@pytest.mark.parametrize("order", ["older first", "newer first", "older twice"])
def test_overwritten_between_the_events_and_their_delivery(
    s3: S3, inputs: str, pngs: Pngs, order: str
) -> None:
    """Whichever event comes first, the object as it is now is scored once; the event about the one
    before is superseded.
    """
    older, newer = (_put(s3, inputs, path) for path in pngs.paths[:2])
    events = {"older first": [older, newer], "newer first": [newer, older]}
    for event in events.get(order, [older, older, newer]):
        assert handler(shapes.queued(event), None) == ALL_DONE
    held = account.settle(inputs)
    assert (held.balance.superseded, held.balance.unlisted) == (1, 0)
    (scored,) = (record for record in held.records if record.status == "scored")
    assert scored.etag == etag(pngs.paths[1].read_bytes())


def test_overwritten_where_versions_are_kept(
    s3: S3, inputs: str, versioned_bucket: str, outputs: Records, pngs: Pngs
) -> None:
    """Each event's own version is scored, in whatever order; also one that was deleted since."""
    older, newer = (_put(s3, versioned_bucket, path) for path in pngs.paths[:2])
    assert handler(shapes.queued(newer, older), None) == ALL_DONE
    held = account.settle(versioned_bucket)
    assert (len(held.records), held.balance.unlisted, held.balance.superseded) == (2, 1, 0)

    third = _put(s3, versioned_bucket, pngs.paths[2])
    s3.client.delete_object(Bucket=versioned_bucket, Key="a.png")
    assert handler(shapes.queued(third), None) == ALL_DONE
    assert {record.etag for record in outputs()} == {
        etag(path.read_bytes()) for path in pngs.paths[:3]
    }
    assert {record.status for record in outputs()} == {"scored"}


def test_deleted_before_it_is_read(s3: S3, inputs: str, pngs: Pngs) -> None:
    """Its record says so, which accounts for the image that was listed."""
    event = _put(s3, inputs, pngs.paths[0])
    listed = Subject(f"s3://{inputs}/a.png", etag=etag(pngs.paths[0].read_bytes()))
    s3.client.delete_object(Bucket=inputs, Key="a.png")
    assert handler(shapes.queued(event), None) == ALL_DONE
    held = account.settle(inputs, listed)
    assert [(record.status, record.kind) for record in held.records] == [("failed", "gone")]


def test_an_event_that_comes_again_after_the_image_is_gone(
    s3: S3, inputs: str, outputs: Records, pngs: Pngs
) -> None:
    """Of equal ids scored beats failed: the image was scored, whatever a late delivery finds."""
    event = _put(s3, inputs, pngs.paths[0])
    handler(shapes.queued(event), None)
    s3.client.delete_object(Bucket=inputs, Key="a.png")
    assert handler(shapes.queued(event), None) == ALL_DONE
    assert [record.status for record in outputs()] == ["scored"]
    assert len(results.objects(account.place())) == 2


# key -> the kind of failure that it is
POISON = {
    "empty.png": "corrupt",
    "cut.png": "corrupt",
    "text.jpg": "unsupported",
    "heavy.png": "too-large",
    "bomb.png": "too-large",
    "gone.png": "gone",
    "closed.png": "forbidden",
    "a//b.png": "unaddressable",
    "broken.zip": "corrupt",
    "empty.zip": "unsupported",
}


@pytest.fixture
def poisoned(s3: S3, inputs: str, pngs: Pngs, emulator: Emulate, tmp_path: Path) -> Any:
    """`poisoned(*keys)`: the reply to messages about images among which POISON lies."""
    good = pngs.paths[0].read_bytes()
    bodies = {
        "empty.png": b"",
        "cut.png": good[:200],
        "text.jpg": b"hello " * 99,
        "heavy.png": os.urandom(20_000),
        "bomb.png": _bomb(9_000),
        "closed.png": good,
        "broken.zip": b"PK\x03\x04" + bytes(99),
        "empty.zip": b"PK\x05\x06" + bytes(18),
    }
    for key, body in bodies.items():
        s3.client.put_object(Bucket=inputs, Key=key, Body=body)
    # An environment without boto3, where one cannot ask for the key `a//b.png`.
    (tmp_path / "boto3.py").write_text("raise ImportError")

    def invoke(*bodies: Any) -> tuple[int, Any]:
        with proxies.serve(s3.endpoint) as proxy:
            proxy.faults.append(Fault(status=403, key="closed.png"))
            environ = account.environ(proxy, LITESCORE_MAX_BYTES="15000")
            with emulator(environ=environ, task_root=tmp_path) as function:
                return function.invoke(shapes.queued(*bodies))

    return invoke


@pytest.mark.parametrize("share", ["all", "some", "none"])
def test_poison_of_every_kind(
    s3: S3, inputs: str, outputs: Records, pngs: Pngs, poisoned: Any, share: str
) -> None:
    """Every image has its record and no message of one comes back, how many others fail beside it.
    Only a body that says nothing comes back.
    """
    good = upload(s3, inputs, pngs, 0 if share == "all" else 5)
    bad = [] if share == "none" else list(POISON)
    keys = [key for pair in zip(bad, good, strict=False) for key in pair]
    keys += [key for key in (*bad, *good) if key not in keys]
    notes = [shapes.notification(inputs, key) for key in keys]
    assert poisoned(*notes[:3], "{not json", *notes[3:]) == (
        200,
        {"batchItemFailures": [{"itemIdentifier": "message-3"}]},
    )
    named = [Subject(f"s3://{inputs}/{key}") for key in keys]
    held = account.settle(inputs, *named)
    assert (held.balance.listed, held.lines, held.balance.unlisted) == (len(keys), len(keys), 0)
    kinds = {record.source.removeprefix(f"s3://{inputs}/"): record.kind for record in outputs()}
    assert kinds == dict.fromkeys(good) | {key: POISON[key] for key in bad}


def _put(s3: S3, bucket: str, path: Path) -> Any:
    """S3's own notification of the object `a.png` as it is put."""
    body = path.read_bytes()
    answer = s3.client.put_object(Bucket=bucket, Key="a.png", Body=body)
    return shapes.notification(bucket, "a.png", etag=etag(body), version=answer.get("VersionId"))


def _bomb(side: int) -> bytes:
    """A PNG of side x side black pixels: 81 million of them in a few kilobytes."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    rows = zlib.compress(bytes(side * (1 + side // 8)), 9)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts
