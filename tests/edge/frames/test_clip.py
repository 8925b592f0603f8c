"""Clips and folders that begin again, and clips at their own pace."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from edge.device import Device
from edge.frames import PATIENCE, Frame
from edge.frames.capture import Capture
from edge.frames.clip import Clip, _Pace
from edge.frames.files import ImageFiles
from edge.loop import Loop
from edge.scored import Scored
from edge.stop import Stop
from litescore import image
from litescore.errors import ConfigurationError, UsageError
from litescore.scorer import Scorer
from litescore.settings import Settings
from tests.edge.conftest import BLUE, RED, Write, plain
from tests.edge.frames.cameras import take

COUNT = 10  # frames of 25 a second: 0.4 s


@pytest.fixture
def clip(write_clip: Write) -> Path:
    return write_clip("clip.avi", [plain((n * 20, 0, 0)) for n in range(COUNT)])


def given(frames: Generator[Frame | None, None, None]) -> list[Frame]:
    return [frame for frame in frames if frame is not None]


def test_looped_clip(clip: Path) -> None:
    """It begins again for ever; numbers go on, while the same picture has the same id each time."""
    with closing(Clip(clip, loop=True).frames()) as frames:
        taken = take(frames, 2 * COUNT + 1)
    assert [frame.number for frame in taken] == list(range(2 * COUNT + 1))
    assert [frame.place["round"] for frame in taken] == [0] * COUNT + [1] * COUNT + [2]
    ids = [frame.subject.identity("model") for frame in taken]
    assert ids[:COUNT] == ids[COUNT : 2 * COUNT]
    assert len(set(ids)) == COUNT


def test_clip_that_is_not_looped_names_no_round(clip: Path) -> None:
    """Its records are as they were."""
    assert all(set(frame.place) == {"position"} for frame in given(Clip(clip).frames()))


def test_colors_of_a_second_round(write_clip: Write, color_scorer: Scorer, device: Device) -> None:
    """Red is red to the model however often the clip begins again."""
    clip = write_clip("colors.mp4", [plain(RED), plain(BLUE)])
    labels: list[str | None] = []

    class Kept:
        def see(self, scored: Scored) -> None:
            labels.append(scored.record.label)

    loop = Loop(color_scorer, device, watchers=[Kept()])
    loop.run(Clip(clip, loop=True), Stop(), max_frames=5)
    assert labels == ["red", "blue", "red", "blue", "red"]


def test_looped_folder(tmp_path: Path) -> None:
    """A folder is looked at anew in each round: what is there then is a frame."""
    (tmp_path / "a.png").write_bytes(image.encode_png(plain(RED)))
    frames = ImageFiles(tmp_path, Settings(), loop=True).frames()
    first = take(frames, 2)
    assert len({frame.subject.identity("model") for frame in first}) == 1
    (tmp_path / "b.png").write_bytes(image.encode_png(plain(BLUE)))
    after = take(frames, 4)
    assert {frame.place["name"] for frame in after[-2:]} == {"a.png", "b.png"}
    assert [frame.number for frame in first + after] == list(range(6))


def test_looped_folder_that_ran_empty(tmp_path: Path) -> None:
    """While nothing or no picture is in the folder the loop is told so, and goes on when one comes."""
    picture = tmp_path / "a.png"
    picture.write_bytes(image.encode_png(plain(RED)))
    with closing(ImageFiles(tmp_path, Settings(), loop=True).frames()) as frames:
        assert next(frames) is not None
        picture.unlink()
        assert next(frames) is None
        (tmp_path / "b.zip").write_bytes(b"")
        begun = time.monotonic()
        assert [next(frames), next(frames)] == [None, None]
        assert time.monotonic() - begun >= 2 * PATIENCE
        (tmp_path / "c.png").write_bytes(image.encode_png(plain(BLUE)))
        (last,) = take(frames, 1)
    assert (last.number, last.place["name"]) == (1, "c.png")


@pytest.mark.parametrize("loop", [True, False])
def test_folder_of_shards(tmp_path: Path, loop: bool) -> None:
    """Batch scoring reads shards; a source of pictures refuses a folder of them at once."""
    (tmp_path / "b.zip").write_bytes(b"")
    with pytest.raises(UsageError, match="only shards: name a folder of images"):
        ImageFiles(tmp_path, Settings(), loop=loop)


def test_real_time_takes_its_time(clip: Path) -> None:
    """No frame comes before its time, and the loop may look up meanwhile."""
    begun = time.monotonic()
    taken = given(Clip(clip, real_time=True).frames())
    assert time.monotonic() - begun >= (COUNT - 1) / 25
    first = taken[0]
    for frame in taken:
        due = frame.place["position"] - first.place["position"]
        assert frame.monotonic - first.monotonic >= due - 0.001


def test_real_time_leaves_out_what_is_late(write_clip: Write) -> None:
    """A slow loop gets the frame that is due, as of a camera; those in between are left out, and
    `member` still says which frame of the clip it is.
    """
    clip = write_clip("long.avi", [plain((n, n, n)) for n in range(60)])
    taken = []
    for frame in Clip(clip, real_time=True).frames():
        if frame is not None:
            taken.append(frame)
            time.sleep(0.2)
    members = [int(frame.subject.member or "") for frame in taken]
    assert len(taken) <= 14
    assert all(after - before >= 4 for before, after in pairwise(members))
    assert [frame.number for frame in taken] == list(range(len(taken)))
    for frame, member in zip(taken, members, strict=True):
        assert frame.place["position"] == round(member / 25, 3)


def test_real_time_waits_awake() -> None:
    """While the next frame is far, the loop is told so four times a second."""
    pace = _Pace(1.0)
    assert list(pace.wait(5.0)) == []
    begun = time.monotonic()
    assert list(pace.wait(5.6)) == [None, None]
    assert time.monotonic() - begun >= 0.6


def test_real_time_skips_awake(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While frames that are late are left out, the loop is told so, too. A clip that takes so long
    to decode takes longer to write: a small one's decoder is slowed down instead.
    """
    grab = Capture.grab

    def slow(capture: Capture) -> bool:
        time.sleep(0.1)
        return grab(capture)

    monkeypatch.setattr(Capture, "grab", slow)
    with closing(Clip(clip, real_time=True).frames()) as frames:
        first = take(frames, 1)
        assert [next(frames), next(frames)] == [None, None]
    assert first[0].number == 0


def test_clip_that_goes_away(clip: Path) -> None:
    """A looped clip that is gone, or has no frame any more, ends the loop instead of spinning it."""
    frames = Clip(clip, loop=True).frames()
    take(frames, COUNT)
    clip.write_bytes(clip.read_bytes()[:600])
    with pytest.raises(ConfigurationError, match=r"clip\.avi"):
        take(frames, 1)
