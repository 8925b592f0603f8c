"""A camera whose thread does not come back: from a read, from opening, from closing."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from dataclasses import replace

import pytest

from edge.device import Device
from edge.frames.camera import Camera
from edge.frames.live import LiveCamera
from litescore.errors import ConfigurationError
from tests.edge.conftest import RED, Write, plain
from tests.edge.frames.cameras import PATIENCE, QUICK, Hanging, Playing, Stepping, take, until
from tests.edge.frames.openings import SHORT, Openings


def test_hung_camera_is_left(write_clip: Write, device: Device) -> None:
    """A thread that hangs in a driver is left and counted; when it comes back, its frames go
    nowhere, and its camera is closed.
    """
    clip = write_clip("clip.avi", [plain(RED)] * 5)
    hanging, good, back = Hanging(2), Playing(clip, loop=True), threading.Event()
    source = LiveCamera("x", Openings(hanging, back, good), device, SHORT)
    with closing(source.frames()) as frames:
        take(frames, 1)
        hung = until(source, frames, lambda s: s.state == "hung")
        assert (hung.reason, hung.counts["stuck"]) == ("no frame for 0.3 s", 1)
        back.set()
        assert take(frames, 1)[0].number >= 2
        hanging.freed.set()
        assert hanging.closed.wait(PATIENCE)
        status = until(source, frames, lambda s: s.counts["stuck"] == 0)
        assert (status.state, status.counts["reopened"]) == ("running", 1)
    assert good.closed.wait(PATIENCE)


def test_opening_that_hangs(device: Device) -> None:
    """An opening that does not return is left like a hung camera."""
    freed = threading.Event()

    def open_camera() -> Camera:
        freed.wait(PATIENCE)
        raise ConfigurationError("too late")

    source = LiveCamera("x", open_camera, device, replace(SHORT, open_within=1.0))
    begun = time.monotonic()
    with pytest.raises(ConfigurationError, match="x: not open within 1 s"):
        take(source.frames(), 1)
    assert time.monotonic() - begun >= 1  # and not after the 0.3 s that an open one may be silent
    freed.set()


def test_too_many_stuck_threads(device: Device) -> None:
    """Each hung thread holds memory: past the bound the loop ends, for systemd to start it anew."""
    cameras = [Hanging(1) for _ in range(4)]
    source = LiveCamera("x", Openings(*cameras), device, replace(SHORT, most_stuck=2))
    with pytest.raises(
        ConfigurationError, match=r"x: 3 threads hang in its driver.*start litescore"
    ):
        take(source.frames(), 4)
    for camera in cameras:
        camera.freed.set()


def test_stuck_thread_that_blocks_the_camera(device: Device) -> None:
    """Where a stuck thread holds the camera no opening helps: given up after a while."""
    camera = Hanging(1)
    source = LiveCamera("x", Openings(camera), device, replace(SHORT, stuck_for=1.0))
    with pytest.raises(ConfigurationError, match="x: 1 threads hang"):
        take(source.frames(), 2)
    assert source.status().state == "lost"
    camera.freed.set()


def test_camera_that_does_not_close(device: Device) -> None:
    """At the end a camera has its parting and no more: a second is all that a loop has to stop."""
    camera = Hanging(1)
    patient = replace(QUICK, farewell=PATIENCE)
    source = LiveCamera("x", lambda: camera, device, patient)
    with closing(source.frames()) as frames:
        take(frames, 1)
        begun = time.monotonic()
    assert time.monotonic() - begun < 5
    assert patient.parting <= 0.2
    camera.freed.set()


def test_openings_that_are_slow_to_fail(device: Device) -> None:
    """A name that resolves slowly keeps every opening longer than it may take, and none for ever:
    the camera is waited for, however long.
    """
    first = Stepping()
    cameras = iter([first])

    def open_camera() -> Camera:
        if (camera := next(cameras, None)) is not None:
            return camera
        time.sleep(0.2)
        raise ConfigurationError("x: no such host")

    slow = replace(SHORT, open_within=0.05, farewell=0.0, stuck_for=1.0, most_stuck=100)
    source = LiveCamera("x", open_camera, device, slow)
    with closing(source.frames()) as frames:
        first.step()
        (last,) = take(frames, 1)
        first.end()
        lost = until(source, frames, lambda s: s.counts["stuck"] > 0)
        until(source, frames, lambda _: time.monotonic() - last.monotonic > 2 * slow.stuck_for)
    assert lost.reason == "not open within 0.05 s"
