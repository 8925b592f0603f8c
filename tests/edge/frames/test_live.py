"""A live camera: the latest frame and no other, and the right colours."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from edge.device import Device
from edge.frames import tensor
from edge.frames.live import LiveCamera
from edge.loop import Loop
from edge.scored import Scored
from edge.stop import Stop
from litescore import image
from litescore.contract import Contract
from litescore.errors import PermanentError
from litescore.record import Record
from litescore.scorer import Scorer
from litescore.view import View
from tests.edge.conftest import BLUE, RED, Write, plain
from tests.edge.frames.cameras import Playing, Stepping, take


@pytest.fixture
def looping(write_clip: Write) -> Playing:
    return Playing(write_clip("shades.avi", [plain((n, n, n)) for n in range(50)]), loop=True)


def test_slow_consumer_gets_the_newest(looping: Playing, device: Device) -> None:
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


def test_fast_consumer_gets_each_once(looping: Playing, device: Device) -> None:
    """A frame is never given twice."""
    with closing(LiveCamera("looped", lambda: looping, device).frames()) as frames:
        taken = [frame.number for _ in range(40) if (frame := next(frames)) is not None]
    assert len(set(taken)) == len(taken) >= 30


def test_every_frame_has_an_id_of_its_own(looping: Playing, device: Device) -> None:
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
    camera = LiveCamera("camera", partial(Playing, clip), device)
    records: list[Record] = []

    class Kept:
        def see(self, scored: Scored) -> None:
            records.append(scored.record)

    loop = Loop(color_scorer, device, watchers=[Kept()])
    summary = loop.run(camera, Stop(), max_frames=3)
    assert [record.label for record in records] == [label] * 3
    assert (summary.frames, summary.failed) == (3, 0)
    assert records[0].source == "camera"


def test_sleeping_loop_gets_no_old_frame(device: Device) -> None:
    """A frame that waited while the loop slept, its camera gone meanwhile, is given to nobody."""
    camera = Stepping()
    source = LiveCamera("x", lambda: camera, device)
    with closing(source.frames()) as frames:
        camera.step()
        take(frames, 1)
        camera.step()
        time.sleep(1.2)
        assert next(frames) is None
        assert source.status().counts["dropped"] == 1
        camera.step()
        assert take(frames, 1)[0].number == 2
        camera.end()


def test_every_frame_is_counted(looping: Playing, device: Device) -> None:
    """What was captured was taken, dropped, or is at hand."""
    source = LiveCamera("looped", lambda: looping, device)
    with closing(source.frames()) as frames:
        taken = 0
        for _ in range(5):
            taken += len(take(frames, 1))
            time.sleep(0.03)
        status = source.status()
        assert status.state == "running"
        assert status.counts["captured"] > status.counts["dropped"] > 0
    counts = source.status().counts
    assert 0 <= counts["captured"] - counts["dropped"] - taken <= 1


def test_device_is_the_same_each_time() -> None:
    """Device and boot hold; the run, which tells loops apart, does not."""
    first, second = Device.here(), Device.here()
    assert (first.id, first.boot) == (second.id, second.boot)
    assert first.run < second.run
    assert len(first.id) == 12


def test_frames_are_fitted_ahead(looping: Playing, device: Device) -> None:
    """For the model that is on, on the camera's thread; for another one's contract not taken."""
    contract = Contract(("a", "b"), "gray", 8, 8, view=View(mirror=True))
    source = LiveCamera("looped", lambda: looping, device)
    source.expect(contract)
    ready = 0
    with closing(source.frames()) as frames:
        for _ in range(20):
            frame = next(frames)
            assert frame is not None
            assert isinstance(frame.pixels, np.ndarray)
            wanted = image.fit(frame.pixels, contract)
            np.testing.assert_array_equal(tensor(frame, contract), wanted)
            other = replace(contract, height=4)
            assert tensor(frame, other).shape == (4, 8, 1)
            ready += frame.ready is not None
    assert ready >= 10


def test_a_loop_that_is_behind_has_nothing_fitted_in_vain(looping: Playing, device: Device) -> None:
    """While a frame waits, later ones are not fitted: of a hundred most would be left out."""
    contract = Contract(("a", "b"), "gray", 8, 8)
    source = LiveCamera("looped", lambda: looping, device)
    source.expect(contract)
    with closing(source.frames()) as frames:
        next(frames)
        time.sleep(0.3)
        late = next(frames)
        assert late is not None
        assert late.ready is None
        assert tensor(late, contract).shape == (8, 8, 1)


def test_a_region_outside_is_the_loops_to_tell(looping: Playing, device: Device) -> None:
    """What cannot be fitted comes as it is, and fails there as one frame."""
    contract = Contract(("a", "b"), "gray", 8, 8, view=View(region=(0, 0, 999, 999)))
    source = LiveCamera("looped", lambda: looping, device)
    source.expect(contract)
    with closing(source.frames()) as frames:
        frame = next(frames)
        assert frame is not None
        assert frame.ready is None
        with pytest.raises(PermanentError, match="999"):
            tensor(frame, contract)
