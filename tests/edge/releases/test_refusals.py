"""What a device does not take, though it lies on the shelf: each put there past the publisher's own
checks, as whoever can write to the shelf could.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge.releases import slots as device_slots
from litescore import contract as contracts
from litescore import store
from litescore.contract import GOLDEN_FOLDER
from litescore.errors import UsageError
from litescore.record import Subject
from litescore.releases import keys, publishing
from litescore.releases import release as releases
from litescore.releases.channel import Turn
from litescore.releases.publishing import Publisher
from tests.edge.releases.followed import TERMS, Start, publish
from tests.litescore import tiny
from tests.releases.conftest import make_model
from tests.rig.waiting import wait_until

LATER = "2126-01-01T00:00:00.000000Z"


def hand_out(publisher: Publisher, digest: str, *, action: str = "publish") -> None:
    """A turn to this release, whatever it is."""
    held = publisher.shelf.read_channel("stable", publisher.believed)
    assert held is not None
    turn = Turn(held.channel.next_number, digest, action, 100, relabel=False, at=LATER)
    assert publisher.shelf.move(held.channel.turned(turn), held.etag, publisher.key)


def put(publisher: Publisher, file: bytes) -> str:
    found = releases.describe(file, model="shoes", made=LATER)
    publisher.shelf.add(found, file, publisher.key)
    return found.digest


def older(publisher: Publisher, first: str) -> None:
    publish(publisher, 2)
    hand_out(publisher, first, action="promote")


def other_labels(publisher: Publisher, _: str) -> None:
    hand_out(publisher, put(publisher, make_model(3, labels=("ant", "bee", "dog"))))


def another_runtime(publisher: Publisher, _: str) -> None:
    """The dense layer in a version that no runtime has; all else of a good file."""
    good = make_model(3)
    held = contracts.read(good)
    assert held is not None
    golden = {
        name.removeprefix(GOLDEN_FOLDER): data
        for name, data in contracts.associated_files(good).items()
        if name.startswith(GOLDEN_FOLDER)
    }
    newer = tiny.build((4, 3, 1), 3, dtype="uint8", version=99)
    hand_out(publisher, put(publisher, contracts.append(newer, held, golden)))


def unsigned(publisher: Publisher, _: str) -> None:
    digest = publish(publisher, 3)
    _edit(publisher, digest, lambda envelope: envelope | {"signatures": []})


def signed_by_another(publisher: Publisher, _: str) -> None:
    keys.create(Path(publisher.shelf.root) / "stranger.key")
    stranger = keys.read_private(Path(publisher.shelf.root) / "stranger.key")
    digest = put(replace(publisher, key=stranger), make_model(3))
    hand_out(publisher, digest)


def changed_statement(publisher: Publisher, _: str) -> None:
    """Bytes of the signed statement are other ones; it is JSON still."""
    digest = publish(publisher, 3)
    _edit(
        publisher,
        digest,
        lambda envelope: envelope | {"payload": envelope["payload"][:-8] + "fQo="},
    )


def channel_by_another(publisher: Publisher, _: str) -> None:
    keys.create(Path(publisher.shelf.root) / "stranger.key")
    stranger = keys.read_private(Path(publisher.shelf.root) / "stranger.key")
    hand_out(replace(publisher, key=stranger, trusted=(publisher.key.public,)),
             put(publisher, make_model(3)))  # fmt: skip


def without_golden(publisher: Publisher, _: str) -> None:
    held = contracts.read(make_model(3))
    assert held is not None
    bare = contracts.append(tiny.build((4, 3, 1), 3, dtype="uint8"), held)
    hand_out(publisher, put(publisher, bare))


def _edit(publisher: Publisher, digest: str, change: Callable[[dict], dict]) -> None:  # type: ignore[type-arg]
    place = publisher.shelf.place(digest, "release.json")
    envelope = json.loads(store.read(Subject(place), max_bytes=10**6).data)
    store.put(place, json.dumps(change(envelope)).encode())


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (older, "only a rollback goes back"),
        (other_labels, "--allow-label-change"),
        (another_runtime, "version 99|version '99'"),
        (unsigned, "is not signed"),
        (signed_by_another, "not signed by a key that is trusted here"),
        (changed_statement, "not signed by a key that is trusted here|broken"),
        (channel_by_another, "not signed by a key that is trusted here"),
        (without_golden, "carries no golden samples"),
    ],
)
def test_it_is_not_taken(
    publisher: Publisher, start: Start, spoil: Callable[[Publisher, str], None], said: str
) -> None:
    """What runs goes on, why is told for as long as it is so, and nothing is held against the digest."""
    first = publish(publisher, 1)
    device = start()
    if spoil is older:
        # It runs the newer one when the older is handed out.
        newer = publish(publisher, 2)
        assert device.begin() == newer
        hand_out(publisher, first, action="promote")
    else:
        assert device.begin() == first
        device.follower.close()
        spoil(publisher, first)
        device = start()
        device.follower.first()
        device.follower.start(device.take)
    wait_until(lambda: _matches(said, device.follower.problem))
    # Several looks later.
    time.sleep(5 * TERMS.every)
    assert _matches(said, device.follower.problem)
    assert (device.taken, device.slots.state.bad) == ([], {})


def _matches(said: str, problem: str | None) -> bool:
    return any(part in str(problem) for part in said.split("|"))


def test_a_clock_in_1970(
    publisher: Publisher, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Pi has none until it has a network: nothing is decided by it. Moved where the follower reads it,
    since a process's own clock cannot be moved here; S3 by such a clock: test_s3_faults.py.
    """
    monkeypatch.setattr(device_slots, "_now", lambda: "1970-01-01T00:00:09Z")
    first = publish(publisher, 1)
    device = start()
    assert device.begin() == first
    second = publish(publisher, 2)
    device.wait(second)
    device.show(8)
    wait_until(lambda: device.slots.state.trial is None)
    assert device.slots.state.since == "1970-01-01T00:00:09Z"
    publishing.rollback(publisher, "stable")
    device.wait(first)
    device.end()
    monkeypatch.undo()
    shutil.rmtree(publisher.shelf.root)
    assert start().begin() == first


def test_a_pinned_digest_beside_a_channel(
    publisher: Publisher, key_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LITESCORE_MODEL_SHA256 would refuse every release but one."""
    from edge.cli import edge

    publish(publisher, 1)
    monkeypatch.setenv("LITESCORE_MODEL_SHA256", "0" * 64)
    words = ["run", "--model", f"{publisher.shelf.root}@stable", "--trust", f"{key_file}.pub"]
    words += ["--source", str(tmp_path), "--state", str(tmp_path / "state")]
    with pytest.raises(UsageError, match="LITESCORE_MODEL_SHA256 pins one file"):
        edge.main(words, standalone_mode=False)


@pytest.mark.parametrize("name", ["", "a b", "a/b", "press.3", "x" * 65, "größe"])
def test_an_id_that_cannot_be(name: str) -> None:
    """It becomes a part of topics and of files' names."""
    from edge.device import Device

    with pytest.raises(UsageError, match="is no device's id"):
        Device.here(name)
