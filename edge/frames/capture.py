"""OpenCV's video capture, for clips and V4L2 cameras. The only import of cv2.

OpenCV gives blue first; what leaves here has red first, like everything in litescore.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litescore.errors import ConfigurationError, MissingDependency

_DEVICE = re.compile(r"/dev/video(\d+)")


class OpenCvCapture:
    """A video file, or a V4L2 device such as `/dev/video0`, frame by frame.

    Raises MissingDependency without OpenCV and ConfigurationError where it cannot open `path`.
    """

    def __init__(self, path: Path) -> None:
        self._cv2 = _import_cv2()
        self._capture = _open(self._cv2, path)
        if not self._capture.isOpened():
            self._capture.release()
            raise ConfigurationError(f"OpenCV cannot read {path} as video")

    @property
    def position(self) -> float:
        """Seconds from the clip's beginning to the frame that `read` gives next."""
        return float(self._capture.get(self._cv2.CAP_PROP_POS_MSEC)) / 1000

    def read(self) -> NDArray[np.uint8] | None:
        """The next frame as uint8[height, width, 3], red first; None after the last."""
        there, frame = self._capture.read()
        if not there:
            return None
        pixels: NDArray[np.uint8] = self._cv2.cvtColor(frame, self._cv2.COLOR_BGR2RGB)
        return pixels

    def close(self) -> None:
        self._capture.release()


def _import_cv2() -> Any:
    # FFmpeg inside OpenCV writes of its own to the terminal unless told before its first file;
    # what cannot be opened or read is said by our errors.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    try:
        import cv2
    except ImportError:
        raise MissingDependency("cv2", extra="edge") from None
    cv2.setLogLevel(0)
    return cv2


def _open(cv2: Any, path: Path) -> Any:
    device = _DEVICE.fullmatch(str(path.resolve()))
    if device and path.is_char_device():
        return cv2.VideoCapture(int(device[1]), cv2.CAP_V4L2)
    return cv2.VideoCapture(str(path))
