"""A model's file that is replaced while the loop runs: taken when it proves itself, else not."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge.model_file import ModelFile
from litescore import contract as contracts
from litescore.errors import UsageError
from litescore.scorer import Scorer


class Watched:
    """A model file that is watched, and what came of it."""

    def __init__(self, path: Path, pause: float = 0.05) -> None:
        self.path = path
        self.taken: list[Scorer] = []
        self.said: list[str] = []
        self.file = ModelFile(path, load=Scorer, say=self.said.append, pause=pause)

    def put(self, data: bytes) -> None:
        """Replace the file in one step, as a careful copy does."""
        new = self.path.with_suffix(".new")
        new.write_bytes(data)
        new.replace(self.path)

    def wait(self, happened: Callable[[], object]) -> None:
        end = time.monotonic() + 30
        while not happened():
            assert time.monotonic() < end, self.said
            time.sleep(0.02)


@pytest.fixture
def watched(int8_model: Path, tmp_path: Path) -> Iterator[Watched]:
    path = tmp_path / "model.tflite"
    path.write_bytes(int8_model.read_bytes())
    found = Watched(path)
    found.file.start(found.taken.append)
    yield found
    found.file.close()


def other(model: Path, **changes: object) -> bytes:
    """The model with its contract changed, golden samples and all."""
    files = contracts.associated_files(model)
    held = contracts.read(model)
    assert held is not None
    golden = {
        name.removeprefix(contracts.GOLDEN_FOLDER): data
        for name, data in files.items()
        if name.startswith(contracts.GOLDEN_FOLDER)
    }
    changed = replace(held, **changes)  # type: ignore[arg-type]
    return contracts.append(model.read_bytes(), changed, golden)


def test_a_new_file_is_taken(watched: Watched, int8_model: Path) -> None:
    """Another file whose golden samples hold: loaded, handed over, said."""
    labels = tuple(f"new {number}" for number in range(10))
    watched.put(other(int8_model, labels=labels))
    watched.wait(lambda: watched.taken)
    assert watched.taken[0].contract.labels == labels
    assert watched.file.problem is None
    watched.wait(lambda: watched.said)
    assert watched.said[0].startswith(f"model.tflite: model {watched.taken[0].digest[:12]}")


def test_the_same_file_is_left_alone(watched: Watched) -> None:
    """A file that nobody touched is not loaded again."""
    time.sleep(0.5)
    assert (watched.taken, watched.said) == ([], [])


@pytest.mark.parametrize("fault", ["half", "text", "empty", "other answers", "no samples"])
def test_a_bad_file_is_not_taken(watched: Watched, int8_model: Path, fault: str) -> None:
    """Half a file, no model, other answers than recorded, no proof: the old model goes on, and why
    is said once. The next good file is taken.
    """
    data = int8_model.read_bytes()
    bad = {
        "half": data[: len(data) // 2],
        "text": b"no model " * 1000,
        "empty": b"",
        "other answers": _other_answers(int8_model),
        "no samples": contracts.append(data, contracts.read(int8_model)),  # type: ignore[arg-type]
    }
    watched.put(bad[fault])
    watched.wait(lambda: watched.file.problem)
    time.sleep(0.3)
    assert watched.taken == []
    assert len(watched.said) == 1
    assert "the old model goes on" in watched.said[0]
    watched.put(other(int8_model, labels=tuple("abcdefghij")))
    watched.wait(lambda: watched.taken)
    assert watched.file.problem is None


def _other_answers(model: Path) -> bytes:
    """The model with golden samples that it does not give: as if the device computed wrongly."""
    held = contracts.read(model)
    assert held is not None
    golden = {
        name.removeprefix(contracts.GOLDEN_FOLDER): data
        for name, data in contracts.associated_files(model).items()
        if name.startswith(contracts.GOLDEN_FOLDER)
    }
    pictures = sorted(name for name in golden if name.endswith(".png"))
    golden[pictures[0]], golden[pictures[1]] = golden[pictures[1]], golden[pictures[0]]
    return contracts.append(model.read_bytes(), held, golden)


def test_a_file_being_written_is_waited_for(int8_model: Path, tmp_path: Path) -> None:
    """A copy that takes its time is not read in the middle."""
    path = tmp_path / "model.tflite"
    path.write_bytes(int8_model.read_bytes())
    watched = Watched(path, pause=0.5)
    watched.file.start(watched.taken.append)
    data = other(int8_model, labels=tuple("abcdefghij"))
    with path.open("wb") as file:
        for start in range(0, len(data), len(data) // 24):
            file.write(data[start : start + len(data) // 24])
            file.flush()
            os.fsync(file.fileno())
            time.sleep(0.05)
    watched.wait(lambda: watched.taken)
    watched.wait(lambda: watched.said)
    watched.file.close()
    (line,) = watched.said
    assert line.startswith("model.tflite: model ")


def test_a_file_that_goes_away_and_comes_back(watched: Watched, int8_model: Path) -> None:
    """While there is none the old model goes on without a word."""
    watched.path.unlink()
    time.sleep(0.3)
    assert (watched.taken, watched.said) == ([], [])
    watched.put(other(int8_model, labels=tuple("abcdefghij")))
    watched.wait(lambda: watched.taken)


def test_a_model_that_the_loop_refuses(watched: Watched, int8_model: Path) -> None:
    """What takes it may say no: the old model goes on, why is told, and the watch goes on."""

    def refuse(scorer: Scorer) -> None:
        if scorer.contract.labels[0] == "a":
            raise UsageError("no label 'shoe'")
        watched.taken.append(scorer)

    watched.file._take = refuse
    watched.put(other(int8_model, labels=tuple("abcdefghij")))
    watched.wait(lambda: watched.file.problem)
    assert watched.file.problem == "no label 'shoe'"
    watched.put(other(int8_model, labels=tuple("bcdefghijk")))
    watched.wait(lambda: watched.taken)
