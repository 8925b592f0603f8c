"""`litescore edge status`: true whether a loop runs or not, and after a crash and a power cut."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge.cli import edge
from edge.device import Device
from edge.releases import report
from edge.releases.slots import Slots
from edge.releases.state import Trial
from edge.releases.trial import Terms
from litescore.errors import ConfigurationError, ReleaseError
from litescore.releases.keys import PrivateKey
from litescore.releases.publishing import Publisher
from tests.edge.releases.followed import TERMS, Start, publish
from tests.edge.releases.test_slots import published, spoil
from tests.releases.conftest import make_model
from tests.rig.waiting import wait_until

BOOT = Device.here().boot
CHANNEL = "models/shoes@stable"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def slots(state: Path, key: PrivateKey) -> Slots:
    made = Slots(state / "releases" / "shoes", (key.public,))
    made.follow(CHANNEL)
    return made


def take(slots: Slots, publisher: Publisher, number: int, boot: str = BOOT) -> str:
    """Put a release and swap to it; its digest."""
    sealed, file, digest = published(publisher, number)
    slots.swap(slots.put(sealed, file), number, boot)
    return digest


def told(state: Path, *words: object, code: int = 0) -> str:
    """What the command prints."""
    done: Result = CliRunner().invoke(
        edge, ["status", "--state", str(state), *map(str, words)], standalone_mode=False
    )
    if done.exception is not None:
        raise done.exception
    assert done.return_value == code, done.output
    return done.output


def test_what_lies_there(
    slots: Slots, publisher: Publisher, state: Path, key_file: Path, key: PrivateKey
) -> None:
    """Both slots, the channel's turn, and who signed; without a key, that nobody looked."""
    first, second = take(slots, publisher, 1), take(slots, publisher, 2)
    slots.settle()
    text = told(state, "--trust", f"{key_file}.pub")
    assert "shoes: no loop runs, follows models/shoes@stable\n" in text
    assert f"next start      b: {second[:12]}, int8, 3 labels, 94.50% accuracy, made 20" in text
    assert f", signed by {key.public.id}\n" in text
    assert f"other slot      a: {first[:12]}" in text
    assert "trial           passed\n" in text
    assert "channel         turn 2, last read 20" in text
    assert "last failure    none\n" in text
    assert "not looked at: name the public keys with --trust" in told(state)


def test_as_json(slots: Slots, publisher: Publisher, state: Path) -> None:
    """The same for machines, with what is not taken again, and exit code 1 for a failure."""
    first, second = take(slots, publisher, 1), take(slots, publisher, 2)
    slots.back("it is slow")
    (model,) = json.loads(told(state, "--json", code=1))["models"]
    assert model["bad"] == {second: "it is slow"}
    assert (model["slot"], model["turn"], model["failure"]) == ("a", 2, "it is slow")
    assert model["slots"]["a"]["digest"] == first
    assert model["slots"]["a"]["signer"] is None
    assert f"not taken again {second[:12]}: it is slow" in told(state, code=1)


def test_what_failed_does_not_move_the_cursor(
    slots: Slots, publisher: Publisher, state: Path
) -> None:
    """What a shelf's server said stands in the status; of its letters only those that are seen."""
    take(slots, publisher, 1)
    take(slots, publisher, 2)
    slots.back("it rings \x07")
    text = told(state, code=1)
    assert "it rings \N{REPLACEMENT CHARACTER}\n" in text
    assert text.replace("\n", "").isprintable()


def test_nothing_lies_there(state: Path) -> None:
    """Neither a state folder nor a model in it; not one that may be read."""
    assert "no model is followed in" in told(state, code=1)
    (state / "releases" / "shoes").mkdir(parents=True)
    assert "nothing: the next start takes what the channel hands out" in told(state, code=1)
    (state / "releases" / "shoes").rmdir()
    (state / "releases").rmdir()
    (state / "releases").symlink_to("releases")
    with pytest.raises(ConfigurationError, match=r"cannot read .*/releases"):
        told(state)


TRIALS = [
    None,
    Trial(BOOT),
    Trial(BOOT, ended=True),
    Trial("before"),
    Trial("before", starts=3),
    Trial("before", starts=3, ended=True),
]


@pytest.mark.parametrize("trial", TRIALS)
@pytest.mark.parametrize("spoilt", ["", "a", "b", "ab"])
@pytest.mark.parametrize("lost", [False, True])
def test_it_names_what_the_next_start_takes(
    slots: Slots,
    publisher: Publisher,
    key: PrivateKey,
    trial: Trial | None,
    spoilt: str,
    lost: bool,
) -> None:
    """After any end of the last loop, with any slot spoiled, and with the state lost."""
    take(slots, publisher, 1)
    take(slots, publisher, 2)
    slots._write(trial=trial)
    for slot in spoilt:
        spoil(slots.folder / slot / "model.tflite", "short")
    if lost:
        (slots.folder / "state.json").unlink()
    (found,) = report.read(slots.folder.parent, (key.public,), BOOT)
    held = Slots(slots.folder, (key.public,)).begin(BOOT)
    assert found.slot == (held.slot if held else None)


