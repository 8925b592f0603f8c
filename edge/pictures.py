"""The frames as pictures for people: encoded once for all who look, and only when somebody does.

The one place that makes JPEGs. It does not know who looks.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge import captions
from edge.frames import Still
from edge.scored import Scored
from litescore.errors import MissingDependency, PermanentError
from litescore.image import decode
from litescore.view import Box, View

QUALITY = 80  # of JPEG, 0..100
MOST = 960  # pixels of the longer side of what is shown
# A model's own small inputs are enlarged by as often as they fit into this.
SMALL = 336


@dataclass(frozen=True)
class Picture:
    """One frame for people.

    serial  counts the frames that were seen, from 1
    jpeg    the picture, turned and mirrored as the model sees it, the contract's region outlined,
            the label and score below it
    scored  the frame it shows
    """

    serial: int
    jpeg: bytes
    scored: Scored


class Pictures:
    """A watcher that keeps the newest frame that has a picture; may be asked on any thread.

    Encoding happens on the thread that asks, once a frame. Raises MissingDependency without OpenCV.
    """

    def __init__(self) -> None:
        self._cv2 = _import_cv2()
        self._came = threading.Condition()
        self._serial = 0
        self._newest: Scored | None = None
        self._encoding = threading.Lock()
        self._encoded: Picture | None = None

    def see(self, scored: Scored) -> None:
        """Note the frame; a failed one has no picture and is left out."""
        if scored.probabilities is None:
            return
        with self._came:
            self._serial += 1
            self._newest = scored
            self._came.notify_all()

    def latest(self) -> Picture | None:
        """The newest frame; None before the first."""
        with self._encoding:
            with self._came:
                serial, scored = self._serial, self._newest
            if scored is not None and (self._encoded is None or self._encoded.serial < serial):
                self._encoded = self._picture(serial, scored)
            return self._encoded

    def wait(self, after: int, seconds: float) -> Picture | None:
        """The newest frame whose serial is above `after`; None when none came within `seconds`."""
        with self._came:
            if not self._came.wait_for(lambda: self._serial > after, seconds):
                return None
        picture = self.latest()
        return picture if picture is not None and picture.serial > after else None

    def _picture(self, serial: int, scored: Scored) -> Picture | None:
        pixels = whole(scored)
        if pixels is None:
            return self._encoded
        view = scored.contract.view
        turned = _turned(pixels, view)
        shown = _sized(self._cv2, turned)
        height, width = shown.shape[:2]
        below = captions.strip(caption(scored), width, max(28, width // 18))
        bgr = self._cv2.cvtColor(np.concatenate((shown, below)), self._cv2.COLOR_RGB2BGR)
        if view.region is not None:
            size = (turned.shape[1], turned.shape[0])
            _outline(self._cv2, bgr, view.box(size), (width / size[0], height / size[1]))
        _, jpeg = self._cv2.imencode(".jpg", bgr, (self._cv2.IMWRITE_JPEG_QUALITY, QUALITY))
        return Picture(serial, jpeg.tobytes(), scored)


def whole(scored: Scored) -> NDArray[np.uint8] | None:
    """The frame's full picture as uint8[height, width, 3], red first; None for a failed one."""
    pixels = scored.frame.pixels
    if isinstance(pixels, PermanentError) or scored.probabilities is None:
        return None
    if isinstance(pixels, Still):
        return _decoded(pixels)
    return pixels


def caption(scored: Scored) -> str:
    """What the frames up to this one come to, or this one alone: its label and score.

    A label that no font here has is given by its place among the labels, from 0: `label 7`.
    """
    if scored.decision is not None:
        label, score = scored.decision.label, scored.decision.score
    else:
        label, score = scored.record.label or "no label", scored.record.score or 0.0
    if not captions.is_written(label):
        label = f"label {scored.contract.labels.index(label)}"
    return f"{label}   {100 * score:.0f} %"


def _decoded(still: Still) -> NDArray[np.uint8] | None:
    try:
        picture = decode(still.data, max_pixels=still.max_pixels, max_bytes=len(still.data))
    except PermanentError:
        # A JPEG that was scored from a fraction of its size may be broken at the full one.
        return None
    return np.asarray(picture.convert("RGB"))


def _sized(cv2: Any, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Large pictures made smaller, small ones enlarged without blur."""
    height, width = pixels.shape[:2]
    longer = max(height, width)
    if longer > MOST:
        size = (max(1, round(width * MOST / longer)), max(1, round(height * MOST / longer)))
        smaller: NDArray[np.uint8] = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        return smaller
    times = SMALL // longer
    return pixels if times < 2 else pixels.repeat(times, axis=0).repeat(times, axis=1)


def _turned(pixels: NDArray[np.uint8], view: View) -> NDArray[np.uint8]:
    pixels = np.rot90(pixels, -view.rotate // 90)  # counterclockwise
    return np.ascontiguousarray(pixels[:, ::-1] if view.mirror else pixels)


def _outline(cv2: Any, bgr: NDArray[np.uint8], box: Box, scale: tuple[float, float]) -> None:
    """Draw the box's inner edge: a light line within a dark one can be seen on any ground."""
    left, top = round(box[0] * scale[0]), round(box[1] * scale[1])
    right, bottom = round(box[2] * scale[0]) - 1, round(box[3] * scale[1]) - 1
    cv2.rectangle(bgr, (left, top), (right, bottom), (0, 0, 0), 5)
    cv2.rectangle(bgr, (left, top), (right, bottom), (255, 255, 255), 2)


def _import_cv2() -> Any:
    try:
        import cv2
    except ImportError:
        raise MissingDependency("cv2", extra="edge") from None
    return cv2
