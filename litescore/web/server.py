"""The HTTP server: a thread a connection, so many at most, and none for longer than it may be silent."""

from __future__ import annotations

import errno
import socket
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from typing import Any

from litescore.errors import ConfigurationError
from litescore.web.address import Address

CONNECTIONS = 32
# Seconds within which a request must be here whole, or the kernel must take what is sent.
PATIENCE = 5.0
# What the kernel holds of a picture on its way: little, so that who has a slow link sees what is,
# not what was seconds ago.
_BUFFER = 128 * 1024
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class Server(ThreadingMixIn, TCPServer):
    """Listens from when it is made; `serve_forever` answers.

    option  by which the address was named, for the error's message

    Raises ConfigurationError where the address cannot be had.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = CONNECTIONS

    def __init__(
        self, address: Address, handler: type[BaseHTTPRequestHandler], option: str
    ) -> None:
        self.address_family = address.family
        self._lock = threading.Lock()
        # The connections, and when a request is due on those that it is waited for.
        self._due: dict[socket.socket, float | None] = {}
        try:
            super().__init__((address.host, address.port), handler)
        except OSError as error:
            raise ConfigurationError(_cannot_listen(option, address, error)) from None
        self.address = Address(address.host, self.server_address[1])

    def await_request(self, connection: socket.socket) -> None:
        """A request is to come within PATIENCE, or the connection is closed."""
        self._mark(connection, time.monotonic() + PATIENCE)

    def got_request(self, connection: socket.socket) -> None:
        """It is here."""
        self._mark(connection, None)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begins a thread for a connection, or answers that there are too many."""
        with self._lock:
            full = len(self._due) >= CONNECTIONS
            if not full:
                self._due[request] = time.monotonic() + PATIENCE
        if full:
            request.setblocking(False)
            with suppress(OSError):
                request.send(_BUSY)
            self.shutdown_request(request)
            return
        request.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Also takes the connection out of those that are counted."""
        with self._lock:
            self._due.pop(request, None)
        super().shutdown_request(request)

    def service_actions(self) -> None:
        """Close connections whose request is overdue: their threads end by that."""
        now = time.monotonic()
        with self._lock:
            overdue = [one for one, due in self._due.items() if due is not None and due < now]
        _cut(overdue)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A viewer that went away is no error; anything else is told as Python tells it."""
        import sys

        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def close(self) -> None:
        """Stop answering and cut what is open."""
        self.shutdown()
        with self._lock:
            connections = list(self._due)
        _cut(connections)
        self.server_close()

    def _mark(self, connection: socket.socket, due: float | None) -> None:
        with self._lock:
            if connection in self._due:
                self._due[connection] = due


def _cut(connections: list[socket.socket]) -> None:
    for connection in connections:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)


def _cannot_listen(option: str, address: Address, error: OSError) -> str:
    at = f"{option} {address}"
    if error.errno == errno.EADDRINUSE:
        other = Address(address.host, address.port % 65535 + 1)
        return f"{at}: port {address.port} is in use; name another, such as {other}, or 0 for any"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{at}: this machine has no address {address.host}; 0.0.0.0 listens on all it has"
    if error.errno == errno.EACCES:
        return f"{at}: ports below 1024 are root's; name a higher one, such as 8765"
    return f"{at}: {error.strerror or error}"
