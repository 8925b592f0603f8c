"""MJPEG over HTTP, from a real server of the standard library's."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.device import Device
from edge.frames.live import LiveCamera
from edge.frames.opening import choose
from edge.frames.options import SourceOptions
from edge.frames.stream import StreamCamera
from edge.loop import Loop
from edge.scored import Scored
from edge.stop import Stop
from litescore.contract import Contract
from litescore.errors import ConfigurationError, UsageError
from litescore.scorer import Scorer
from litescore.settings import Settings
from tests.edge.conftest import BLUE, RED, Write, plain
from tests.edge.frames.cameras import QUICK, take, until

CONTRACT = Contract(("a", "b"), "rgb", 28, 28)


class Server(ThreadingHTTPServer):
    """Sends `picture` as /stream, a hundred times a second while `flows`, and `file` as /clip.mp4."""

    daemon_threads = True
    picture = b""
    file = b""
    flows = threading.Event()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def handle_error(self, *_: object) -> None:
        """Silent: a client that hangs up is no error of ours."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        if self.path == "/clip.mp4":
            self._begin("video/mp4", len(self.server.file))
            self.wfile.write(self.server.file)
        elif self.path == "/stream":
            self._begin("multipart/x-mixed-replace; boundary=frame")
            while self.server.flows.wait(60):
                length = f"Content-Length: {len(self.server.picture)}\r\n\r\n".encode()
                head = b"--frame\r\nContent-Type: image/jpeg\r\n" + length
                self.wfile.write(head + self.server.picture + b"\r\n")
                time.sleep(0.01)
        else:
            self.send_error(404)

    def _begin(self, kind: str, length: int | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as made:
        yield made


@contextmanager
def serving() -> Iterator[Server]:
    server = Server(("127.0.0.1", 0), Handler)
    server.flows = threading.Event()
    server.flows.set()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def jpeg(color: tuple[int, int, int]) -> bytes:
    encoded: np.ndarray = cv2.imencode(".jpg", plain(color)[:, :, ::-1])[1]
    return encoded.tobytes()


@pytest.mark.parametrize(("color", "label"), [(RED, "red"), (BLUE, "blue")])
def test_colors(
    color: tuple[int, int, int], label: str, server: Server, color_scorer: Scorer, device: Device
) -> None:
    """A red picture is red to the model, a blue one blue."""
    server.picture = jpeg(color)
    labels: list[str | None] = []

    class Kept:
        def see(self, scored: Scored) -> None:
            labels.append(scored.record.label)

    source = choose(SourceOptions(server.url("/stream")), CONTRACT, device, Settings())
    Loop(color_scorer, device, watchers=[Kept()]).run(source, Stop(), max_frames=2)
    assert labels == [label] * 2


def test_silence(server: Server, device: Device) -> None:
    """A stream that goes silent is hung; once it flows, it runs."""
    server.picture = jpeg(RED)
    opened = partial(StreamCamera, server.url("/stream"), 0.5, 1.0)
    source = LiveCamera("x", opened, device, QUICK)
    with closing(source.frames()) as frames:
        take(frames, 2)
        server.flows.clear()
        until(source, frames, lambda s: s.state != "running")
        server.flows.set()
        until(source, frames, lambda s: s.state == "running")
        assert source.status().counts["stuck"] == 0


def test_clip_behind_a_url(server: Server, write_clip: Write, device: Device) -> None:
    """A file is no camera: refused, even where the camera is to be waited for."""
    clip: Path = write_clip("clip.mp4", [plain(RED)] * 50)
    server.file = clip.read_bytes()
    options = SourceOptions(server.url("/clip.mp4"), wait_for_source=True)
    source = choose(options, CONTRACT, device, Settings())
    with pytest.raises(UsageError, match="a file, and no live camera; download it"):
        take(source.frames(), 1)


def test_nothing_there(server: Server, device: Device) -> None:
    """What answers, and gives no video, is told from what does not answer."""
    source = choose(SourceOptions(server.url("/elsewhere")), CONTRACT, device, Settings())
    with pytest.raises(ConfigurationError, match="answers, but gives no video"):
        take(source.frames(), 1)
