"""Pi cameras through the real picamera2, as far as that goes without one.

libcamera and the camera are stood in for (see `tests.rig.libcamera`): the configuration, its checks,
the event loop, the requests, row padding and the order of colours are picamera2's own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest

from edge.device import Device
from edge.frames.live import LiveCamera
from edge.frames.picamera import PiCamera, stream_size
from edge.loop import Loop
from edge.scored import Scored
from edge.stop import Stop
from litescore.contract import Contract
from litescore.errors import ConfigurationError, UsageError
from litescore.scorer import Scorer
from litescore.view import View
from tests.edge.conftest import BLUE, RED
from tests.edge.frames.cameras import QUICK, take, until
from tests.rig import libcamera
from tests.rig.picamera2 import installed

CONTRACT = Contract(("a", "b"), "rgb", 224, 224)


@pytest.fixture
def pi_4() -> Iterator[libcamera.CameraManager]:
    with installed("VC4") as manager:
        yield manager


@pytest.fixture
def pi_5() -> Iterator[libcamera.CameraManager]:
    with installed("PISP") as manager:
        yield manager


@pytest.fixture(params=["pi_4", "pi_5"])
def pi(request: pytest.FixtureRequest) -> libcamera.CameraManager:
    """The cameras of a Pi 4 and, in a second turn, of a Pi 5."""
    manager: libcamera.CameraManager = request.getfixturevalue(request.param)
    return manager


def streams(manager: libcamera.CameraManager) -> list[tuple[tuple[int, int], str]]:
    """Size and format of what was configured, without the raw stream."""
    return [
        (stream.size.to_tuple(), str(stream.pixel_format))
        for stream in manager.cameras[0].configured
        if not str(stream.pixel_format).startswith("S")
    ]


def test_main_is_small_on_a_pi_4(pi_4: libcamera.CameraManager) -> None:
    """One small stream whose arrays have red first."""
    with closing(PiCamera(CONTRACT)):
        assert streams(pi_4) == [((300, 224), "BGR888")]


def test_lores_is_read_on_a_pi_5(pi_5: libcamera.CameraManager) -> None:
    """The second stream, of the shape of the first: it is cut like that and scaled to its own."""
    with closing(PiCamera(CONTRACT)) as camera:
        assert streams(pi_5) == [((300, 224), "XBGR8888"), ((300, 224), "BGR888")]
        shot = camera.read()
        assert shot is not None
        assert shot.pixels.shape == (224, 300, 3)


def test_why_there_is_no_lores_on_a_pi_4(pi_4: libcamera.CameraManager) -> None:
    """picamera2 refuses colours there."""
    import picamera2

    with closing(picamera2.Picamera2()) as camera:
        asked = camera.create_video_configuration(lores={"size": (320, 240), "format": "BGR888"})
        with pytest.raises(RuntimeError, match="lores stream must be YUV"):
            camera.configure(asked)


@pytest.mark.parametrize(("color", "label"), [(RED, "red"), (BLUE, "blue")])
def test_colors(
    color: tuple[int, int, int],
    label: str,
    pi: libcamera.CameraManager,
    color_scorer: Scorer,
    device: Device,
) -> None:
    """What the sensor sees red is red to the model, out of rows that are padded."""
    pi.cameras[0].color = color
    labels: list[str | None] = []

    class Kept:
        def see(self, scored: Scored) -> None:
            labels.append(scored.record.label)

    opened = partial(PiCamera, color_scorer.contract, size=(300, 224))
    source = LiveCamera("picamera", opened, device)
    Loop(color_scorer, device, watchers=[Kept()]).run(source, Stop(), max_frames=2)
    assert labels == [label] * 2
    configured = list(pi.cameras[0].configured)[-2]  # the raw stream is the last
    assert configured.stride > configured.size.width * 3


def test_whole_field_of_view_and_30_a_second(pi: libcamera.CameraManager) -> None:
    """The mode of half the resolution, which the sensor reads from all of it; picamera2's rate."""
    with closing(PiCamera(CONTRACT)):
        camera = pi.cameras[0]
        assert camera.configured.sensor_config.output_size.to_tuple() == (1640, 1232)
        assert camera.asked["FrameDurationLimits"] == (33333, 33333)


