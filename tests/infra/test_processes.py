"""Programs that must not outlive us: real processes, real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from infra.processes import Program

PYTHON = sys.executable

# Deaf to SIGTERM, with a child that is too; says the child's process id.
STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""
# A parent of a program that says its process id, which the parent says when it hears it.
PARENT = """
import sys, time
from pathlib import Path
from infra.processes import Program, unwinding_on_signals
CODE = "import os, time; print(os.getpid(), flush=True); time.sleep(60)"
with unwinding_on_signals(), Program([sys.executable, "-c", CODE], log=Path(sys.argv[1])) as child:
    while not child.tail().isdigit():
        time.sleep(0.01)
    print(child.tail(), flush=True)
    time.sleep(60)
"""


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Whether it holds before so many seconds are over."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def is_gone(pid: int) -> bool:
    """Whether no such process runs any more; one that only waits to be reaped does not."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_it_tells_exit_code_output_and_errors(tmp_path: Path) -> None:
    """Output goes apart where asked, errors to the log."""
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(7)"
    words = (PYTHON, "-c", code)
    with Program(words, log=tmp_path / "log", output=tmp_path / "out") as program:
        assert program.wait(20) == 7
    assert (tmp_path / "out").read_text() == "out\n"
    assert program.tail() == "err"


def test_a_program_that_is_not_there_says_so(tmp_path: Path) -> None:
    """Exit code 1 and one line."""
    with Program(["/no/such/program"], log=tmp_path / "log") as program:
        assert program.wait(20) == 1
    assert program.tail() == "cannot run /no/such/program: No such file or directory"


def test_it_sees_the_environment_it_is_given(tmp_path: Path) -> None:
    """And nothing of ours."""
    code = "import os; print(sorted(name for name in os.environ if name != 'LC_CTYPE'))"
    with Program([PYTHON, "-c", code], log=tmp_path / "log", environ={"ONE": "1"}) as program:
        program.wait(20)
    assert program.tail() == "['ONE']"


def test_it_ends_with_the_block(tmp_path: Path) -> None:
    """Also when the block is left by an error."""
    with (
        pytest.raises(KeyError),
        Program([PYTHON, "-c", STUBBORN], log=tmp_path / "log") as program,
    ):
        raise KeyError
    assert program.exit_code is not None


def test_stop_ends_a_deaf_program_and_its_children(tmp_path: Path) -> None:
    """Asked first, then killed, with all of its process group."""
    with Program([PYTHON, "-c", STUBBORN], log=tmp_path / "log") as program:
        assert within(20, lambda: program.tail().isdigit())
        child = int(program.tail())
        program.stop(grace=0.1)
    assert program.exit_code == -signal.SIGKILL
    assert within(5, lambda: is_gone(child))


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (signal.SIGTERM, 128 + signal.SIGTERM),
        (signal.SIGHUP, 128 + signal.SIGHUP),
        (signal.SIGINT, -signal.SIGINT),
        (signal.SIGKILL, -signal.SIGKILL),
    ],
)
def test_it_dies_with_its_parent(tmp_path: Path, number: int, expected: int) -> None:
    """Whatever ends the parent, SIGKILL too."""
    words = [PYTHON, "-c", PARENT, str(tmp_path / "log")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert not is_gone(child)
        os.kill(parent.pid, number)
        assert parent.wait(20) == expected
    assert within(5, lambda: is_gone(child))
