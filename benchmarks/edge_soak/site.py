"""Where the soak runs: a small disk, a broker with a subscriber, an S3 server, a clip, a model's file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psutil

from benchmarks.edge_soak.models import Models
from tests.rig.broker import Broker, Listener
from tests.rig.process import HOST
from tests.rig.seaweed import Server
from tests.rig.waiting import wait_until

TOPIC = "soak"
# No device has this name: what opens one is put in by program.py.
CAMERA = "/dev/video-soak"
KEPT_EVERY = 50
_RECORDS_BYTES = "2M"
DISK_BYTES = 64_000_000
_CLIP_FRAMES = 50


@dataclass
class Part:
    """A server that can be ended and started again, as often as one likes."""

    server: Broker | Server
    _block: ExitStack = field(default_factory=ExitStack)

    def start(self) -> None:
        self._block.enter_context(self.server.running())

    def end(self) -> None:
        """SIGKILL."""
        self._block.close()


@dataclass
class Site:
    """What the soak strikes. `disk` holds the records and the state, and has `DISK_BYTES`."""

    folder: Path
    disk: Path
    clip: Path
    model: Path
    models: Models
    broker: Part
    s3: Part
    bucket: str
    listener: Listener

    @property
    def records(self) -> Path:
        return self.disk / "records.jsonl"

    @property
    def environ(self) -> dict[str, str]:
        assert isinstance(self.s3.server, Server)
        return {**os.environ, **self.s3.server.s3.environ}

    @property
    def words(self) -> list[str]:
        """Of `litescore edge run`."""
        assert isinstance(self.broker.server, Broker)
        return [
            *("--model", str(self.model), "--source", CAMERA, "--hung-after", "2"),
            *("--emit", "every", "--out", str(self.records)),
            *("--out-max-bytes", _RECORDS_BYTES),
            *("--mqtt", f"mqtt://{HOST}:{self.broker.server.port}", "--mqtt-topic", TOPIC),
            *("--keep", f"s3://{self.bucket}/kept", "--keep-when", f"every:{KEPT_EVERY}"),
            *("--keep-per-day", "0", "--keep-at-most-every", "0"),
            *("--state", str(self.disk / "state")),
        ]

    def put_model(self, data: bytes) -> None:
        """Replace the model's file in one step."""
        new = self.model.with_suffix(".new")
        new.write_bytes(data)
        new.replace(self.model)

    def fill_disk(self) -> None:
        """To the last byte."""
        filler = self.disk / "filler"
        with suppress(OSError), filler.open("ab", buffering=0) as file:
            while file.write(bytes(1 << 20)):
                pass
        with suppress(OSError), filler.open("ab", buffering=0) as file:
            while file.write(b"\0"):
                pass

    def empty_disk(self) -> None:
        (self.disk / "filler").unlink(missing_ok=True)

    def s3_processes(self) -> list[psutil.Process]:
        """The server's, below the guard that ends it."""
        found = psutil.Process().children(recursive=True)
        return [process for process in found if process.name() == "weed"]


def in_namespace(arguments: list[str]) -> None:
    """Run this module again in a mount namespace of its own, so that a disk can be mounted."""
    space = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    os.execvp("unshare", [*space, sys.executable, "-m", "benchmarks.edge_soak", *arguments])


@contextmanager
def opened(folder: Path, model: Path) -> Iterator[Site]:
    """A site in `folder`. Raises CalledProcessError where nothing can be mounted."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "soak", disk]
    subprocess.run(mount, check=True)
    (folder / "s3").mkdir()
    broker, s3 = Broker(folder / "broker"), Server(folder / "s3")
    parts = Part(broker), Part(s3)
    with ExitStack() as stack:
        stack.callback(subprocess.run, ["umount", "--lazy", disk], check=False)
        for part in parts:
            part.start()
            stack.callback(part.end)
        listener = stack.enter_context(Listener(broker, f"{TOPIC}/event"))
        # What it subscribed to is on the broker's disk from now on, whenever that is killed.
        broker.save()
        copied = folder / "model.tflite"
        shutil.copyfile(model, copied)
        yield Site(
            folder,
            disk,
            write_clip(folder / "clip.mp4"),
            copied,
            Models.of(model),
            *parts,
            s3.s3.make_bucket(),
            listener,
        )


def write_clip(path: Path) -> Path:
    """Squares that wander over a slope, 160 x 120."""
    import cv2

    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 25, (160, 120))
    slope = np.linspace(0, 120, 160).astype(np.uint8)
    for number in range(_CLIP_FRAMES):
        frame = np.repeat(np.broadcast_to(slope, (120, 160))[..., np.newaxis], 3, axis=2).copy()
        frame[20:100, 2 * number : 2 * number + 50] = (250, 5 * number, 250 - 5 * number)
        writer.write(frame)
    writer.release()
    return path


def quiet(listener: Listener) -> None:
    """Return once nothing arrived for a quarter of a second."""
    seen = [-1, time.monotonic()]

    def settled() -> bool:
        count = len(listener.messages)
        if count != seen[0]:
            seen[:] = count, time.monotonic()
        return time.monotonic() - seen[1] > 0.25

    wait_until(settled)
