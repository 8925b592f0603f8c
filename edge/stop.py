"""SIGINT and SIGTERM as a wish that the loop grants between two frames."""

from __future__ import annotations

import signal
from contextlib import AbstractContextManager
from queue import Empty, SimpleQueue
from types import FrameType, TracebackType
from typing import Any

from litescore.errors import LitescoreError


class Stopped(LitescoreError):
    """What was under way was ended before it was done, because somebody asked for the end."""


_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Stop(AbstractContextManager["Stop"]):
    """Whether the loop was asked to end. As a context it listens to SIGINT and SIGTERM meanwhile.

    To be entered on the main thread, where Python delivers signals.
    """

    def __init__(self) -> None:
        self.requested = False
        # put() may be called within a signal handler, which threading.Event.set() may not: the
        # handler runs on the very thread that may hold the event's lock.
        self._wake: SimpleQueue[None] = SimpleQueue()
        self._earlier: dict[signal.Signals, Any] = {}

    def request(self) -> None:
        """Ask the loop to end; it does so after the frame at hand."""
        self.requested = True
        self._wake.put(None)

    def wait(self, seconds: float) -> None:
        """Return after `seconds`, or as soon as a stop is requested."""
        if self.requested or seconds <= 0:
            return
        try:
            self._wake.get(timeout=seconds)
        except Empty:
            return

    def __enter__(self) -> Stop:
        self._earlier = {number: signal.signal(number, self._on_signal) for number in _SIGNALS}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._earlier.items():
            signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.request()
