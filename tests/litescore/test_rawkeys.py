"""Objects that only boto3 can name, where a connection breaks."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from litescore import store
from litescore.errors import TransientError
from litescore.record import Subject
from tests.rig.process import HOST


class Breaking(BaseHTTPRequestHandler):
    """Refuses as S3 does, by chunks, and is gone in the middle of the first.

    A server of its own by need: neither the real one nor the stub sends a refusal by chunks.
    """

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"ff\r\n<?xml ver")
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Silent."""


@pytest.fixture
def endpoint() -> Iterator[str]:
    """Where nothing is answered to its end."""
    with ThreadingHTTPServer((HOST, 0), Breaking) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://{HOST}:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_a_refusal_that_breaks_off_is_tried_again(
    endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """botocore reads it outside of what it guards: urllib3's own error comes through."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with pytest.raises(TransientError, match="Connection broken"):
        store.read(Subject("s3://bucket/tab\t.png"), max_bytes=100)
