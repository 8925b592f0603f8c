"""A real loop with a real model, whose source a test colours, and the preview that shows it."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.device import Device
from edge.frames import PATIENCE, Frame
from edge.loop import Loop
from edge.monitor import Monitor
from edge.pictures import Pictures
from edge.preview.preview import Preview
from edge.releases.status import ReleaseStatus
from edge.status import Status
from edge.stop import Stop
from litescore import image
from litescore.contract import Contract
from litescore.errors import PermanentError
from litescore.record import Subject
from litescore.scorer import Scorer
from litescore.web.address import Address
from tests.edge.conftest import RED

WAIT = 60.0


class Painted:
    """A source of plain pictures, some 30 a second, in whatever colour a test sets."""

    name = "/dev/video0"
    live = True

    def __init__(self) -> None:
        self.color: tuple[int, int, int] | PermanentError | None = RED
        self.condition = Status("running", counts={"captured": 9, "dropped": 3, "reopened": 1})
        self.count = 0

    def expect(self, contract: Contract) -> None: ...

    def status(self) -> Status:
        return self.condition

    def frames(self) -> Generator[Frame | None, None, None]:
        while True:
            if self.color is None:
                time.sleep(PATIENCE / 10)
                yield None
                continue
            yield Frame(Subject("/dev/video0"), self.count, time.monotonic(), self._pixels())
            self.count += 1
            time.sleep(1 / 30)

    def _pixels(self) -> NDArray[np.uint8] | PermanentError:
        if isinstance(self.color, PermanentError):
            return self.color
        assert self.color is not None
        # The size of a camera's stream near a model's input: quick to encode.
        return np.full((120, 160, 3), self.color, np.uint8)


@dataclass(frozen=True)
class Heat:
    temperature_c: float | None = 51.5
    throttled: tuple[str, ...] = ("under-voltage",)


@dataclass
class ModelFile:
    name: str = 'co"lor\\.tflite'
    problem: str | None = None
    release: ReleaseStatus | None = None


@dataclass
class Shown:
    """A loop that runs, and its preview."""

    source: Painted
    loop: Loop
    pictures: Pictures
    monitor: Monitor
    preview: Preview
    reopen: Callable[[], Preview]
    model: ModelFile

    @property
    def port(self) -> int:
        return self.preview.address.port

    def connect(self) -> http.client.HTTPConnection:
        address = self.preview.address
        return http.client.HTTPConnection(address.host, address.port, timeout=WAIT)

    def ask(
        self, path: str, headers: Mapping[str, str] | None = None, method: str = "GET"
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Status, body and headers of the answer."""
        connection = self.connect()
        try:
            connection.request(method, path, headers=dict(headers or {}))
            answer = connection.getresponse()
            return answer.status, answer.read(), answer.headers
        finally:
            connection.close()

    @contextmanager
    def following(self, path: str) -> Iterator[http.client.HTTPResponse]:
        """An answer without an end."""
        connection = self.connect()
        connection.request("GET", path)
        answer = connection.getresponse()
        try:
            yield answer
        finally:
            answer.close()
            connection.close()


def read_part(answer: http.client.HTTPResponse) -> bytes:
    """The next JPEG of a multipart stream; b"" at its end."""
    length = 0
    while line := answer.readline():
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
        if line == b"\r\n" and length:
            return answer.read(length)
    return b""


def read_event(answer: http.client.HTTPResponse) -> dict[str, Any]:
    """The next server-sent event's JSON."""
    while not (line := answer.readline()).startswith(b"data: "):
        assert line, "the events ended"
    event: dict[str, Any] = json.loads(line[len(b"data: ") :])
    return event


def color_of(jpeg: bytes) -> tuple[int, ...]:
    """What a plain picture's colour is, each channel 0 or 255."""
    pixels = np.asarray(image.decode(jpeg))
    mean = pixels[: pixels.shape[0] // 2].reshape(-1, 3).mean(axis=0)
    return tuple(255 * int(channel > 127) for channel in mean)


def until(true: Callable[[], Any], what: str = "") -> Any:
    """The first true answer; fails where there is none for long."""
    end = time.monotonic() + WAIT
    while not (value := true()):
        assert time.monotonic() < end, what or "never came true"
        time.sleep(0.02)
    return value


Show = Callable[..., AbstractContextManager[Shown]]


@pytest.fixture
def show(color_scorer: Scorer, device: Device) -> Show:
    """Opens a loop and its preview, which run until the block ends."""

    @contextmanager
    def showing(
        *,
        token: str | None = None,
        host: str = "127.0.0.1",
        fps: float = 15.0,
        silence: float = 30.0,
        with_pictures: bool = True,
    ) -> Iterator[Shown]:
        source, pictures = Painted(), Pictures()
        loop = Loop(color_scorer, device, watchers=[pictures] if with_pictures else [])
        model = ModelFile()
        monitor = Monitor(loop, model, source, device, Heat)
        address = Address(host, 0)

        def opened() -> Preview:
            one = Preview(
                address,
                token,
                fps=fps,
                pictures=pictures,
                monitor=monitor,
                silence=silence,
            )
            loop.watchers.append(one)
            return one

        preview = opened()
        address = replace(address, port=preview.address.port)
        shown = Shown(source, loop, pictures, monitor, preview, opened, model)
        stop = Stop()
        thread = threading.Thread(target=loop.run, args=(source, stop))
        thread.start()
        try:
            until(lambda: loop.meter.frames, "no frame")
            yield shown
        finally:
            stop.request()
            thread.join()
            shown.preview.close()

    return showing


@pytest.fixture
def shown(show: Show) -> Iterator[Shown]:
    """The usual one: on loopback, without a token."""
    with show() as one:
        yield one