def test_rate_and_size_that_were_asked_for(pi: libcamera.CameraManager) -> None:
    """They reach libcamera; what comes of an odd size is said."""
    with closing(PiCamera(CONTRACT, size=(641, 480), fps=10)) as camera:
        assert pi.cameras[0].asked["FrameDurationLimits"] == (100_000, 100_000)
        assert camera.note == "the camera gives 640x480, 641x480 was asked for"
        shot = camera.read()
        assert shot is not None
        assert shot.pixels.shape == (480, 640, 3)


def test_no_frame_is_stale(pi: libcamera.CameraManager) -> None:
    """A frame is one that was finished after it was asked for, however long nobody asked."""
    with closing(PiCamera(CONTRACT, fps=8)) as camera:
        for _ in range(2):
            time.sleep(0.3)
            asked = time.monotonic()
            shot = camera.read()
            assert shot is not None
            # The stand-in stamps a frame when its exposure begins, an eighth of a second before.
            assert shot.monotonic + 0.125 >= asked - 0.001


def test_cable_that_comes_loose(pi: libcamera.CameraManager, device: Device) -> None:
    """No frame for long: hung, closed and opened again without a thread left behind."""
    source = LiveCamera("picamera", partial(PiCamera, CONTRACT, patience=0.5), device, QUICK)
    camera = pi.cameras[0]
    with closing(source.frames()) as frames:
        take(frames, 2)
        camera.plugged = False
        until(source, frames, lambda s: s.state == "hung")
        camera.plugged = True
        until(source, frames, lambda s: s.state == "running")
        assert source.status().counts["stuck"] == 0
        take(frames, 2)


def test_second_camera(pi: libcamera.CameraManager) -> None:
    """Cameras have numbers; one that is not there is named with the last that is."""
    pi.cameras.append(libcamera.Camera("imx477@1a"))
    with closing(PiCamera(CONTRACT, 1)), closing(PiCamera(CONTRACT, 0)):
        assert all(camera.configured for camera in pi.cameras)
    with pytest.raises(
        ConfigurationError, match="picamera:2: no such camera, the last is picamera:1"
    ):
        PiCamera(CONTRACT, 2)


def test_no_camera(pi: libcamera.CameraManager) -> None:
    """Says how to list cameras."""
    pi.cameras.clear()
    with pytest.raises(ConfigurationError, match="rpicam-hello --list-cameras"):
        PiCamera(CONTRACT)


def test_camera_taken(pi: libcamera.CameraManager) -> None:
    """What picamera2 raises is told in one line; once it is free, it opens."""
    pi.cameras[0].acquire()
    with pytest.raises(ConfigurationError, match="is another program using it"):
        PiCamera(CONTRACT)
    pi.cameras[0].release()
    PiCamera(CONTRACT).close()


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


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        (View(region=(0.25, 0.25, 0.5, 0.5)), (598, 448)),
        (View(region=(0.0, 0.0, 0.1, 1.0)), (2240, 1680)),
        (View(rotate=90), (300, 224)),
        (View(rotate=90, region=(0.0, 0.0, 1.0, 0.5)), (448, 336)),
        (View(region=(0.0, 0.0, 0.01, 0.01)), (3200, 2400)),
    ],
)
def test_region_covers_the_input(view: View, expected: tuple[int, int]) -> None:
    """What the model sees of the stream is no smaller than its input, as long as the sensor has it."""
    contract = Contract(("a", "b"), "rgb", 224, 224, view=view)
    assert stream_size((3200, 2400), contract) == expected


def test_region_in_pixels_needs_a_size(pi: libcamera.CameraManager) -> None:
    """Pixels of a picture whose size nobody said are no region; with --size they are."""
    contract = Contract(("a", "b"), "rgb", 8, 8, view=View(region=(10, 10, 100, 100)))
    with pytest.raises(UsageError, match=r"the region 10,10,100,100 is in pixels.*--size"):
        PiCamera(contract)
    PiCamera(contract, size=(640, 480)).close()
