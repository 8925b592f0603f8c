"""The HTTP server of the page: three paths, for who asks this machine by a name of its own."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any
from urllib.parse import urlsplit

from infra.local.page.overview import Overview
from litescore import web
from litescore.errors import ConfigurationError

PAGE = resources.files("infra.local.page").joinpath("page.html").read_text(encoding="utf-8")
HEADERS = web.headers(PAGE)
# Seconds within which a request must be here whole, or what is sent must be taken.
_PATIENCE = 5.0


class Server(ThreadingHTTPServer):
    """Listens from when it is made; `serve_forever` answers."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, overview: Overview) -> None:
        self.overview = overview
        try:
            super().__init__(("127.0.0.1", port), Handler)
        except OSError as error:
            raise ConfigurationError(
                f"port {port} of 127.0.0.1 cannot be used for the page: {error.strerror}; "
                "name another with --page-port"
            ) from None

    @property
    def url(self) -> str:
        """With the port that it got."""
        return f"http://127.0.0.1:{self.server_address[1]}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A viewer that went away is no error; anything else is told as Python tells it."""
        import sys

        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Answers requests of one connection, one after the other."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = _PATIENCE

    def do_GET(self) -> None:
        """The page, its state as JSON, or a picture; 403 to whom asks by another machine's name."""
        path = urlsplit(self.path).path
        if not self._is_admitted():
            self._answer(403, b"ask by localhost or 127.0.0.1\n", "text/plain")
        elif path == "/":
            self._answer(200, PAGE.encode(), "text/html; charset=utf-8")
        elif path == "/state.json":
            body = json.dumps(self.server.overview.state()).encode()
            self._answer(200, body, "application/json")
        elif path.startswith("/picture/"):
            self._picture(path.removeprefix("/picture/"))
        else:
            self._answer(404, b"not found\n", "text/plain")

    def refuse(self) -> None:
        """Any method but GET: this page changes nothing."""
        self.close_connection = True
        self._answer(405, b"only GET\n", "text/plain")

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = refuse  # noqa: N815

    def version_string(self) -> str:
        """No version: it would tell strangers what to try."""
        return "litescore"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name it has
        """Nothing: the terminal is the command's."""

    def _is_admitted(self) -> bool:
        host = self.headers.get("Host", "")
        # A browser names the origin of a script that asks for another's page.
        origin = self.headers.get("Origin", f"http://{host}")
        return web.is_own_name(host) and origin == f"http://{host}"

    def _picture(self, identity: str) -> None:
        png = self.server.overview.picture(identity)
        if png is None:
            self._answer(404, b"no picture\n", "text/plain")
        else:
            # The name is that of these very bytes and this model.
            self._answer(200, png, "image/png", {"Cache-Control": "private, max-age=86400"})

    def _answer(
        self, status: int, body: bytes, kind: str, more: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        about = {"Content-Type": kind, "Content-Length": str(len(body))}
        for name, value in (HEADERS | about | (more or {})).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
