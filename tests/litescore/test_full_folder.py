"""No room for temporary files: what needs none goes on, what needs some says so."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from litescore.record import Record, Subject
from tests.litescore.test_reconcile import scored
from tests.rig.full import full
from tests.rig.pngs import Pngs


@pytest.fixture
def cramped(tmp_path: Path) -> list[str | Path]:
    """What to put before a command for its temporary folder to be full."""
    (tmp_path / "full").mkdir()
    return full(tmp_path / "full")


@pytest.mark.parametrize("command", [["results"], ["reconcile", "in/"]])
def test_what_is_kept_in_the_temporary_folder_names_it(
    cramped: list[str | Path], tmp_path: Path, command: list[str]
) -> None:
    """More records than SQLite's cache holds: one line, exit code 3, and TMPDIR is the fix."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.png").touch()
    with (tmp_path / "r.jsonl").open("w") as file:
        for number in range(12_000):
            file.write(f"{_record(number).to_json()}\n")
    done = _litescore(cramped, *command, "r.jsonl", folder=tmp_path)
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: cannot keep what was read in the temporary folder")
    assert "TMPDIR" in line


def test_what_fits_into_memory_needs_no_folder(cramped: list[str | Path], tmp_path: Path) -> None:
    """A few records are read back and reconciled all the same."""
    (tmp_path / "r.jsonl").write_text(f"{_record(1).to_json()}\n")
    done = _litescore(cramped, "results", "r.jsonl", "--json", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["images"] == 1


def test_scoring_needs_no_folder(
    cramped: list[str | Path], tmp_path: Path, small_model: Path, pngs: Pngs
) -> None:
    """Neither does the interpreter, whose chatter is kept from the terminal."""
    words = ["score", str(pngs.paths[0]), "--model", str(small_model)]
    done = _litescore(cramped, *words, folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["status"] == "scored"


def _record(number: int) -> Record:
    return scored(Subject(f"s3://in/{'k' * 900}{number}", etag="e"))


def _litescore(
    before: list[str | Path], *words: str, folder: Path
) -> subprocess.CompletedProcess[str]:
    command = [*before, sys.executable, "-m", "litescore", *words]
    return subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
