"""The demo's pictures: PNG files for the cloud, a video clip for the edge loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litescore import dataset, image
from litescore.contract import Contract
from litescore.errors import ConfigurationError, DataError, MissingDependency

FRAMES_PER_SECOND = 30


@dataclass(frozen=True)
class Picture:
    """A test image under a file name, with its true label.

    tensor  uint8[height, width, channels], as `image.fit` gives it
    """

    name: str
    truth: str
    tensor: NDArray[np.uint8]

    @property
    def png(self) -> bytes:
        """The same pixels as a PNG file's bytes."""
        return image.encode_png(self.tensor)


def draw(data: Path, contract: Contract, counts: Sequence[int]) -> list[list[Picture]]:
    """Disjoint runs of so many images each from the data set's test part, in its order.

    Raises DataError where the test part is too small.
    """
    test = dataset.load(data, "test")
    if len(test) < sum(counts):
        raise DataError(f"{data} has {len(test)} test images, the demo needs {sum(counts)}")
    chosen = test.take(np.arange(sum(counts)))
    tensors = chosen.tensors(contract)
    pictures = [
        Picture(f"{number:04d}.png", test.labels[chosen.classes[number]], tensors[number])
        for number in range(len(chosen))
    ]
    ends = np.cumsum(counts)
    return [pictures[end - count : end] for end, count in zip(ends, counts, strict=True)]


def write_clip(pictures: Sequence[Picture], path: Path, *, frames_each: int) -> Path:
    """A lossless clip (FFV1 in Matroska) that shows each picture for so many frames.

    Raises ConfigurationError where OpenCV cannot write it.
    """
    try:
        import cv2
    except ModuleNotFoundError:
        raise MissingDependency("cv2", extra="edge") from None
    height, width = pictures[0].tensor.shape[:2]
    code = cv2.VideoWriter.fourcc(*"FFV1")
    clip = cv2.VideoWriter(str(path), code, FRAMES_PER_SECOND, (width, height), True)
    if not clip.isOpened():
        raise ConfigurationError(f"OpenCV cannot write {path}: its build lacks FFV1 or Matroska")
    try:
        for picture in pictures:
            for _ in range(frames_each):
                clip.write(_blue_first(picture.tensor))
    finally:
        clip.release()
    return path


def _blue_first(tensor: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rgb = np.broadcast_to(tensor, (*tensor.shape[:2], 3))
    return np.ascontiguousarray(rgb[:, :, ::-1])
