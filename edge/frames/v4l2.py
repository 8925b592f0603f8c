"""V4L2 cameras: `0`, `/dev/video0`."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

from edge.frames.camera import Shot
from edge.frames.capture import Capture, NotVideo
from litescore.errors import ConfigurationError

DEVICES = Path("/dev")
_DEVICE = re.compile(r"/dev/video(\d+)")
# One to be filled while the other is decoded. With a single one the camera has nowhere to write
# meanwhile and gives every other frame only; with more, frames wait when the thread was held up.
_BUFFERS = 2
# A megabyte is 640 x 480 twice over in two bytes a pixel: raw frames larger than that do not fit
# through USB 2 at 30 a second.
_RAW_BYTES_A_SECOND = 20_000_000
_RAW_BYTES_A_PIXEL = 2
# A frame that waited longer in the driver has newer ones behind it.
_STALE = 0.5


class V4l2Camera:
    """A camera of the kernel, opened by OpenCV.

    size  (width, height) to ask for; the camera's own choice without
    fps   frames a second to ask for; the camera's own choice without

    Raises ConfigurationError where it is missing, not allowed, taken or no camera.
    """

    def __init__(self, path: Path, size: tuple[int, int] | None, fps: float | None) -> None:
        _check(path)
        try:
            self._capture = _open(path)
        except NotVideo:
            raise ConfigurationError(
                f"OpenCV cannot read {path} as video: another program may be using it, or it is no "
                "camera; `v4l2-ctl --list-devices` lists them"
            ) from None
        _ask(self._capture, size, fps)
        self.note = _difference(self._capture, size, fps)

    def read(self) -> Shot | None:
        """The next picture; those that waited in the driver are passed over."""
        while self._capture.grab():
            now = time.monotonic()
            taken = _moment(self._capture.position, now)
            if now - taken > _STALE:
                continue
            pixels = self._capture.picture()
            if pixels is not None:
                return Shot(pixels, taken)
        return None

    def close(self) -> None:
        """Free the device for others."""
        self._capture.close()


def _check(path: Path) -> None:
    if not path.exists():
        there = ", ".join(str(found) for found in sorted(DEVICES.glob("video*"))) or "none"
        raise ConfigurationError(
            f"no camera {path} (there: {there}); `v4l2-ctl --list-devices` lists them"
        )
    if not os.access(path, os.R_OK | os.W_OK):
        raise ConfigurationError(
            f"not allowed to use {path}: sudo usermod -aG video $USER, and log in again"
        )


def _open(path: Path) -> Capture:
    # A name under /dev/v4l/by-id leads to one; what does not is no camera, and told so by FFmpeg.
    device = _DEVICE.fullmatch(str(path.resolve()))
    return Capture(int(device[1]), "V4L2") if device else Capture(str(path), "FFMPEG")


def _ask(capture: Capture, size: tuple[int, int] | None, fps: float | None) -> None:
    # The format first: which sizes and rates there are depends on it.
    if size and size[0] * size[1] * _RAW_BYTES_A_PIXEL * (fps or 30) > _RAW_BYTES_A_SECOND:
        capture.set("FOURCC", _fourcc("MJPG"))
    if size:
        capture.set("FRAME_WIDTH", size[0])
        capture.set("FRAME_HEIGHT", size[1])
    if fps:
        capture.set("FPS", fps)
    capture.set("BUFFERSIZE", _BUFFERS)


def _fourcc(name: str) -> int:
    return int.from_bytes(name.encode(), "little")


def _difference(capture: Capture, size: tuple[int, int] | None, fps: float | None) -> str | None:
    """What the driver made of the wishes, where it is something else."""
    given = int(capture.get("FRAME_WIDTH")), int(capture.get("FRAME_HEIGHT"))
    rate = capture.get("FPS")
    if (size is None or size == given) and (fps is None or abs(fps - rate) < 0.5):
        return None
    return f"the camera gives {given[0]}x{given[1]} at {rate:g} frames/s"


def _moment(stamp: float, now: float) -> float:
    """When a frame was taken: as the driver says, where that is the monotonic clock's time."""
    return stamp if 0 <= now - stamp < 60 else now
