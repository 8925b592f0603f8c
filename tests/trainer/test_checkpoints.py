"""The states of a training on disk: whole or not taken, of this training or refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from litescore.errors import ConfigurationError, UsageError
from trainer.fitting import checkpoints
from trainer.fitting.checkpoints import Checkpoints, State, clear, unfinished
from trainer.fitting.history import Epoch, Tally

IDENTITY = {"recipe": {"epochs": 9, "augment": ("flip",)}, "seed": 1}


def state(epoch: int) -> State:
    weights = [np.full((3, 4), epoch, np.float32), np.arange(epoch)]
    seen = (Epoch(1, 0.1 + 0.2, 0.7, rate=0.5),)
    variables = [np.int64(epoch), *weights]
    return State(epoch, Tally(3, 1.5, 2.0, 96), seen, 1, weights, variables, 12.5, True)


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    """Every figure to the last digit, every array with its type."""
    Checkpoints(tmp_path, IDENTITY).save(state(4))
    found = Checkpoints(tmp_path, IDENTITY).load()
    assert found is not None
    expected = state(4)
    for name in ("epoch", "tally", "history", "best", "seconds", "finished"):
        assert getattr(found, name) == getattr(expected, name), name
    for ours, theirs in (
        (found.kept, expected.kept),
        (found.variables, expected.variables),
    ):
        assert [a.dtype for a in ours] == [np.asarray(b).dtype for b in theirs]
        assert all((a == b).all() for a, b in zip(ours, theirs, strict=True))


def test_none_where_none_was_saved(tmp_path: Path) -> None:
    """And nothing to clear, or only what a killed process was writing."""
    assert Checkpoints(tmp_path, IDENTITY).load() is None
    clear(tmp_path)
    Checkpoints(tmp_path, IDENTITY).save(state(1))
    (tmp_path / "checkpoint" / ".last.npz.77.part").write_bytes(b"half a sta")
    clear(tmp_path)
    assert not unfinished(tmp_path)
    assert not (tmp_path / "checkpoint").exists()


def cut(data: bytes) -> bytes:
    return data[: len(data) // 2]


def flipped(data: bytes) -> bytes:
    """One bit of an array's values."""
    place = data.index(np.full((3, 4), 2, np.float32).tobytes())
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def emptied(data: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("damage", [cut, flipped, emptied])
def test_the_one_before_a_damaged_state(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    """It is told, and the state before it is taken; with both damaged there is an error."""
    said: list[str] = []
    states = Checkpoints(tmp_path, IDENTITY, said.append)
    states.save(state(1))
    states.save(state(2))
    last, before = (tmp_path / "checkpoint" / name for name in ("last.npz", "before.npz"))
    last.write_bytes(damage(last.read_bytes()))
    found = states.load()
    assert found is not None
    assert found.epoch == 1
    assert "last.npz is damaged" in said[0]
    before.write_bytes(b"PK")
    with pytest.raises(ConfigurationError, match="train without --resume"):
        states.load()


def test_a_damaged_state_does_not_replace_a_whole_one(
    tmp_path: Path, full_disk: Callable[[Path], None]
) -> None:
    """A full disk right after the fall-back still leaves the state that was taken."""
    Checkpoints(tmp_path, IDENTITY).save(state(1))
    Checkpoints(tmp_path, IDENTITY).save(state(2))
    last = tmp_path / "checkpoint" / "last.npz"
    last.write_bytes(cut(last.read_bytes()))
    states = Checkpoints(tmp_path, IDENTITY)
    assert states.load() is not None
    full_disk(tmp_path / "checkpoint")
    assert not states.save(state(3))
    found = Checkpoints(tmp_path, IDENTITY).load()
    assert found is not None
    assert found.epoch == 1


def test_another_training_is_refused(tmp_path: Path) -> None:
    """What differs is named, with both values."""
    Checkpoints(tmp_path, IDENTITY).save(state(1))
    with pytest.raises(UsageError, match="seed 1 there, 2 here"):
        Checkpoints(tmp_path, IDENTITY | {"seed": 2}).load()


def test_other_versions_are_told_and_taken(tmp_path: Path) -> None:
    """An upgrade in between costs the last digits, not the training."""
    said: list[str] = []
    old = {"keras": "3.14", "numpy": "1.26"}
    Checkpoints(tmp_path, IDENTITY, setting=old).save(state(3))
    new = Checkpoints(tmp_path, IDENTITY, said.append, setting=old | {"keras": "3.15"})
    found = new.load()
    assert found is not None
    assert found.epoch == 3
    (line,) = said
    assert "(keras 3.14 there, 3.15 here): it goes on, but not bit for bit" in line
    assert Checkpoints(tmp_path, IDENTITY, said.append, setting=old).load() is not None
    assert len(said) == 1


def test_a_form_of_another_litescore_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not called damaged: what wrote it can read it."""
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints, "VERSION", 99)
        Checkpoints(tmp_path, IDENTITY).save(state(1))
    with pytest.raises(
        ConfigurationError, match=r"^a checkpoint of form 99 is of another litescore"
    ):
        Checkpoints(tmp_path, IDENTITY).load()


def test_a_full_disk_loses_nothing(tmp_path: Path, full_disk: Callable[[Path], None]) -> None:
    """The state before stays, and training is told to go on."""
    said: list[str] = []
    states = Checkpoints(tmp_path, IDENTITY, said.append)
    assert states.save(state(1))
    full_disk(tmp_path / "checkpoint")
    assert not states.save(state(2))
    assert "no checkpoint was written" in said[0]
    found = states.load()
    assert found is not None
    assert found.epoch == 1


@pytest.fixture
def full_disk() -> Callable[[Path], None]:
    """A folder in which nothing new can be written: its next file's name is taken by a folder."""

    def fill(folder: Path) -> None:
        import os

        (folder / f".last.npz.{os.getpid()}.part").mkdir()

    return fill


def test_the_first_state_comes_late(tmp_path: Path) -> None:
    """A training of seconds writes none."""
    states = Checkpoints(tmp_path, IDENTITY)
    assert not states.due
    assert not states.last_due
    assert Checkpoints(tmp_path, IDENTITY, seconds=0).due
    assert Checkpoints(tmp_path, IDENTITY, seconds=0).last_due


def test_after_one_state_the_last_is_due(tmp_path: Path) -> None:
    """Whether it was written in this sitting or in one before."""
    states = Checkpoints(tmp_path, IDENTITY)
    states.save(state(1))
    assert states.last_due
    later = Checkpoints(tmp_path, IDENTITY)
    later.load()
    assert later.last_due
    assert not later.due


def test_only_what_differs_is_told(tmp_path: Path) -> None:
    """Of a recipe of many values the one that is another."""
    Checkpoints(tmp_path, IDENTITY).save(state(1))
    other = {"recipe": {"epochs": 12, "augment": ("flip",)}, "seed": 1}
    with pytest.raises(UsageError) as raised:
        Checkpoints(tmp_path, other).load()
    assert "(recipe.epochs 9 there, 12 here)" in str(raised.value)
