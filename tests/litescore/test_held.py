"""What a place holds from an earlier run: what is in it, and in how much memory."""

from __future__ import annotations

import pickle
import tracemalloc
from pathlib import Path

import pytest

from litescore.errors import UsageError
from litescore.scoring import resume
from tests.litescore.recorded import record, write

MODEL, IMAGES = "m", 4000


def identity(number: int) -> str:
    """An id as a record has it; some end in zeros, some begin with them."""
    return f"{number * 2654435761 % 2**32:08x}{number:024x}{number:024x}{number % 3:08x}"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of images 0, 2, 4, ...: every third failed, and every fifth of those was denied."""
    records = []
    for number in range(0, 2 * IMAGES, 2):
        status = "scored" if number % 3 else "failed"
        one = record("x", status, model=MODEL)._replace(id=identity(number))
        denied = status == "failed" and number % 5 == 0
        records.append(one._replace(kind="forbidden") if denied else one)
    folder = tmp_path_factory.mktemp("held")
    write(folder / "a.jsonl.gz", records)
    return folder


def test_what_is_held_is_found_and_nothing_else(place: Path) -> None:
    """By id, with the label of what was scored; what was denied, and what never was, is not."""
    before = resume.held(str(place), MODEL)
    for held in (before, pickle.loads(pickle.dumps(before))):
        for number in range(2 * IMAGES):
            known = number % 2 == 0 and (number % 3 > 0 or number % 5 > 0)
            name = bytes.fromhex(identity(number))
            assert (name in held) == known, number
            if known:
                assert held[name] == ("bee" if number % 3 else None)


def test_an_image_takes_few_bytes(place: Path) -> None:
    """A share of an array job has 2 GB, and may be tried again when tens of millions are done."""
    tracemalloc.start()
    try:
        before = resume.held(str(place), MODEL)
        assert bytes.fromhex(identity(2)) in before
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held <= 40 * IMAGES, held / IMAGES


def test_making_ready_takes_no_more() -> None:
    """What is sorted is sorted where it lies: no second list beside the first."""
    held = resume.Held()
    tracemalloc.start()
    try:
        for number in range(IMAGES):
            held.add(bytes.fromhex(identity(number)), str(number % 3))
        held.sort()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held[bytes.fromhex(identity(7))] == "1"
    assert peak <= 30 * IMAGES, peak / IMAGES


def test_nothing_is_held_at_a_new_place(tmp_path: Path) -> None:
    """Neither where there is no folder nor in an empty one."""
    for place in (tmp_path / "none", tmp_path):
        before = resume.held(str(place), MODEL)
        assert not before
        assert bytes(32) not in before
        assert b"" not in before


def test_records_of_another_model_are_refused(place: Path) -> None:
    """By name, with the ways out."""
    with pytest.raises(UsageError, match="another model"):
        resume.held(str(place), "other")


@pytest.mark.parametrize("name", ["ab", "not hexadecimal", "", "0" * 66])
def test_ids_of_other_tools_are_refused(tmp_path: Path, name: str) -> None:
    """One of another length would put all behind it out of place."""
    others = [record("x", model=MODEL)._replace(id=name), record("y", model=MODEL)]
    write(tmp_path / "a.jsonl", others)
    with pytest.raises(UsageError, match="none of litescore's: name another --out"):
        resume.held(str(tmp_path), MODEL)
