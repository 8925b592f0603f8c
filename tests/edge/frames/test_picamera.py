"""Pi cameras, as far as that goes without one.

picamera2 needs libcamera to be imported and a sensor to be opened, and neither is here: its place
is taken by a module that keeps what it is asked for. That `BGR888` arrays have red first is
picamera2's own doing and was seen in its `Helpers.make_image`.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.frames.picamera import PiCamera, stream_size
from litescore.contract import Contract
from litescore.errors import ConfigurationError

IMX219 = (3280, 2464)
CONTRACT = Contract(("a", "b"), "rgb", 224, 224)


class FakePicamera2:
    """The calls that PiCamera makes; it refuses what the real one refuses."""

    cameras: tuple[dict[str, str], ...] = ({"Model": "imx219"},)
    platform = "vc4"
    taken = False
    asked: dict[str, Any]

    def __init__(self) -> None:
        if self.taken:
            raise RuntimeError("Camera __init__ sequence did not complete.")
        self.sensor_resolution = IMX219

    @classmethod
    def global_camera_info(cls) -> tuple[dict[str, str], ...]:
        return cls.cameras

    def create_video_configuration(self, **asked: Any) -> dict[str, Any]:
        if self.platform == "vc4" and "lores" in asked:
            raise RuntimeError("lores stream must be YUV")
        return asked

    def configure(self, configuration: dict[str, Any]) -> None:
        type(self).asked = configuration

    def start(self) -> None: ...

    def capture_array(self, name: str) -> NDArray[np.uint8]:
        width, height = self.asked[name]["size"]
        return np.zeros((height, width, 3), np.uint8)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakePicamera2]:
    class Fake(FakePicamera2):
        pass

    module = SimpleNamespace(
        Picamera2=Fake,
        Platform=SimpleNamespace(VC4="vc4", PISP="pisp"),
        get_platform=lambda: Fake.platform,
    )
    monkeypatch.setitem(sys.modules, "picamera2", module)
    return Fake


@pytest.mark.parametrize(("platform", "stream"), [("vc4", "main"), ("pisp", "lores")])
def test_small_stream_red_first(platform: str, stream: str, fake: type[FakePicamera2]) -> None:
    """A Pi 5 scales into `lores`, an older one into `main`; red first, nothing queued, the whole
    field of view.
    """
    fake.platform = platform
    pixels = PiCamera(CONTRACT).read()
    assert pixels is not None
    assert pixels.shape == (224, 300, 3)
    assert fake.asked[stream] == {"size": (300, 224), "format": "BGR888"}
    assert fake.asked["queue"] is False
    assert fake.asked["sensor"] == {"output_size": (1640, 1232)}


@pytest.mark.parametrize(
    ("sensor", "height", "width", "expected"),
    [
        ((3280, 2464), 28, 28, (128, 96)),
        ((4608, 2592), 224, 224, (400, 224)),
        ((2592, 1944), 96, 320, (320, 240)),
        ((640, 480), 1000, 1000, (640, 480)),
    ],
)
def test_stream_covers_the_input(
    sensor: tuple[int, int], height: int, width: int, expected: tuple[int, int]
) -> None:
    """The smallest even stream in the sensor's shape that covers the input, never past the sensor."""
    assert stream_size(sensor, Contract(("a", "b"), "gray", height, width)) == expected


def test_no_camera(fake: type[FakePicamera2]) -> None:
    """Says how to list cameras."""
    fake.cameras = ()
    with pytest.raises(ConfigurationError, match="rpicam-hello --list-cameras"):
        PiCamera(CONTRACT)


def test_camera_taken(fake: type[FakePicamera2]) -> None:
    """What picamera2 raises is told in one line."""
    fake.taken = True
    with pytest.raises(ConfigurationError, match="is another program using it"):
        PiCamera(CONTRACT)
