"""A real RTSP server: GStreamer's, in a process of Debian's own Python, and a way to stall it.

It serves `/red`, `/green`, `/blue` and `/clock`, 320 x 240 at 30 frames a second; `age` reads from a
picture of `/clock` how long ago it was made.
"""

from __future__ import annotations

import select
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from tests.rig import process
from tests.rig.needs import lack

_PROGRAM = Path(__file__).with_name("rtsp_program.py")
_PYTHON = Path("/usr/bin/python3")
_PROBE = """
import gi
gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gst, GstRtspServer
Gst.init(None)
for name in ("jpegenc", "rtpjpegpay", "openh264enc", "rtph264pay"):
    assert Gst.ElementFactory.find(name), name
"""
_BITS, _BLOCK = 16, 20
_PIECE = 1 << 16


@dataclass
class Rtsp:
    """A server that can be killed and started again on its port.

    port  where it listens, on loopback
    """

    port: int
    folder: Path
    words: tuple[str, ...]
    child: subprocess.Popen[bytes] | None = None

    def url(self, name: str) -> str:
        return f"rtsp://{process.HOST}:{self.port}/{name}"

    @contextmanager
    def running(self) -> Iterator[None]:
        """The server, until the block ends: killed, its connections cut."""
        command = [_PYTHON, _PROGRAM, str(self.port), *self.words]
        log = self.folder / "rtsp.log"
        with process.running(command, log=log, ready=lambda: process.listens(self.port)) as child:
            self.child = child
            yield

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """The server sent to sleep until the block ends: connections stay open, nothing comes."""
        assert self.child is not None
        # Below the guard, which must be able to end it.
        (server,) = psutil.Process(self.child.pid).children()
        server.suspend()
        try:
            yield
        finally:
            server.resume()


def rtsp(folder: Path, codec: str = "jpeg", *credentials: str) -> Rtsp:
    """A server that is not running yet; `codec` is `jpeg` or `h264`, `credentials` user and password.

    Skips where GStreamer's server is missing.
    """
    if (
        not _PYTHON.exists()
        or subprocess.run([_PYTHON, "-c", _PROBE], capture_output=True).returncode
    ):
        lack(
            "needs GStreamer's RTSP server with its plugins: `make tools` installs what tests need"
        )
    return Rtsp(process.free_ports(1)[0], folder, (codec, *credentials))


def age(pixels: NDArray[np.uint8]) -> float:
    """Seconds since a picture of `/clock`, uint8[240, 320, 3], was made."""
    row = pixels[pixels.shape[0] // 2, _BLOCK // 2 :: _BLOCK, 1] > 127
    made = int("".join("1" if bit else "0" for bit in row), 2)
    return ((int(time.monotonic() * 1000) - made) % 2**_BITS) / 1000


@dataclass
class Valve:
    """A TCP connection in between that can be shut: packets dropped, connections open.

    port  to connect to, on loopback
    """

    port: int
    to: int
    flows: threading.Event = field(default_factory=threading.Event)
    closing: threading.Event = field(default_factory=threading.Event)

    def serve(self, listener: socket.socket) -> None:
        while not self.closing.is_set():
            if select.select([listener], [], [], 0.05)[0]:
                near = listener.accept()[0]
                far = socket.create_connection((process.HOST, self.to))
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(one, other), daemon=True).start()

    def _pass(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError, ValueError), one, other:  # ValueError: the other way closed it
            while not self.closing.is_set():
                if not select.select([one], [], [], 0.05)[0]:
                    continue
                piece = one.recv(_PIECE)
                if not piece:
                    return
                if self.flows.is_set():
                    other.sendall(piece)


@contextmanager
def valve(to: int) -> Iterator[Valve]:
    """A valve in front of the loopback port `to`, open at first, until the block ends."""
    with socket.create_server((process.HOST, 0)) as listener:
        made = Valve(listener.getsockname()[1], to)
        made.flows.set()
        thread = threading.Thread(target=made.serve, args=(listener,))
        thread.start()
        try:
            yield made
        finally:
            made.closing.set()
            thread.join()
