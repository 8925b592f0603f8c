"""What one viewer of the preview costs beyond the encoding of its pictures.

A loop scores 15 pictures of 640 x 480 a second. In turns nobody looks while a thread has each
picture encoded, and one viewer looks from another process: as the page does (a picture and a
request each, and the figures beside them), and as other programs do (`/stream.mjpg`). What
the loop's process takes of a core in a round with a viewer, less what it takes with the encoding
alone, is what the viewer costs.

    python -m benchmarks.preview [--rounds 5] [--seconds 10]

Needs the extras [train] and [edge].
"""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import threading
import time
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import Any

import cv2
import numpy as np

from benchmarks import holds
from benchmarks.edge_loop import convert
from edge.device import Device
from edge.frames import Frame
from edge.loop import Loop
from edge.monitor import Monitor
from edge.pictures import Pictures
from edge.preview.preview import Preview
from edge.status import Status
from edge.stop import Stop
from litescore.contract import Contract
from litescore.record import Subject
from litescore.scorer import Scorer
from litescore.web.address import Address

FPS = 15
SIZE = (640, 480)
HOLD = holds.VIEWER.most or 0
# What Chromium sends with each request.
HEADERS = {
    "Connection": "keep-alive",
    "sec-ch-ua": '"Chromium";v="140", "Not=A?Brand";v="24"',
    "sec-ch-ua-mobile": "?0",
    "sec-ch-ua-platform": '"Linux"',
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/140.0.0.0 Safari/537.36",
    "Accept": "*/*",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "cors",
    "Sec-Fetch-Dest": "empty",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Accept-Language": "en-US,en;q=0.9",
}


class Camera:
    """Pictures that are there already, 15 a second, with no two alike."""

    name = "/dev/video0"
    live = True

    def __init__(self) -> None:
        # As much detail as a photograph: noise that was blurred.
        noise = np.random.default_rng(0).integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)
        picture = cv2.GaussianBlur(noise, (0, 0), 3)
        picture = cv2.normalize(picture, None, 0, 255, cv2.NORM_MINMAX)
        self._pictures = [np.roll(picture, 16 * step, axis=1) for step in range(8)]

    def expect(self, contract: Contract) -> None: ...

    def status(self) -> Status:
        return Status("running", counts={"captured": 0, "dropped": 0})

    def frames(self) -> Generator[Frame | None, None, None]:
        begun, number = time.monotonic(), 0
        while True:
            time.sleep(max(0, begun + number / FPS - time.monotonic()))
            pixels = self._pictures[number % len(self._pictures)]
            yield Frame(Subject("/dev/video0"), number, time.monotonic(), pixels)
            number += 1


@dataclass(frozen=True)
class Name:
    name: str = "model.tflite"
    problem: str | None = None


@dataclass(frozen=True)
class Heat:
    temperature_c: float | None = None
    throttled: tuple[str, ...] = ()


@contextmanager
def shown(scorer: Scorer) -> Iterator[tuple[Pictures, int]]:
    """A loop that runs, with its preview: its pictures, and the preview's port."""
    pictures, device, camera = Pictures(), Device.here(), Camera()
    loop = Loop(scorer, device)
    monitor = Monitor(loop, Name(), camera, device, Heat)
    preview = Preview(
        Address("127.0.0.1", 0),
        None,
        fps=FPS,
        pictures=pictures,
        monitor=monitor,
        silence=30,
    )
    loop.watchers += [pictures, preview]
    stop = Stop()
    thread = threading.Thread(target=loop.run, args=(camera, stop))
    thread.start()
    try:
        yield pictures, preview.address.port
    finally:
        stop.request()
        thread.join()
        preview.close()


def look_as_page(port: int, counted: Any) -> None:
    """Ask for one picture after the other, and follow the events."""
    threading.Thread(target=follow, args=(port, "/events"), daemon=True).start()
    connection, serial = http.client.HTTPConnection("127.0.0.1", port), "0"
    while True:
        connection.request("GET", f"/snapshot.jpg?after={serial}", headers=HEADERS)
        answer = connection.getresponse()
        answer.read()
        serial = answer.headers.get("Frame-Serial", "0")
        counted.value += answer.status == 200


def look_at_stream(port: int, counted: Any) -> None:
    """Read the multipart stream."""

    def note(line: bytes) -> None:
        counted.value += line.startswith(b"--frame")

    follow(port, "/stream.mjpg", note)


def follow(port: int, path: str, note: Callable[[bytes], object] = len) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", path, headers=HEADERS)
    for line in connection.getresponse():
        note(line)


@contextmanager
def viewer(look: Callable[[int, Any], None], port: int) -> Iterator[Any]:
    """Somebody who looks, from another process; counts the pictures that came."""
    spawn = multiprocessing.get_context("spawn")
    counted = spawn.Value("q", 0)
    process = spawn.Process(target=look, args=(port, counted), daemon=True)
    process.start()
    try:
        while not counted.value:
            time.sleep(0.05)
        yield counted
    finally:
        process.terminate()
        process.join()


@contextmanager
def encoder(pictures: Pictures) -> Iterator[None]:
    """Nobody looks, and each picture is encoded."""
    ended = threading.Event()

    def encode() -> None:
        serial = 0
        while not ended.is_set():
            picture = pictures.wait(serial, 1)
            serial = picture.serial if picture else serial

    thread = threading.Thread(target=encode)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def busy(seconds: float) -> float:
    """What this process takes of a core meanwhile, in percent."""
    begun, cpu = time.perf_counter(), time.process_time()
    time.sleep(seconds)
    return 100 * (time.process_time() - cpu) / (time.perf_counter() - begun)


@dataclass(frozen=True)
class Seen:
    """Round by round: percent of a core with the encoding alone and with a viewer, and pictures a
    second that the viewer got.
    """

    alone: list[float]
    looked_at: list[float]
    rates: list[float]

    @property
    def more(self) -> list[float]:
        """What the viewer costs, percent of a core."""
        return [one - other for one, other in zip(self.looked_at, self.alone, strict=True)]


def measure(scorer: Scorer, look: Callable[[int, Any], None], rounds: int, seconds: float) -> Seen:
    """Nobody looks and one viewer does, by turns."""
    alone, looked_at, rates = [], [], []
    with shown(scorer) as (pictures, port):
        for _ in range(rounds):
            with encoder(pictures):
                alone.append(busy(seconds))
            with viewer(look, port) as counted:
                before = counted.value
                looked_at.append(busy(seconds))
                rates.append((counted.value - before) / seconds)
    return Seen(alone, looked_at, rates)


def cells(seen: Seen) -> str:
    """The table's cells: pictures a second, alone, with a viewer, the difference."""
    each = (median(seen.alone), median(seen.looked_at), median(seen.more))
    told = " | ".join(f"{share:.2f} %" for share in each)
    return f"{median(seen.rates):.1f} | {told} | <= {HOLD:g} %"


def small_model() -> Scorer:
    """Made in a process of its own: TensorFlow's heap would slow down what is measured here."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn) as apart:
        return Scorer(apart.submit(convert, 28, 1, (16, 32)).result())


LOOKS = {"the page": look_as_page, "/stream.mjpg": look_at_stream}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10)
    words = parser.parse_args()
    scorer = small_model()
    print("| viewer | pictures/s | loop and encoding | with the viewer | the viewer | hold |")
    print("|---|---|---|---|---|---|")
    for name, look in LOOKS.items():
        seen = measure(scorer, look, words.rounds, words.seconds)
        print(f"| {name} | {cells(seen)} |", flush=True)


if __name__ == "__main__":
    main()
