"""Chatter that C++ writes to file descriptor 2 is turned aside; nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from time import sleep

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


@pytest.mark.parametrize(
    ("error", "tell", "told"),
    [(KeyError, True, "why\n"), (KeyError, False, ""), (KeyboardInterrupt, True, "")],
)
def test_an_error_may_tell(
    capfd: pytest.CaptureFixture[str], error: type[BaseException], tell: bool, told: str
) -> None:
    """With `tell_on_error` what led to an error is shown, and not before a Ctrl-C; both come out."""

    def fail() -> None:
        os.write(2, b"why\n")
        raise error

    with pytest.raises(error), hushed(tell_on_error=tell):
        fail()
    assert capfd.readouterr().err == told


def test_no_descriptor_is_lost() -> None:
    """Used a hundred times it leaves none open."""
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(100):
        with hushed():
            pass
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_threads_take_turns(capfd: pytest.CaptureFixture[str]) -> None:
    """One that comes while another is at it, and stays longer, leaves standard error in place."""
    inside, coming, left = Event(), Event(), Event()

    def first() -> None:
        with hushed():
            inside.set()
            coming.wait(5)
            sleep(0.05)
        left.set()

    def second() -> None:
        inside.wait(5)
        coming.set()
        with hushed():
            left.wait(5)

    with ThreadPoolExecutor(2) as threads:
        for done in (threads.submit(first), threads.submit(second)):
            done.result()
    os.write(2, b"news\n")
    assert capfd.readouterr().err == "news\n"


def test_one_inside_another(capfd: pytest.CaptureFixture[str]) -> None:
    """The outer one decides about what the inner one kept."""
    with hushed(lambda line: line.startswith(b"A")), hushed(lambda line: line.startswith(b"B")):
        os.write(2, b"A\nB\nC\n")
    assert capfd.readouterr().err == "C\n"


def test_no_standard_error_at_all() -> None:
    """A process started without one, with a file in its place or that closed it works."""
    script = "from litescore.terminal import hushed\nwith hushed(): print('works')"
    late = f"import os; os.close(2)\n{script}"
    taken = f"file = open('/dev/null'); assert file.fileno() == 2\n{script}"
    for never in (script, taken):
        command = ["sh", "-c", 'exec "$0" -c "$1" 2>&-', sys.executable, never]
        assert subprocess.run(command, stdout=subprocess.PIPE).stdout == b"works\n"
    command = [sys.executable, "-c", late]
    assert subprocess.run(command, stdout=subprocess.PIPE).stdout == b"works\n"
