"""A proxy in front of a real S3 server that goes wrong when told: what no real server does on demand.

Path style. What it passes on it passes unchanged, Host header and path bytes included, so that
signatures still hold.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from urllib.parse import unquote, urlsplit

from tests.rig.process import HOST
from tests.rig.proxy_faults import Fault, Gate
from tests.rig.stub_s3 import CODES, Asked

__all__ = ["Fault", "Gate", "Proxy", "serve"]

_PIECE = 64 * 1024
_IN_MEMORY = 8 * 1024 * 1024
# Seconds in which the real server must move: it is never what hangs.
_PATIENCE = 120.0
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass
class Proxy:
    """The proxy's state, to be read and changed while it serves.

    upstream  the real server, `http://127.0.0.1:PORT`
    faults    the first that meets a request strikes it
    choose    (method, `bucket/raw key`) -> a fault; asked where none of `faults` meets
    asked     every request, in order of arrival
    struck    how often each kind of fault struck
    """

    upstream: str
    endpoint: str = ""
    faults: list[Fault] = field(default_factory=list)
    choose: Callable[[str, str], Fault | None] = lambda _method, _key: None
    asked: list[Asked] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)
    closing: threading.Event = field(default_factory=threading.Event)
    _gates: list[Gate] = field(default_factory=list)
    _armed: list[Gate] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def environ(self, s3_environ: Mapping[str, str]) -> dict[str, str]:
        """The real server's environment, by way of this proxy."""
        return dict(s3_environ) | {"AWS_ENDPOINT_URL": self.endpoint}

    def gate(
        self, *, method: str | None = None, key: str | None = None, late: bool = False
    ) -> Gate:
        """A gate that holds the next request of `method` for `key`, a glob."""
        gate = Gate(method, key, late)
        self._gates.append(gate)
        self._armed.append(gate)
        return gate

    def hold(self, method: str, key: str, late: bool) -> None:
        """Wait where a gate stands in the way."""
        with self._lock:
            gate = next((g for g in self._armed if g.meets(method, key, late)), None)
            if gate:
                self._armed.remove(gate)
        if gate:
            gate.hold()

    def fault(self, method: str, bucket: str, key: str) -> Fault:
        """What strikes a request: often nothing."""
        with self._lock:
            listed = (fault for fault in self.faults if fault.meets(method, key))
            fault = next(listed, None) or self.choose(method, f"{bucket}/{key}")
            if fault:
                fault.strike()
                self.struck[fault.kind] += 1
            return fault or Fault()

    def close(self) -> None:
        self.closing.set()
        for gate in self._gates:
            gate.open()


@contextmanager
def serve(upstream: str) -> Iterator[Proxy]:
    """A proxy on a free loopback port, in threads of this process, until the block ends."""
    state = Proxy(upstream)
    server = _Server((HOST, 0), type("Handler", (_Handler,), {"state": state}))
    state.endpoint = f"http://{HOST}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        state.close()
        server.cut_off()


class _Server(ThreadingHTTPServer):
    """Knows its connections: clients keep them, and would be served by a proxy that is gone."""

    request_queue_size = 128

    def __init__(self, *words: Any) -> None:
        super().__init__(*words)
        self.open: set[socket.socket] = set()

    def handle_error(self, *_: object) -> None:
        """Silent: a client that resets its connection is no error of ours."""

    def cut_off(self) -> None:
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue


