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
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, urlsplit

from edge.monitor import Snapshots
from edge.preview import metrics
from edge.preview.feed import BEAT, Feed
from edge.preview.health import problem
from edge.preview.history import History
from edge.preview.pace import Pace
from edge.preview.pages import HEADERS, PAGE, TOKEN
from litescore.web.guard import Guard
from litescore.web.server import PATIENCE, Server

VIEWERS = 8
_BOUNDARY = "frame"
# Seconds after which a picture is sent again, so that whoever passes it on sees the line alive.
_AGAIN = 1.0
_CLOSE = {"Connection": "close"}


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


class Handler(BaseHTTPRequestHandler):
    """Answers requests of one connection, one after the other. To be subclassed with `shown`."""

    shown: Shown
    server: Server
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE
    disable_nagle_algorithm = True

    def handle_one_request(self) -> None:
        self.server.await_request(self.connection)
        super().handle_one_request()

    def do_GET(self) -> None:
        self.server.got_request(self.connection)
        try:
            url = urlsplit(self.path)
        except ValueError:
            self._answer(400, "no such URL\n", headers=_CLOSE)
            return
        self.query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        if url.path == "/" and "token" in self.query:
            self._sign_in(self.query["token"])
        elif not self.shown.guard.admits(self.headers):
            self._turn_away()
        elif url.path in _ROUTES:
            _ROUTES[url.path](self)
        else:
            self._answer(404, "not found\n")

    def refuse(self) -> None:
        """Any method but GET."""
        self.server.got_request(self.connection)
        self._answer(405, "only GET\n", headers={"Allow": "GET"} | _CLOSE)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = refuse  # noqa: N815

    def version_string(self) -> str:
        return "litescore"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name it has
        """Nothing: standard error is the loop's, and who looks is nobody's business."""

    def page(self) -> None:
        self._answer(200, PAGE, "text/html; charset=utf-8")

    def snapshot(self) -> None:
        """The newest picture; with `?after=N` the first above that serial, or 204 after a while."""
        after = self.query.get("after", "")
        if re.fullmatch(r"\d{1,15}", after):
            picture = self.shown.pace.after(int(after), PATIENCE / 2)
        else:
            picture = self.shown.pace.current()
        if picture is not None:
            headers = {"Frame-Serial": str(picture.serial)}
            self._answer(200, picture.jpeg, "image/jpeg", headers)
        elif after:
            self._answer(204, b"")
        else:
            self._answer(503, "no frame yet\n", headers={"Retry-After": "1"})

    def stream(self) -> None:
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
        shown = self.shown
        text = metrics.text(
            shown.monitor.snapshot(), changes=shown.history.changes, viewers=shown.seats.taken
        )
        self._answer(200, text, metrics.CONTENT_TYPE)

    def health(self) -> None:
        shown = self.shown
        reason = problem(shown.monitor.snapshot(), shown.history.newest, shown.silence)
        if reason is None:
            self._answer(200, "ok\n")
        else:
            self._answer(503, json.dumps({"reason": reason}) + "\n", "application/json")

    def _sign_in(self, token: str) -> None:
        """Have the browser keep the token, and out of the address line."""
        guard = self.shown.guard
        if guard.has_token and not guard.knows(token):
            self._turn_away()
            return
        headers = {"Set-Cookie": guard.cookie(token)} if guard.has_token else {}
        self._answer(303, b"", headers=headers | {"Location": "./"})

    def _turn_away(self) -> None:
        if self.shown.guard.has_token:
            headers = {"WWW-Authenticate": 'Bearer realm="litescore"'}
            self._answer(401, TOKEN, "text/html; charset=utf-8", headers | _CLOSE)
        else:
            text = "ask by localhost or 127.0.0.1, or start litescore with LITESCORE_PREVIEW_TOKEN set\n"
            self._answer(403, text, headers=_CLOSE)

    @contextmanager
    def _seat(self) -> Iterator[bool]:
        with self.shown.seats.one() as got:
            if not got:
                text = f"{VIEWERS} are looking already\n"
                self._answer(503, text, headers={"Retry-After": "5"} | _CLOSE)
            yield got

    def _is_gone(self) -> bool:
        """Whether nobody is there to be sent to: the viewer left, or the connection was cut."""
        readable = select.poll()
        readable.register(self.connection, select.POLLIN)
        return bool(readable.poll(0)) and not self.connection.recv(1, socket.MSG_PEEK)

    def _begin(self, kind: str) -> None:
        """A body without an end."""
        self.send_response(200)
        self._headers({"Content-Type": kind} | _CLOSE)

    def _answer(
        self,
        status: int,
        body: str | bytes,
        kind: str = "text/plain; charset=utf-8",
        headers: dict[str, str] | None = None,
    ) -> None:
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        length = {} if status == 204 else {"Content-Type": kind, "Content-Length": str(len(body))}
        self._headers(length | (headers or {}))
        if self.command != "HEAD":
            self.wfile.write(body)

    def _headers(self, headers: dict[str, str]) -> None:
        for name, value in (HEADERS | headers).items():
            self.send_header(name, value)
        self.end_headers()


def _part(jpeg: bytes) -> bytes:
    head = f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
    return head.encode() + jpeg + b"\r\n"


_ROUTES = {
    "/": Handler.page,
    "/events": Handler.events,
    "/healthz": Handler.health,
    "/metrics": Handler.metrics,
    "/snapshot.jpg": Handler.snapshot,
    "/stream.mjpg": Handler.stream,
}
