"""What is told goes to the sinks on a thread of its own, while the model is at the next frame.

To make a line of a record costs about as much as a small model; and a card that is slow to write
should cost no frame.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from queue import SimpleQueue
from threading import Event, Thread

from edge.scored import Scored
from edge.sinks import Sink

# So many may wait, and so many bytes of their pictures, but one at least. Then the loop waits.
_ROOM, _ROOM_BYTES = 32, 32 << 20


class Outbox:
    """Hands frames to sinks in order. As a context: what is in it at the end is handed on first.

    alive  called while the loop waits for the sinks
    """

    def __init__(self, sinks: Sequence[Sink], alive: Callable[[], None] = lambda: None) -> None:
        self._sinks = sinks
        self._alive = alive
        # Each is counted up by one thread alone.
        self._bytes_put = self._bytes_taken = 0
        self._waiting: SimpleQueue[Scored | None] = SimpleQueue()
        self._taken = Event()
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._hand_on, name="outbox", daemon=True)

    def put(self, scored: Scored) -> None:
        """Take one. Raises what a sink raised at an earlier one."""
        while self._is_full() and self._failure is None:
            self._alive()
            self._taken.clear()
            self._taken.wait(0.1)
        self._check()
        self._bytes_put += scored.frame.size
        self._waiting.put(scored)

    def __enter__(self) -> Outbox:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._waiting.put(None)
        self._thread.join()
        if kind is None:
            self._check()

    def _is_full(self) -> bool:
        many = self._waiting.qsize() >= _ROOM
        return many or self._bytes_put - self._bytes_taken >= _ROOM_BYTES

    def _check(self) -> None:
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def _hand_on(self) -> None:
        try:
            while (scored := self._waiting.get()) is not None:
                for sink in self._sinks:
                    sink.write(scored)
                self._bytes_taken += scored.frame.size
                self._taken.set()
        except BaseException as error:  # noqa: BLE001 raised again on the loop's thread
            self._failure = error
