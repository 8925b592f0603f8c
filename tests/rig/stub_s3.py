"""A stub S3 server for what no real one does on demand: faults, and the raw path it was asked for.

Path style, in memory, unsigned. A stand-in by need: SeaweedFS cannot be told to answer 503 twice
and then go well, and it folds `a//b` as some clients do, which hides what they asked for.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

from tests.rig.listing import Entry, list_objects_v2
from tests.rig.process import HOST

CODES = {
    403: "AccessDenied",
    404: "NoSuchKey",
    409: "ConditionalRequestConflict",
    412: "PreconditionFailed",
    500: "InternalError",
    503: "SlowDown",
}
_MODIFIED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@dataclass(frozen=True)
class Asked:
    """A request as it came: `target` is the raw path and query, never decoded."""

    method: str
    target: str
    headers: Mapping[str, str]


@dataclass
class Fault:
    """What goes wrong with requests of `method` (any by default) for `key` (any by default).

    status   answered instead of the object
    code     the S3 error code in the answer; by default what S3 says with that status
    cut      only so many bytes of the body are sent, then the connection breaks
    etag     sent in place of the object's, quoted by us
    times    how often, then it heals; None for ever
    """

    status: int | None = None
    code: str | None = None
    cut: int | None = None
    etag: str | None = None
    method: str | None = None
    key: str | None = None
    times: int | None = None

    def meets(self, method: str, key: str) -> bool:
        fits = self.method in (None, method) and self.key in (None, key)
        return fits and self.times != 0

    def strike(self) -> None:
        if self.times is not None:
            self.times -= 1


@dataclass
class StubS3:
    """The server's state, to be read and changed while it serves.

    objects   (bucket, key) -> bytes
    buckets   the buckets there are; another is NoSuchBucket
    faults    the first that meets a request strikes it
    asked     every request, in order of arrival
    page      how many entries a listing holds at most
    """

    endpoint: str = ""
    buckets: set[str] = field(default_factory=lambda: {"stub"})
    objects: dict[tuple[str, str], bytes] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    page: int = 1000

    @property
    def environ(self) -> Mapping[str, str]:
        """What a process needs in its environment to use this server as if it were AWS."""
        keys = {"AWS_ACCESS_KEY_ID": "stub", "AWS_SECRET_ACCESS_KEY": "stub"}
        return keys | {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": "us-east-1"}

    def paths(self, method: str = "GET") -> list[str]:
        """The raw paths asked for with `method`, without their queries."""
        return [asked.target.partition("?")[0] for asked in self.asked if asked.method == method]

    def fault(self, method: str, key: str) -> Fault:
        for fault in self.faults:
            if fault.meets(method, key):
                fault.strike()
                return fault
        return Fault()


def etag(body: bytes) -> str:
    """The ETag of an object put in one piece, unquoted."""
    return hashlib.md5(body, usedforsecurity=False).hexdigest()


@contextmanager
def serve() -> Iterator[StubS3]:
    """A stub on a free loopback port, in threads of this process, until the block ends."""
    state = StubS3()
    server = ThreadingHTTPServer((HOST, 0), type("Handler", (_Handler,), {"state": state}))
    state.endpoint = f"http://{HOST}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    state: StubS3

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, *args: object) -> None:
        """Silent: what was asked is in `state.asked`."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = self.requestline.split()[1]
        self.state.asked.append(Asked(self.command, target, dict(self.headers)))
        bucket, _, key = target.partition("?")[0].removeprefix("/").partition("/")
        key = unquote(key)
        fault = self.state.fault(self.command, key)
        if fault.status is not None:
            self._refuse(fault.status, fault.code)
        elif bucket not in self.state.buckets:
            self._refuse(404, "NoSuchBucket")
        elif not key:
            self._list(bucket, urlsplit(target).query)
        elif self.command == "PUT":
            self._put(bucket, key, body)
        elif self.command == "DELETE":
            self.state.objects.pop((bucket, key), None)
            self._send(204)
        else:
            self._get(bucket, key, fault)

    def _put(self, bucket: str, key: str, body: bytes) -> None:
        if self.headers.get("If-None-Match") == "*" and (bucket, key) in self.state.objects:
            return self._refuse(412)
        self.state.objects[bucket, key] = body
        return self._send(200, headers={"ETag": f'"{etag(body)}"'})

    def _get(self, bucket: str, key: str, fault: Fault) -> None:
        body = self.state.objects.get((bucket, key))
        if body is None:
            return self._refuse(404)
        expected = self.headers.get("If-Match")
        if expected and expected.strip('"') != etag(body):
            return self._refuse(412)
        headers = {
            "ETag": f'"{fault.etag or etag(body)}"',
            "Last-Modified": format_datetime(_MODIFIED, usegmt=True),
            "Content-Type": "application/octet-stream",
        }
        status, body = self._ranged(body, headers)
        return self._send(status, body, headers, cut=fault.cut)

    def _ranged(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        unit, _, span = self.headers.get("Range", "").partition("=")
        first, _, last = span.partition("-")
        if unit != "bytes" or not first:
            return 200, body
        end = min(int(last or len(body)), len(body) - 1)
        headers["Content-Range"] = f"bytes {first}-{end}/{len(body)}"
        return 206, body[int(first) : end + 1]

    def _list(self, bucket: str, query: str) -> None:
        words = {name: values[0] for name, values in parse_qs(query).items()}
        entries = {
            key: Entry(len(body), etag(body), _MODIFIED)
            for (owner, key), body in self.state.objects.items()
            if owner == bucket
        }
        self._send_xml(200, list_objects_v2(bucket, entries, words, self.state.page))

    def _refuse(self, status: int, code: str | None = None) -> None:
        code = code or CODES.get(status, "InternalError")
        self._send_xml(status, f"<Error><Code>{code}</Code><Message>{code}</Message></Error>")

    def _send_xml(self, status: int, text: str) -> None:
        body = f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()
        self._send(status, body, {"Content-Type": "application/xml"})

    def _send(
        self,
        status: int,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        cut: int | None = None,
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:cut])
            self.close_connection = self.close_connection or cut is not None
