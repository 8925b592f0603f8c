"""The two slots: what runs after each step, each crash and each bit that falls over."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.releases import state as states
from edge.releases.slots import CRASHED, Slots
from litescore.releases import publishing
from litescore.releases.keys import PrivateKey
from litescore.releases.publishing import Publisher
from tests.releases.conftest import make_model

BOOT, NEXT = "boot 1", "boot 2"


def published(publisher: Publisher, number: int) -> tuple[bytes, bytes, str]:
    """A release's statement, file and digest."""
    file = make_model(number)
    digest = publishing.publish(publisher, file, "stable").release.digest
    return publisher.shelf.read_sealed(digest), file, digest


def take(slots: Slots, publisher: Publisher, number: int) -> str:
    """Put a release and swap to it; its digest."""
    sealed, file, digest = published(publisher, number)
    slots.swap(slots.put(sealed, file), number, BOOT)
    return digest


def again(slots: Slots, key: PrivateKey) -> Slots:
    """As a process that starts anew finds them."""
    return Slots(slots.folder, (key.public,))


def running(slots: Slots, key: PrivateKey, boot: str = BOOT) -> str | None:
    """The digest of what a new process begins with."""
    held = again(slots, key).begin(boot)
    return held.release.digest if held else None


def test_the_first_needs_no_trial(slots: Slots, publisher: Publisher, key: PrivateKey) -> None:
    """There is nothing to go back to."""
    assert running(slots, key) is None
    first = take(slots, publisher, 1)
    assert slots.state.trial is None
    assert running(slots, key) == first


def test_a_crash_on_trial_goes_back(slots: Slots, publisher: Publisher, key: PrivateKey) -> None:
    """At the next start, and it is remembered why."""
    first = take(slots, publisher, 1)
    second = take(slots, publisher, 2)
    assert running(slots, key) == first
    assert again(slots, key).state.bad == {second: CRASHED}
    assert running(slots, key) == first


def test_an_end_as_it_should_be_is_no_crash(
    slots: Slots, publisher: Publisher, key: PrivateKey
) -> None:
    """The trial goes on at the next start, and then a crash counts."""
    first = take(slots, publisher, 1)
    second = take(slots, publisher, 2)
    slots.end()
    assert running(slots, key) == second
    assert running(slots, key) == first


def test_a_power_cut_is_none_either_until_the_third(
    slots: Slots, publisher: Publisher, key: PrivateKey
) -> None:
    """Another boot: the machine went down, which a model may do too, but not often by chance."""
    first = take(slots, publisher, 1)
    second = take(slots, publisher, 2)
    assert running(slots, key, NEXT) == second
    assert running(slots, key, "boot 3") == second
    assert running(slots, key, "boot 4") == first


def test_what_has_passed_stays(slots: Slots, publisher: Publisher, key: PrivateKey) -> None:
    """A crash afterwards is nobody's fault."""
    take(slots, publisher, 1)
    second = take(slots, publisher, 2)
    slots.settle()
    assert running(slots, key) == second


@pytest.mark.parametrize("what", ["model.tflite", "release.json"])
@pytest.mark.parametrize("how", ["gone", "short", "bit"])
def test_a_spoiled_slot_is_left(
    slots: Slots, publisher: Publisher, key: PrivateKey, what: str, how: str
) -> None:
    """The other one runs, whatever happened to which file."""
    first = take(slots, publisher, 1)
    take(slots, publisher, 2)
    slots.settle()
    assert slots.state.slot is not None
    spoil(slots.folder / slots.state.slot / what, how)
    assert running(slots, key) == first


def spoil(path: Path, how: str) -> None:
    content = bytearray(path.read_bytes())
    if how == "bit":
        content[len(content) // 2] ^= 4
    path.write_bytes(content[: len(content) // 2] if how == "short" else content)
    if how == "gone":
        path.unlink()


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"version": 9}', b"\0" * 200])
def test_a_lost_state_takes_the_newer(
    slots: Slots, publisher: Publisher, key: PrivateKey, content: bytes
) -> None:
    """Both slots are signed: the later release is the likelier one."""
    take(slots, publisher, 1)
    second = take(slots, publisher, 2)
    (slots.folder / "state.json").write_bytes(content)
    assert running(slots, key) == second


def test_half_a_put_is_none(slots: Slots, publisher: Publisher, key: PrivateKey) -> None:
    """A crash between the file and its statement, or before the state says so."""
    first = take(slots, publisher, 1)
    sealed, file, _ = published(publisher, 2)
    other = slots.folder / slots.state.other
    other.mkdir(exist_ok=True)
    (other / "model.tflite").write_bytes(file)
    assert running(slots, key) == first
    (other / "release.json").write_bytes(sealed)
    assert running(slots, key) == first


def test_a_stranger_s_slot_is_not_run(
    slots: Slots, publisher: Publisher, key: PrivateKey, tmp_path: Path
) -> None:
    """Whoever can write to the disk cannot sign."""
    from litescore.releases import keys

    take(slots, publisher, 1)
    stranger = keys.create(tmp_path / "stranger.key")
    assert Slots(slots.folder, (stranger,)).begin(BOOT) is None


def test_nothing_to_go_back_to(slots: Slots, publisher: Publisher, key: PrivateKey) -> None:
    """It goes on with what it has: better a bad model than none, and its digest is remembered."""
    first = take(slots, publisher, 1)
    assert slots.back("it is slow") is None
    assert slots.state.failure == "it is slow"
    assert running(slots, key) == first


def test_the_state_comes_back_as_it_was(slots: Slots, publisher: Publisher) -> None:
    """Every field."""
    take(slots, publisher, 1)
    second = take(slots, publisher, 2)
    slots.refuse(second, "no")
    slots.checked(7)
    slots.failed("S3 is away")
    assert states.read(slots.folder / "state.json") == slots.state
    assert (slots.state.number, slots.state.failure) == (7, "S3 is away")
