"""A cloud with nothing deployed in it, found by `--local`; and a zip that is small and ours."""

from __future__ import annotations

import io
import os
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.cloud import account
from infra.cloud.account import Account
from infra.local import ministack, state
from infra.local.state import Running
from litescore import cli

MODEL = b"\0\0\0\0TFL3 and no more"


@dataclass(frozen=True)
class Said:
    """What a command left: its exit code and its two streams."""

    code: int
    out: str
    err: str


# Words of a command, and what is typed where it asks -> what it said.
Say = Callable[..., Said]


def write_zip(path: Path, **files: bytes) -> Path:
    """A zip that passes for ours: a handler that does nothing, a model of no use."""
    held = {
        "lambda_handler/__init__.py": b"def handler(event, context):\n    return {}\n",
        "litescore/__init__.py": b"",
        "model.tflite": MODEL,
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in {**held, **files}.items():
            archive.writestr(name, data)
    return path


@pytest.fixture(scope="session")
def empty() -> Iterator[Account]:
    """ministack with nothing in it, announced to `--local`."""
    with (
        tempfile.TemporaryDirectory(prefix="litescore-empty-", ignore_cleanup_errors=True) as home,
        ministack.running(ministack.environment(), Path(home)) as server,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("XDG_STATE_HOME", home)
        with state.announced(Running(server.endpoint, "litescore", os.getpid())):
            yield account.at(server.endpoint)


@pytest.fixture
def say(
    empty: Account, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> Say:
    """A litescore command with `--local`, in this process; `typed` is what a terminal answers."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "build").mkdir()
    write_zip(tmp_path / "build" / "function.zip")

    def run(*words: str, typed: str | None = None) -> Said:
        capsys.readouterr()
        with (
            _terminal(typed) if typed is not None else _no_terminal(),
            pytest.raises(SystemExit) as caught,
        ):
            cli.run(cli.litescore, [*words, "--local"])
        said = capsys.readouterr()
        return Said(int(str(caught.value.code)), said.out, said.err)

    return run


@contextmanager
def _terminal(typed: str) -> Iterator[None]:
    """Standard input is a terminal, on which this is typed."""
    ours, theirs = os.openpty()
    os.write(ours, typed.encode())
    with pytest.MonkeyPatch.context() as patch, os.fdopen(theirs) as file:
        patch.setattr(sys, "stdin", file)
        yield
    os.close(ours)


@contextmanager
def _no_terminal() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO())
        yield