@pytest.mark.parametrize(
    ("trial", "said"),
    [
        (
            Trial(BOOT),
            "failed: the loop crashed or was killed with slot b, the next start goes back",
        ),
        (Trial(BOOT, ended=True), "on trial: the loop ended meanwhile, the next start goes on"),
        (Trial("before"), "on trial: the machine went down meanwhile, the next start goes on"),
        (Trial("before", starts=3), "failed: the machine went down again and again with slot b"),
    ],
)
def test_how_a_trial_stands(
    slots: Slots, publisher: Publisher, state: Path, trial: Trial, said: str
) -> None:
    """In words."""
    take(slots, publisher, 1)
    take(slots, publisher, 2)
    slots._write(trial=trial)
    assert f"trial           {said}" in told(state)


def test_a_stranger_s_release(
    slots: Slots, publisher: Publisher, state: Path, tmp_path: Path
) -> None:
    """Is nothing that could run, with a key; without one it is shown as what it says it is."""
    from litescore.releases import keys

    take(slots, publisher, 1)
    keys.create(tmp_path / "other.key")
    assert "not signed by a key that is trusted" in told(
        state, "--trust", tmp_path / "other.key.pub", code=1
    )
    assert "next start      a: " in told(state)


def test_half_of_a_write(slots: Slots, publisher: Publisher, state: Path) -> None:
    """A power cut between a file and its statement."""
    take(slots, publisher, 1)
    (slots.folder / "b").mkdir()
    (slots.folder / "b" / "model.tflite").write_bytes(make_model(2))
    assert "other slot      b: half written: no release.json" in told(state)


FOLLOWING = """
import sys, time
from pathlib import Path
from edge.device import Device
from edge.releases.slots import Slots
from litescore.releases import keys
slots = Slots(Path(sys.argv[1]), (keys.read_public(Path(sys.argv[2])),))
slots.hold()
slots.begin(Device.here().boot)
print("taken", flush=True)
time.sleep(600)
"""


def test_while_a_loop_runs(slots: Slots, publisher: Publisher, state: Path, key_file: Path) -> None:
    """Another process that follows the model is told, looking does not disturb it, and how it ended."""
    take(slots, publisher, 1)
    take(slots, publisher, 2)
    slots.end()
    words = [sys.executable, "-c", FOLLOWING, str(slots.folder), f"{key_file}.pub"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "taken\n"
        text = told(state)
        assert "shoes: a loop runs" in text
        assert "  runs            b: " in text
        assert "trial           on trial\n" in text
        with pytest.raises(ConfigurationError, match="another loop follows"):
            slots.hold()
        child.kill()
    wait_until(lambda: "shoes: no loop runs (it crashed or was killed)" in told(state))
    assert "failed: the loop crashed or was killed with slot b" in told(state)
    path = slots.folder / "state.json"
    path.write_text(path.read_text().replace(BOOT, "an earlier boot"))
    assert "shoes: no loop runs (the machine went down)" in told(state)
    assert "on trial: the machine went down meanwhile" in told(state)
    slots.hold()
    slots.release()


def test_the_status_of_a_follower(publisher: Publisher, start: Start) -> None:
    """What a running loop says of itself: slot, turn, trial and what is not taken again."""
    first = publish(publisher, 1)
    device = start(terms=replace(TERMS, trial=Terms(seconds=50.0, frames=8)))
    assert device.follower.release is None
    device.begin()
    device.show(20)
    told = device.follower.release
    assert told is not None
    assert (told.slot, told.digest, told.trial, told.failure) == ("a", first, None, None)
    assert told.channel == f"{publisher.shelf.root}@stable"
    second = publish(publisher, 2)
    device.wait(second)
    told = device.follower.release
    assert told is not None
    assert (told.slot, told.digest, told.number) == ("b", second, 2)
    assert told.trial is not None
    assert 30 < told.trial <= 50
    device.show(8, failed=True)
    device.wait(first)
    wait_until(lambda: device.follower.release and second in device.follower.release.bad)


def test_a_start_with_nothing_to_begin_with(start: Start, publisher: Publisher) -> None:
    """It ended with an error that says why: nothing crashed. The state says why, too."""
    device = start(device=Device.here())
    with pytest.raises(ReleaseError, match="no such file"):
        device.begin()
    device.follower.close()
    folder = device.slots.folder.parent
    (found,) = report.read(folder, publisher.believed, BOOT)
    assert (found.running, found.ended) == (False, None)
    assert "no such file" in str(found.state.failure)
