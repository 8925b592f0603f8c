"""Which local clouds run, found by whoever asks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra.cloud import account
from infra.local import state
from infra.local.state import Running, announced
from litescore.errors import ConfigurationError

FIRST = Running("http://127.0.0.1:4001", "first", os.getpid(), "http://127.0.0.1:4002/")
SECOND = Running("http://127.0.0.1:4003", "second", os.getpid())
# Says that it runs, and is killed before it can take that back.
KILLED = """
import os, signal
from infra.local.state import Running, announced
with announced(Running("http://127.0.0.1:4004", "killed", os.getpid())):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def files() -> list[Path]:
    return list((state.home() / "local").iterdir())


def test_the_last_that_was_started_is_found() -> None:
    """With another inside; when that ends the one before; at the end none, and no file is left."""
    assert state.running() is None
    with announced(FIRST):
        assert state.running() == FIRST
        with announced(SECOND):
            assert state.everyone() == [SECOND, FIRST]
            assert state.running() == SECOND
        assert state.running() == FIRST
    assert state.running() is None
    assert files() == []


def test_one_that_was_killed_is_not_found() -> None:
    """It could not take its file away: whoever asks next does."""
    done = subprocess.run([sys.executable, "-c", KILLED], timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert len(files()) == 1
    assert state.running() is None
    assert files() == []


def test_a_process_id_that_is_used_again_does_not_matter() -> None:
    """The file names a process that runs, ours, but nobody holds its lock."""
    folder = state.home() / "local"
    folder.mkdir(parents=True)
    (folder / "old.json").write_text(json.dumps(vars(FIRST)))
    assert state.running() is None


def test_without_one_a_command_says_how_to_start_it() -> None:
    """`--local` where nothing runs."""
    with pytest.raises(ConfigurationError, match="litescore local up --model FILE"):
        account.connect(local=True)


def test_a_folder_that_cannot_be_written_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here a file in the folder's place."""
    (tmp_path / "litescore").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with pytest.raises(ConfigurationError, match="cannot write into"), announced(FIRST):
        pass
