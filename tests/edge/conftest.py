"""What the edge tests look at: a model that tells red from blue, and clips made by OpenCV."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.device import Device
from litescore import contract as contracts
from litescore.scorer import Scorer
from tests.edge import color_model as color_model_file

Write = Callable[[str, Iterable[NDArray[np.uint8]]], Path]


@pytest.fixture(scope="session")
def color_model(tensorflow: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real model with the labels red, green and blue, 8 x 8 pixels."""
    return tensorflow(color_model_file.write, tmp_path_factory.mktemp("color") / "color.tflite")


@pytest.fixture
def color_scorer(color_model: Path) -> Scorer:
    return Scorer(color_model)


@pytest.fixture
def color_scorer_2(color_model: Path) -> Scorer:
    """The same model under other names: another file, with another digest."""
    held = contracts.read(color_model)
    assert held is not None
    named = replace(held, labels=("rot", "grün", "blau"))
    return Scorer(contracts.append(color_model.read_bytes(), named))


@pytest.fixture
def device() -> Device:
    return Device(id="0123456789ab", boot="boot", run=7)


@pytest.fixture
def write_clip(tmp_path: Path) -> Write:
    """Writes frames (uint8[h, w, 3], red first) as a video of 25 frames a second; its path.

    `.avi` is lossless (FFV1), `.mp4` is not.
    """

    def write(name: str, frames: Iterable[NDArray[np.uint8]]) -> Path:
        path = tmp_path / name
        codec = "FFV1" if path.suffix == ".avi" else "mp4v"
        first, *rest = frames
        size = (first.shape[1], first.shape[0])
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), 25, size)
        assert writer.isOpened()
        for frame in (first, *rest):
            writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        writer.release()
        return path

    return write


def plain(color: tuple[int, int, int], size: int = 32) -> NDArray[np.uint8]:
    """A picture of one colour, uint8[size, size, 3], red first."""
    return np.full((size, size, 3), color, np.uint8)


RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
