"""A web server over a folder, as nginx answers for files: ETags, If-None-Match, Range; with http or
https; and what goes wrong on the way.

Python's own `http.server` knows neither ETags nor ranges.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from tests.rig.process import HOST


@dataclass
class Web:
    """The server's state, to be changed while it serves.

    asked     the method, path and wishes (Range, If-None-Match) of each request
    status    answered to all, in place of the file
    location  of a redirect with that status
    cut       after so many bytes of a file the connection is closed
    stall     after so many it says nothing more, for as long as it takes
    drip      seconds between one byte of a body and the next
    etags     whether it sends any
    ranges    whether it knows them
    """

    folder: Path
    url: str = ""
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    status: int | None = None
    location: str | None = None
    cut: int | None = None
    stall: int | None = None
    drip: float | None = None
    etags: bool = True
    ranges: bool = True
    closing: threading.Event = field(default_factory=threading.Event)


@contextmanager
def serve(folder: Path, certificate: Path | None = None) -> Iterator[Web]:
    """The folder on a free loopback port until the block ends; by https with a `certificate` that
    `certify` made.
    """
    web = Web(folder)
    server = ThreadingHTTPServer((HOST, 0), type("Handler", (_Handler,), {"web": web}))
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    web.url = f"http{'s' * bool(certificate)}://{HOST}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield web
    finally:
        web.closing.set()
        server.shutdown()
        thread.join()
        server.server_close()


def certify(path: Path) -> Path:
    """Write a key and a certificate for the loopback address, in one PEM file: also what trusts it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tests")])
    now = datetime.datetime.now(datetime.UTC)
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))])
    made = built.add_extension(address, critical=False).sign(key, hashes.SHA256())
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
    return path


class _Handler(BaseHTTPRequestHandler):
    web: Web

    def do_GET(self) -> None:
        web, wanted = self.web, self.headers.get("If-None-Match")
        web.asked.append((self.path, self.headers.get("Range"), wanted))
        file = web.folder / unquote(self.path).removeprefix("/")
        if web.status is not None:
            self._refuse(web.status, {"Location": web.location} if web.location else {})
        elif not file.is_file():
            self._refuse(404)
        else:
            self._file(file.read_bytes(), wanted)

    def log_message(self, *args: object) -> None:
        """Silent: what was asked is in `asked`."""

    def _file(self, content: bytes, wanted: str | None) -> None:
        etag = f'W/"{hashlib.md5(content, usedforsecurity=False).hexdigest()}"'
        headers = {"ETag": etag} if self.web.etags else {}
        if self.web.etags and wanted == etag:
            self._head(304, headers)
            return
        status, start, end = 200, 0, len(content)
        if self.web.ranges and (span := self.headers.get("Range", "").removeprefix("bytes=")):
            start, last = (int(each) for each in span.split("-"))
            status, end = 206, min(last + 1, len(content))
            if start >= len(content):
                self._refuse(416, {"Content-Range": f"bytes */{len(content)}"})
                return
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(content)}"
        self._head(status, headers | {"Content-Length": str(end - start)})
        self._body(content[start:end], start)

    def _refuse(self, status: int, headers: dict[str, str] | None = None) -> None:
        """With a page for people, as servers do."""
        page = f"<html><head><title>{status}</title></head><body>{status}</body></html>\n".encode()
        self._head(status, {"Content-Length": str(len(page))} | (headers or {}))
        self.wfile.write(page)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _body(self, body: bytes, start: int) -> None:
        while self.web.drip is not None and body and not self.web.closing.wait(self.web.drip):
            self.wfile.write(body[:1])
            body = body[1:]
        broken = self.web.cut if self.web.cut is not None else self.web.stall
        # At the same byte each time, wherever the asked part begins.
        self.wfile.write(body if broken is None else body[: max(0, broken - start)])
        self.wfile.flush()
        while self.web.stall is not None and not self.web.closing.is_set():
            time.sleep(0.02)
