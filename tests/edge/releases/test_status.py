"""`litescore edge status`: true whether a loop runs or not, and after a crash and a power cut."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge.cli import edge
from edge.device import Device
from edge.releases import claim, report
from edge.releases.slots import Slots
from edge.releases.state import Trial
from litescore.errors import ConfigurationError, LitescoreError
from litescore.releases.keys import PrivateKey
from litescore.releases.publishing import Publisher
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
    return Slots(state / "releases" / "shoes", (key.public,), CHANNEL)


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
    assert (found.trial is None) is (held is None)


@pytest.mark.parametrize(
    ("trial", "said"),
    [
        (Trial(BOOT), "failed: the loop crashed with slot b, the next start goes back"),
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
from edge.releases import claim
claim.taken(Path(sys.argv[1]))
print("taken", flush=True)
time.sleep(600)
"""


def test_while_a_loop_runs(slots: Slots, publisher: Publisher, state: Path) -> None:
    """Another process that follows the model is told; a second one is refused; when it is killed, no
    trace of it is left.
    """
    take(slots, publisher, 1)
    take(slots, publisher, 2)
    words = [sys.executable, "-c", FOLLOWING, str(slots.folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "taken\n"
        text = told(state)
        assert "shoes: a loop runs" in text
        assert "  runs            b: " in text
        assert "trial           on trial\n" in text
        with pytest.raises(
            LitescoreError, match=r"another loop follows shoes .* --state of its own"
        ):
            claim.taken(slots.folder)
        child.kill()
    wait_until(lambda: "shoes: no loop runs" in told(state))
    claim.taken(slots.folder)


def test_another_channel(slots: Slots, publisher: Publisher, key: PrivateKey) -> None:
    """Its turns count anew: those of the one before say nothing of them."""
    take(slots, publisher, 1)
    slots.checked(9)
    folder, trusted = slots.folder, (key.public,)
    assert Slots(folder, trusted, CHANNEL).state.number == 9
    assert Slots(folder, trusted).state.number == 9
    other = Slots(folder, trusted, "models/shoes@canary")
    assert (other.state.number, other.state.checked) == (0, None)
    assert other.state.slot == "a"
