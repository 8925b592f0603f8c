"""A live camera: the latest frame and no other, the right colours, a clear end.

No V4L2 device can be made on this kind of kernel, so OpenCV's capture is driven over a video file
by the class that drives devices.
"""

from __future__ import annotations

import threading
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.device import Device
from edge.frames import Frame
from edge.frames.capture import OpenCvCapture
from edge.frames.live import LiveCamera
from edge.loop import Loop
from edge.scored import Scored
from edge.stop import Stop
from litescore.errors import ConfigurationError
from litescore.record import Record
from litescore.scorer import Scorer
from tests.edge.conftest import BLUE, RED, Write, plain


class Looping:
    """A camera that plays a clip for ever, about 200 frames a second; counts what it gave."""

    def __init__(self, clip: Path) -> None:
        self._clip = clip
        self._capture = OpenCvCapture(clip)
        self.given = 0
        self.closed = threading.Event()

    def read(self) -> NDArray[np.uint8] | None:
        time.sleep(0.005)
        pixels = self._capture.read()
        if pixels is None:
            self._capture.close()
            self._capture = OpenCvCapture(self._clip)
            pixels = self._capture.read()
        self.given += 1
        return pixels

    def close(self) -> None:
        self._capture.close()
        self.closed.set()


class Dead:
    """A camera that hangs, then is pulled out."""

    def __init__(self) -> None:
        self.pulled = threading.Event()

    def read(self) -> NDArray[np.uint8] | None:
        self.pulled.wait(30)
        return None

    def close(self) -> None: ...


@pytest.fixture
def looping(write_clip: Write) -> Looping:
    return Looping(write_clip("shades.avi", [plain((n, n, n)) for n in range(50)]))


def test_slow_consumer_gets_the_newest(looping: Looping, device: Device) -> None:
    """However slow the loop, it gets the frame just captured; those between are left out."""
    taken = []
    with closing(LiveCamera("looped", lambda: looping, device).frames()) as frames:
        for _ in range(8):
            # The frame being handed over and the one before it may not be in the slot yet.
            newest = looping.given - 2
            frame = next(frames)
            assert frame is not None
            assert frame.number >= newest
            taken.append(frame.number)
            time.sleep(0.06)
    gaps = np.diff(taken)
    assert (gaps > 1).all()
    assert looping.closed.is_set()


def test_fast_consumer_gets_each_once(looping: Looping, device: Device) -> None:
    """A frame is never given twice."""
    with closing(LiveCamera("looped", lambda: looping, device).frames()) as frames:
        taken = [frame.number for _ in range(40) if (frame := next(frames)) is not None]
    assert len(set(taken)) == len(taken) >= 30


def test_every_frame_has_an_id_of_its_own(looping: Looping, device: Device) -> None:
    """Device, boot and number stand for the ETag, and a loop started again repeats none."""
    again = Device(device.id, device.boot, device.run + 1)
    etags = set()
    for here in (device, again):
        with closing(LiveCamera("looped", lambda: looping, here).frames()) as frames:
            for _ in range(5):
                frame = next(frames)
                assert frame is not None
                etags.add(frame.subject.etag)
    assert len(etags) == 10
    assert all(etag and etag.startswith(f"{device.id}-{device.boot}-") for etag in etags)


@pytest.mark.parametrize(("color", "label"), [(RED, "red"), (BLUE, "blue")])
def test_camera_colors(
    color: tuple[int, int, int],
    label: str,
    write_clip: Write,
    color_scorer: Scorer,
    device: Device,
) -> None:
    """A red picture is red to the model, by way of the capture thread."""
    clip = write_clip("plain.avi", [plain(color)] * 10)
    camera = LiveCamera("camera", partial(Looping, clip), device)
    records: list[Record] = []

    class Kept:
        def see(self, scored: Scored) -> None:
            records.append(scored.record)

    loop = Loop(color_scorer, device, watchers=[Kept()])
    summary = loop.run(camera, Stop(), max_frames=3)
    assert [record.label for record in records] == [label] * 3
    assert (summary.frames, summary.failed) == (3, 0)
    assert records[0].source == "camera"


def test_camera_that_stops_giving(write_clip: Write, device: Device) -> None:
    """A camera that ends is lost: said with its name, after its last frame was given."""
    clip = write_clip("clip.avi", [plain(RED)] * 5)
    frames = LiveCamera("/dev/video0", partial(OpenCvCapture, clip), device).frames()
    given: list[Frame | None] = []
    with pytest.raises(ConfigurationError, match=r"/dev/video0 gives no more frames \(after 5\)"):
        given.extend(frames)
    assert given
    assert given[-1] is not None
    assert given[-1].number == 4


def test_camera_that_hangs(device: Device) -> None:
    """While nothing comes the loop is told so again and again, and can end."""
    camera = Dead()
    with closing(LiveCamera("/dev/video0", lambda: camera, device).frames()) as frames:
        assert next(frames) is None
        assert next(frames) is None
        camera.pulled.set()


def test_camera_that_is_not_there(tmp_path: Path, device: Device) -> None:
    """What opening raises is raised to whoever asks for frames."""
    frames = LiveCamera("x", partial(OpenCvCapture, tmp_path / "none.mp4"), device).frames()
    with pytest.raises(ConfigurationError, match=r"cannot read .*none"):
        next(frames)


def test_device_is_the_same_each_time() -> None:
    """Device and boot hold; the run, which tells loops apart, does not."""
    first, second = Device.here(), Device.here()
    assert (first.id, first.boot) == (second.id, second.boot)
    assert first.run < second.run
    assert len(first.id) == 12
