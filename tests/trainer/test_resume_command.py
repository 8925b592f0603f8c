"""`litescore train --resume`: what a stopped command says, and what it finds when it goes on."""

from __future__ import annotations

import csv
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.rig import warm
from tests.trainer.conftest import SHIPPED
from trainer.fitting.checkpoints import Checkpoints, unfinished


def started(out: Path, *words: str) -> subprocess.Popen[str]:
    """`litescore train`, which hears Ctrl-C as in a terminal, whoever started these tests."""
    command = [sys.executable, "-m", "litescore", "train", *words, "--out", str(out)]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def until_epoch(process: subprocess.Popen[str], number: int) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(f"epoch {number}/"):
            return
    raise AssertionError(f"no epoch {number}: {process.communicate()[1]}")


def history(run: Path) -> list[dict[str, str]]:
    with (run / "history.csv").open() as file:
        return list(csv.DictReader(file))


# Commands one after the other in one process, which saves a start of TensorFlow.
_COMMANDS = """
import json, sys
from dataclasses import asdict
from tests.rig import warm
print(json.dumps([asdict(warm.litescore("train", *words)) for words in json.load(sys.stdin)]))
"""


def commands(*words: list[str]) -> list[dict[str, Any]]:
    """What each answers; in a new process, which has as many threads as `started` has."""
    done = subprocess.run(
        [sys.executable, "-c", _COMMANDS],
        input=json.dumps(words),
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_a_stopped_command_says_how_to_go_on(tmp_path: Path) -> None:
    """Ctrl-C saves and ends with 130; the command that it prints goes on, and gives the history of a
    training that was never stopped. Meanwhile nothing overwrites it.
    """
    words = ("--preset", "fashion-logits", "--data", str(SHIPPED), "--epochs", "40")
    out = tmp_path / "my run"
    first = started(out, *words)
    until_epoch(first, 3)
    first.send_signal(signal.SIGINT)
    _, said = first.communicate(timeout=60)
    assert first.returncode == 130
    command = said.partition("go on with: ")[2].splitlines()[0]
    assert shlex.split(command)[-1] == "--resume"

    # Refused before TensorFlow is loaded.
    afresh = warm.litescore("train", *words, "--out", str(out))
    assert (afresh.returncode, "--resume" in afresh.stderr) == (2, True)

    whole = [*words, "--out", str(tmp_path / "whole")]
    again, never = commands(shlex.split(command)[2:], whole)
    assert again["returncode"] == never["returncode"] == 0, (again, never)
    assert "going on from epoch" in again["stdout"]
    assert not unfinished(out)
    assert history(out) == history(tmp_path / "whole")
    assert len(history(out)) == 40


def saving(*words: str) -> warm.Said:
    """`litescore train` that takes each chance to save, as one of hours does."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoints, "due", True)
        return warm.litescore("train", *words)


def test_files_that_cannot_be_written_cost_no_epoch(
    tensorflow: Callable[..., Any], colors: Path, tmp_path: Path
) -> None:
    """The error says how to go on; then the model is written without a step. With the last state
    damaged the one before is taken, which is told whatever else is kept quiet.
    """
    out = tmp_path / "run"
    (out / "model.keras" / "in the way").mkdir(parents=True)
    words = ("--data", str(colors), "--model", "mlp", "--size", "8", "--epochs", "2")
    said = tensorflow(saving, *words, "--out", str(out))
    assert said.returncode == 3
    assert "cannot write" in said.stderr
    command = said.stderr.partition("go on with: ")[2].splitlines()[0]
    again = shlex.split(command)[2:]
    (out / "model.keras" / "in the way").rmdir()
    (out / "model.keras").rmdir()
    shutil.copytree(out, tmp_path / "damaged")

    done = tensorflow(warm.litescore, "train", *again)
    assert done.returncode == 0, done.stderr
    assert "all epochs are trained already" in done.stdout
    assert "epoch 1/" not in done.stdout
    assert [row["epoch"] for row in history(out)] == ["1", "2"]
    assert not (out / "checkpoint").exists()

    (tmp_path / "damaged" / "checkpoint" / "last.npz").write_bytes(b"PK")
    elsewhere = [*again[: again.index("--out")], "--out", str(tmp_path / "damaged"), "--resume"]
    quiet = tensorflow(warm.litescore, "train", *elsewhere, "--quiet")
    assert quiet.returncode == 0, quiet.stderr
    assert len(quiet.stdout.splitlines()) == 1
    assert "warning: " in quiet.stderr
    assert "last.npz is damaged" in quiet.stderr
    assert history(tmp_path / "damaged") == history(out)


def test_nothing_to_go_on_from(tmp_path: Path, train_warmed: Callable[..., Any]) -> None:
    """--resume where nothing was saved is wrong usage."""
    words = ("--preset", "fashion-logits", "--data", str(SHIPPED), "--resume")
    said = train_warmed(*words, out=tmp_path / "run")
    assert said.code == 2
    assert "nothing in" in said.stderr
    assert "leave --resume out" in said.stderr
