"""Ctrl-C and SIGTERM as a wish that training hears between two steps, so that nothing is lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# What Windows has too; a container's machine is taken away with a SIGTERM first.
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Wish:
    """Whether someone asked to stop."""

    def __init__(self) -> None:
        self.uttered = False


@contextmanager
def heard() -> Iterator[Wish]:
    """Within it the first Ctrl-C or SIGTERM is a wish; the second raises KeyboardInterrupt at once.

    Outside of the main thread, which alone hears signals, nothing changes.
    """
    wish = Wish()
    if threading.current_thread() is not threading.main_thread():
        yield wish
        return

    def hear(_number: int, _frame: FrameType | None) -> None:
        if wish.uttered:
            raise KeyboardInterrupt
        wish.uttered = True

    before = {number: signal.signal(number, hear) for number in _SIGNALS}
    try:
        yield wish
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
