"""Chatter that C++ writes to file descriptor 2 is turned aside; nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from litescore.terminal import hushed


def test_lines_are_dropped_and_kept(capfd: pytest.CaptureFixture[str]) -> None:
    """By what they are, in their order."""
    with hushed(lambda line: line.startswith(b"INFO")):
        os.write(2, b"INFO: chatter\nERROR: news\n")
        os.write(2, b"an INFO inside a line\nINFO: more\nhalf a line")
    os.write(2, b", after\n")
    assert capfd.readouterr().err == "ERROR: news\nan INFO inside a line\nhalf a line, after\n"


def test_all_is_dropped_without_a_word(capfd: pytest.CaptureFixture[str]) -> None:
    """By default everything."""
    with hushed():
        os.write(2, b"chatter\n")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("tell", "told"), [(True, "why\n"), (False, "")])
def test_an_error_may_tell(capfd: pytest.CaptureFixture[str], tell: bool, told: str) -> None:
    """With `tell_on_error` what led to an exception is shown; the exception comes out."""

    def fail() -> None:
        os.write(2, b"why\n")
        raise KeyError

    with pytest.raises(KeyError), hushed(tell_on_error=tell):
        fail()
    assert capfd.readouterr().err == told


def test_no_descriptor_is_lost() -> None:
    """Used a hundred times it leaves none open."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(100):
        with hushed():
            pass
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_no_standard_error_at_all() -> None:
    """A process started without one works."""
    script = "from litescore.terminal import hushed\nwith hushed(): print('works')"
    command = ["sh", "-c", 'exec "$0" -c "$1" 2>&-', sys.executable, script]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    assert done.stdout == "works\n"