class _BrokenError(Exception):
    """The client's connection is to end, or has ended, without a whole answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    state: Proxy
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.open.add(self.connection)
        self.to: HTTPConnection | None = None
        self.to_url = ""

    def finish(self) -> None:
        self.server.open.discard(self.connection)
        self._hang_up()
        super().finish()

    def log_message(self, *args: object) -> None:
        """Silent: what was asked is in `state.asked`."""

    def do_GET(self) -> None:
        try:
            self._pass()
        except (_BrokenError, OSError, HTTPException):
            # Also where the real server breaks off: the client sees just that.
            self._hang_up()
            self.close_connection = True

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815

    def _pass(self) -> None:
        target = self.requestline.split()[1]
        self.state.asked.append(Asked(self.command, target, dict(self.headers)))
        bucket, _, key = target.partition("?")[0].removeprefix("/").partition("/")
        key = unquote(key)
        with SpooledTemporaryFile(_IN_MEMORY) as body:
            self._take(body)
            self.state.hold(self.command, key, late=False)
            fault = self.state.fault(self.command, bucket, key)
            if not fault.late and self._struck(fault):
                return
            if self._client_is_gone():
                raise _BrokenError
            answer = self._forward(target, body)
        self.state.hold(self.command, key, late=True)
        if fault.late and self._struck(fault, answer):
            return
        self._send(answer, fault)

    def _take(self, body: IO[bytes]) -> None:
        """The request's body into a file, chunks as they came."""
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            size = -1
            while size:
                head = self.rfile.readline()
                size = int(head.partition(b";")[0], 16)
                body.write(head + self.rfile.read(size + 2))
        left = int(self.headers.get("Content-Length") or 0)
        while left > 0:
            piece = self.rfile.read(min(_PIECE, left))
            if not piece:
                raise _BrokenError
            left -= len(piece)
            body.write(piece)
        body.seek(0)

    def _struck(self, fault: Fault, answer: HTTPResponse | None = None) -> bool:
        """Whether the fault took the place of what would come next."""
        if fault.stall and fault.cut is None:
            self.state.closing.wait(fault.stall)
        if fault.reset:
            self._reset()
        if fault.status is None:
            return False
        if answer:
            answer.read()
        self._refuse(fault)
        return True

    def _reset(self) -> None:
        """End with RST: closing in the ordinary way says FIN before it."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        os.close(self.connection.detach())
        raise _BrokenError

    def _client_is_gone(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    def _forward(self, target: str, body: IO[bytes]) -> HTTPResponse:
        to = self._dial()
        to.putrequest(self.command, target, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            to.putheader(name, value)
        to.endheaders()
        while piece := body.read(_PIECE):
            to.send(piece)
        return to.getresponse()

    def _dial(self) -> HTTPConnection:
        """The connection of before, unless it ended or the server is another by now."""
        if self.to is None or self.to_url != self.state.upstream or _readable(self.to.sock):
            self._hang_up()
            self.to_url = self.state.upstream
            self.to = HTTPConnection(urlsplit(self.to_url).netloc, timeout=_PATIENCE)
        return self.to

    def _hang_up(self) -> None:
        if self.to:
            self.to.close()
        self.to = None

    def _refuse(self, fault: Fault) -> None:
        code = fault.code or CODES.get(fault.status or 0, "InternalError")
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code></Error>'
        body = text.encode()
        self.send_response(fault.status or 500)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _send(self, answer: HTTPResponse, fault: Fault) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() == "etag" and fault.etag:
                value = f'"{fault.etag}"'
            self.send_header(name, value)
        self.end_headers()
        sent = 0
        for piece in self._pieces(answer, fault):
            sent += len(piece)
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if answer.chunked else piece)
        if fault.cut is not None and sent == fault.cut:
            self.state.closing.wait(fault.stall)
            raise _BrokenError
        if answer.chunked and self.command != "HEAD":
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = self.close_connection or answer.will_close

    def _pieces(self, answer: HTTPResponse, fault: Fault) -> Iterator[bytes]:
        left, size = fault.cut, _PIECE if fault.pace is None else max(1, int(fault.pace / 20))
        while left != 0 and (piece := answer.read(size if left is None else min(size, left))):
            yield piece
            left = None if left is None else left - len(piece)
            if fault.pace:
                self.state.closing.wait(0.05)


def _readable(connection: socket.socket | None) -> bool:
    """Whether an idle connection has news, which can only be its end."""
    return connection is None or bool(select.select([connection], [], [], 0)[0])
