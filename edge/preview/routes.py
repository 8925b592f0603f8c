"""What each path answers."""

from __future__ import annotations

import json
import re
import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from edge.monitor import Snapshots
from edge.preview import metrics
from edge.preview.feed import BEAT, Feed
from edge.preview.health import problem
from edge.preview.history import History
from edge.preview.pace import Pace
from edge.preview.pages import HEADERS, PAGE
from litescore.web.guard import Guard
from litescore.web.handler import CLOSE, Handler
from litescore.web.server import PATIENCE

VIEWERS = 8
_BOUNDARY = "frame"
# Seconds after which a picture is sent again, so that whoever passes it on sees the line alive.
_AGAIN = 1.0


@dataclass(frozen=True)
class Shown:
    """What there is to answer with.

    silence  seconds without a frame that are no problem yet
    """

    guard: Guard
    monitor: Snapshots
    history: History
    feed: Feed
    pace: Pace
    silence: float
    seats: Seats = field(default_factory=lambda: Seats(VIEWERS))


class Seats:
    """How many may look at once."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._free = count
        self._lock = threading.Lock()

    @property
    def taken(self) -> int:
        """How many are looking now."""
        return self._count - self._free

    @contextmanager
    def one(self) -> Iterator[bool]:
        """A seat for the block; False where there is none."""
        with self._lock:
            got = self._free > 0
            self._free -= got
        try:
            yield got
        finally:
            with self._lock:
                self._free += got


class Routes(Handler):
    """The preview's paths. To be subclassed with `shown`."""

    shown: Shown
    always = HEADERS
    closed = "ask by localhost or 127.0.0.1, or start litescore with LITESCORE_PREVIEW_TOKEN set\n"

    def route(self, path: str) -> None:
        """Answer a path of `_ROUTES`; 404 for any other."""
        if path in _ROUTES:
            _ROUTES[path](self)
        else:
            self.answer(404, "not found\n")

    def page(self) -> None:
        """The page itself; it asks for the rest by its script."""
        self.answer(200, PAGE, "text/html; charset=utf-8")

    def snapshot(self) -> None:
        """The newest picture; with `?after=N` the first above that serial, or 204 after a while."""
        after = self.query.get("after", "")
        if re.fullmatch(r"\d{1,15}", after):
            picture = self.shown.pace.after(int(after), PATIENCE / 2)
        else:
            picture = self.shown.pace.current()
        if picture is not None:
            headers = {"Frame-Serial": str(picture.serial)}
            self.answer(200, picture.jpeg, "image/jpeg", headers)
        elif after:
            self.answer(204, b"")
        else:
            self.answer(503, "no frame yet\n", headers={"Retry-After": "1"})

    def stream(self) -> None:
        """Pictures for as long as the viewer stays, as multipart JPEG; 503 where no seat is free."""
        with self._seat() as got:
            if not got:
                return
            self._begin(f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
            serial = 0
            while not self._is_gone():
                picture = self.shown.pace.after(serial, _AGAIN) or self.shown.pace.current()
                if picture is not None:
                    self.wfile.write(_part(picture.jpeg))
                    serial = picture.serial

    def events(self) -> None:
        """What the page shows beside the picture: JSON at each change, and at least once a second."""
        with self._seat() as got:
            if not got:
                return
            self._begin("text/event-stream")
            last, sent = "", 0.0
            while not self._is_gone():
                text = self.shown.feed.text()
                if text != last or time.monotonic() - sent >= _AGAIN:
                    self.wfile.write(f"data: {text}\n\n".encode())
                    last, sent = text, time.monotonic()
                time.sleep(BEAT)

    def metrics(self) -> None:
        """For Prometheus."""
        shown = self.shown
        text = metrics.text(
            shown.monitor.snapshot(), changes=shown.history.changes, viewers=shown.seats.taken
        )
        self.answer(200, text, metrics.CONTENT_TYPE)

    def health(self) -> None:
        """200, or 503 with the reason as JSON: for a watchdog."""
        shown = self.shown
        reason = problem(shown.monitor.snapshot(), shown.history.newest, shown.silence)
        if reason is None:
            self.answer(200, "ok\n")
        else:
            self.answer(503, json.dumps({"reason": reason}) + "\n", "application/json")

    @contextmanager
    def _seat(self) -> Iterator[bool]:
        with self.shown.seats.one() as got:
            if not got:
                text = f"{VIEWERS} are looking already\n"
                self.answer(503, text, headers={"Retry-After": "5"} | CLOSE)
            yield got

    def _is_gone(self) -> bool:
        """Whether nobody is there to be sent to: the viewer left, or the connection was cut."""
        readable = select.poll()
        readable.register(self.connection, select.POLLIN)
        return bool(readable.poll(0)) and not self.connection.recv(1, socket.MSG_PEEK)

    def _begin(self, kind: str) -> None:
        """A body without an end."""
        self.begin(200, {"Content-Type": kind} | CLOSE)


def _part(jpeg: bytes) -> bytes:
    head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    return head.encode() + jpeg + b"\r\n"


_ROUTES = {
    "/": Routes.page,
    "/events": Routes.events,
    "/healthz": Routes.health,
    "/metrics": Routes.metrics,
    "/snapshot.jpg": Routes.snapshot,
    "/stream.mjpg": Routes.stream,
}
