"""OpenCV's video capture: clips, V4L2 cameras and streams. The only import of cv2 for them.

OpenCV gives blue first; what leaves here has red first, like everything in litescore.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litescore.errors import ConfigurationError, MissingDependency


class NotVideo(ConfigurationError):
    """OpenCV cannot open it; whoever asked knows by what name to tell so."""


class Capture:
    """One open video, frame by frame: `grab` goes to the next, `picture` is the one at hand.

    what     a file's path, a URL, or the number of a V4L2 device
    backend  `FFMPEG` or `V4L2`
    asked    properties it is opened with, by OpenCV's names without `CAP_PROP_`; what this OpenCV
             does not know is left out

    Raises MissingDependency without OpenCV and NotVideo where it cannot be opened.
    """

    def __init__(self, what: str | int, backend: str, asked: dict[str, int] | None = None) -> None:
        self._cv2 = import_cv2()
        # Debian 12's own OpenCV does not know all of them.
        known = {n: v for n, v in (asked or {}).items() if hasattr(self._cv2, f"CAP_PROP_{n}")}
        listed = [number for name, value in known.items() for number in self._pair(name, value)]
        self._video = self._cv2.VideoCapture(what, getattr(self._cv2, f"CAP_{backend}"), listed)
        if not self._video.isOpened():
            self._video.release()
            # Not `what`: the URL of a stream may hold a password.
            raise NotVideo("OpenCV cannot open it as video")

    def grab(self) -> bool:
        """Go to the next frame, waiting for it; False where there is none."""
        return bool(self._video.grab())

    def picture(self) -> NDArray[np.uint8] | None:
        """The frame at hand as uint8[height, width, 3], red first; None where it cannot be decoded."""
        there, frame = self._video.retrieve()
        if not there:
            return None
        pixels: NDArray[np.uint8] = self._cv2.cvtColor(frame, self._cv2.COLOR_BGR2RGB)
        return pixels

    def get(self, name: str) -> float:
        """A property of the frame at hand or of the video; 0 where it has none."""
        return float(self._video.get(self._pair(name, 0)[0]))

    def set(self, name: str, value: float) -> bool:
        """Ask for a property; what came of it `get` says."""
        return bool(self._video.set(self._pair(name, 0)[0], value))

    @property
    def position(self) -> float:
        """Seconds from the video's beginning to the frame at hand; of a V4L2 camera, its time."""
        return self.get("POS_MSEC") / 1000

    def close(self) -> None:
        """Give the file or device back; `grab` and `picture` are over."""
        self._video.release()

    def _pair(self, name: str, value: int) -> tuple[int, int]:
        return getattr(self._cv2, f"CAP_PROP_{name}"), value


def import_cv2() -> Any:
    """OpenCV, told to keep its words to itself. Raises MissingDependency."""
    # FFmpeg inside OpenCV writes of its own to the terminal unless told before its first file, and
    # names URLs with their passwords; what cannot be opened or read is said by our errors.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    # Left alone it takes RTSP by UDP, whose losses are grey smears, and noticed by nobody.
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", "rtsp_transport;tcp")
    try:
        cv2: Any = import_module("cv2")
    except ImportError:
        raise MissingDependency("cv2", extra="edge") from None
    # OpenCV 5 moved it.
    spoken = cv2 if hasattr(cv2, "setLogLevel") else cv2.utils.logging
    spoken.setLogLevel(0)
    return cv2
