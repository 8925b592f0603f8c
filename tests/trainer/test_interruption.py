"""Signals while something trains: the first is a wish, the second ends it, even within a long call."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading

import pytest

from trainer.fitting.interruption import heard

_POLITE = """
import signal, sys, time
from trainer.fitting.interruption import heard
signal.signal(signal.SIGINT, signal.default_int_handler)
with heard(lambda: print("told", flush=True)) as wish:
    print("ready", flush=True)
    while not wish.uttered:
        time.sleep(0.01)
print("saved", flush=True)
sys.exit(130)
"""
# A call into C that holds the main thread, and gives the lock back as TensorFlow's do. `sleep` comes
# back early from a signal, which TensorFlow does not.
# Ready is only who holds it: before that a signal is heard as ever.
_HELD = """
import ctypes, signal, threading
from trainer.fitting.interruption import heard
signal.signal(signal.SIGINT, signal.default_int_handler)
libc = ctypes.CDLL(None)
mutex = (ctypes.c_byte * 256)()
with heard(lambda: print("told", flush=True), grace=0.1):
    threading.Timer(0.5, lambda: print("ready", flush=True)).start()
    libc.pthread_mutex_lock(mutex)
    libc.pthread_mutex_lock(mutex)
"""
_TWICE = """
import signal, time
from trainer.fitting.interruption import heard
signal.signal(signal.SIGINT, signal.default_int_handler)
try:
    with heard(lambda: print("told", flush=True)):
        print("ready", flush=True)
        while True:
            time.sleep(0.01)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def start(code: str) -> subprocess.Popen[str]:
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_lets_it_save(number: signal.Signals) -> None:
    """Ctrl-C and SIGTERM alike: told at once, heard between two steps."""
    process = start(_POLITE)
    process.send_signal(number)
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, out) == (130, "told\nsaved\n")


def twice(process: subprocess.Popen[str]) -> str:
    """What it says after two signals, the second sent once the first was heard."""
    assert process.stdout is not None
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "told\n"
    process.send_signal(signal.SIGINT)
    return process.communicate(timeout=10)[0]


def test_the_second_signal_is_an_interrupt() -> None:
    """At once, as Python's own Ctrl-C, so that a notebook lives on."""
    process = start(_TWICE)
    assert twice(process) == "interrupted\n"
    assert process.returncode == 0


@pytest.mark.skipif(sys.platform == "win32", reason="a mutex of the C library holds the thread")
def test_a_long_call_does_not_hold_the_second() -> None:
    """Where Python does not get its turn the process ends all the same, with Ctrl-C's exit code."""
    process = start(_HELD)
    assert twice(process) == ""
    assert process.returncode == 130


def test_what_is_ignored_stays_ignored() -> None:
    """A shell starts what runs in its background with Ctrl-C ignored."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with heard() as wish:
            signal.raise_signal(signal.SIGINT)
            assert not wish.uttered
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_handlers_are_as_before() -> None:
    """Afterwards, and in other threads all the time, nothing is changed."""
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def inside() -> None:
        with heard():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    with heard():
        assert signal.getsignal(signal.SIGINT) != before
    assert signal.getsignal(signal.SIGINT) == before == seen[0]
