"""Ctrl-C and SIGTERM as a wish that training hears between two steps, so that nothing is lost."""

from __future__ import annotations

import _thread
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

# What Windows has too; a container's machine is taken away with a SIGTERM first.
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# TensorFlow may hold the main thread for so long before a second wish ends the process itself.
_GRACE = 2.0
_STOPPED = 130


class Wish:
    """Whether someone asked to stop, and how often."""

    def __init__(self) -> None:
        self.times = 0

    @property
    def uttered(self) -> bool:
        """Whether it is time to save and end."""
        return self.times > 0


@contextmanager
def heard(tell: Callable[[], None] = lambda: None, *, grace: float = _GRACE) -> Iterator[Wish]:
    """Within it the first Ctrl-C or SIGTERM is a wish, and `tell` is called at once, from a thread;
    the second raises KeyboardInterrupt, or, where the main thread does not come back from a long
    call in `grace` seconds, ends the process with exit code 130.

    What a shell told the process to ignore stays ignored. Outside of the main thread, which alone
    hears signals, nothing changes.
    """
    wish = Wish()
    if threading.current_thread() is not threading.main_thread():
        yield wish
        return
    calls, ended = [], threading.Event()

    def hear(number: int, _frame: FrameType | None) -> None:
        # Two signals within one call of TensorFlow are one call here; the thread counts them.
        calls.append(number)
        wish.times = max(wish.times, len(calls))
        if wish.times > 1:
            ended.set()
            raise KeyboardInterrupt

    ours = [number for number in _SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    inner, outer = socket.socketpair()
    outer.setblocking(False)
    thread = threading.Thread(
        target=_count, args=(inner, frozenset(ours), wish, tell, ended, grace), daemon=True
    )
    thread.start()
    woken = signal.set_wakeup_fd(outer.fileno(), warn_on_full_buffer=False)
    before = {number: signal.signal(number, hear) for number in ours}
    try:
        yield wish
    finally:
        ended.set()
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(woken)
        outer.close()
        thread.join()
        inner.close()


def _count(
    inner: socket.socket,
    numbers: frozenset[int],
    wish: Wish,
    tell: Callable[[], None],
    ended: threading.Event,
    grace: float,
) -> None:
    """Count signals as they come: a byte each, written by the system's own handler, which does not
    wait for Python's turn.
    """
    times = 0
    while data := inner.recv(64):
        for number in filter(numbers.__contains__, data):
            times += 1
            wish.times = max(wish.times, times)
            if times == 1:
                tell()
                continue
            if times == 2:
                # The main thread may have heard both as one, before the second was counted.
                _thread.interrupt_main(signal.Signals(number))
            if not ended.wait(grace):
                # States are written whole: what is saved stays saved.
                os._exit(_STOPPED)
