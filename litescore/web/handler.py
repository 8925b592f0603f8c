"""What every page's handler does alike: lets a request in or turns it away, and answers it."""

from __future__ import annotations

from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from litescore import web
from litescore.web.guard import Guard
from litescore.web.server import PATIENCE, Server

CLOSE = {"Connection": "close"}


class Handler(BaseHTTPRequestHandler):
    """Answers requests of one connection, one after the other. To be subclassed with `route`, and with

    guard   who may ask
    always  headers of each answer: see `litescore.web.headers`
    closed  what is said to whom no token would let in
    verbs   the methods that are answered; any but GET needs a `do_` of its own
    """

    guard: Guard
    always: ClassVar[Mapping[str, str]]
    closed: ClassVar[str]
    verbs: ClassVar[tuple[str, ...]] = ("GET",)
    server: Server
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE
    disable_nagle_algorithm = True

    def route(self, path: str) -> None:
        """Answer a GET that is let in; `query` holds the last value of each word behind the path."""
        raise NotImplementedError

    def is_admitted(self) -> bool:
        """Whether this request is let in."""
        return self.guard.admits(self.headers)

    def handle_one_request(self) -> None:
        """Bounds how long a kept-open connection may be silent before its next request."""
        self.server.await_request(self.connection)
        super().handle_one_request()

    def do_GET(self) -> None:
        """`route`s who is admitted; `/?token=` signs a browser in. Any other is turned away."""
        self.server.got_request(self.connection)
        try:
            url = urlsplit(self.path)
        except ValueError:
            self.answer(400, "no such URL\n", headers=CLOSE)
            return
        self.query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        if url.path == "/" and "token" in self.query:
            self._sign_in(self.query["token"])
        elif not self.is_admitted():
            self.turn_away()
        else:
            self.route(url.path)

    def refuse(self) -> None:
        """Any other method."""
        self.server.got_request(self.connection)
        allow = {"Allow": ", ".join(self.verbs)}
        self.answer(405, f"only {' and '.join(self.verbs)}\n", headers=allow | CLOSE)

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_CONNECT = refuse  # noqa: N815

    def version_string(self) -> str:
        """No version: it would tell strangers what to try."""
        return "litescore"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name it has
        """Nothing: standard error is the command's, and who looks is nobody's business."""

    def turn_away(self) -> None:
        """A page that asks for the token, where there is one and a browser looks."""
        if self.guard.has_token and self.command == "GET":
            headers = {"WWW-Authenticate": 'Bearer realm="litescore"'}
            self.answer(401, web.TOKEN, "text/html; charset=utf-8", headers | CLOSE)
        else:
            self.answer(403, self.closed, headers=CLOSE)

    def answer(
        self,
        status: int,
        body: str | bytes,
        kind: str = "text/plain; charset=utf-8",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """A whole answer; of status 204 without a body."""
        body = body.encode("utf-8", "backslashreplace") if isinstance(body, str) else body
        about = {} if status == 204 else {"Content-Type": kind, "Content-Length": str(len(body))}
        self.begin(status, about | dict(headers or {}))
        if self.command != "HEAD":
            self.wfile.write(body)

    def begin(self, status: int, headers: Mapping[str, str]) -> None:
        """What comes before a body."""
        self.send_response(status)
        for name, value in {**self.always, **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _sign_in(self, token: str) -> None:
        """Have the browser keep the token, and out of the address line."""
        if self.guard.has_token and not self.guard.knows(token):
            self.turn_away()
            return
        headers = {"Set-Cookie": self.guard.cookie(token)} if self.guard.has_token else {}
        self.answer(303, b"", headers=headers | {"Location": "./"})
