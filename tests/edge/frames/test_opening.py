"""Folders and clips: every frame in order, and the same records as the batch pipeline's."""

from __future__ import annotations

import os
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.device import Device
from edge.frames import Frame, Source
from edge.frames.clip import Clip
from edge.frames.opening import choose
from edge.frames.options import SourceOptions
from edge.loop import Loop
from edge.scored import Scored
from edge.stop import Stop
from litescore import batch, image
from litescore.contract import Contract
from litescore.errors import ConfigurationError, LitescoreError, PermanentError, UsageError
from litescore.record import Record
from litescore.scorer import Scorer
from litescore.settings import Settings
from litescore.sources import subjects
from tests.edge.conftest import BLUE, GREEN, RED, Write, plain
from tests.rig.pngs import Pngs

CONTRACT = Contract(("a", "b"), "rgb", 28, 28)


class Kept:
    """A watcher that keeps every record."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def see(self, scored: Scored) -> None:
        self.records.append(scored.record)


def score(source: Source, scorer: Scorer, device: Device) -> list[Record]:
    kept = Kept()
    Loop(scorer, device, watchers=[kept]).run(source, Stop())
    return kept.records


def open_source(path: Path, device: Device) -> Source:
    return choose(SourceOptions(str(path)), CONTRACT, device, Settings())


def frames(source: Source) -> list[Frame]:
    return [frame for frame in source.frames() if frame is not None]


def test_folder_records_are_the_batch_pipelines(
    pngs: Pngs, int8_model: Path, device: Device
) -> None:
    """Ids, labels and scores of a folder's images are those of `litescore score`."""
    scorer = Scorer(int8_model)
    source = choose(SourceOptions(str(pngs.folder)), scorer.contract, device, Settings())
    ours = [
        record._replace(frame=None, decision=None, at="")
        for record in score(source, scorer, device)
    ]
    outcomes = batch.run(subjects([str(pngs.folder)]), scorer, settings=Settings())
    theirs = [outcome.record._replace(at="") for outcome in outcomes if outcome.record]
    assert len(ours) == 50
    assert ours == theirs


def test_a_shard_in_the_folder_is_no_frame(pngs: Pngs, device: Device, tmp_path: Path) -> None:
    """Batch scoring opens it; a camera loop takes pictures only."""
    shutil.copy(next(pngs.folder.glob("*.png")), tmp_path / "a.png")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as shard:
        shard.write(tmp_path / "a.png", "inside.png")
    assert len(frames(open_source(tmp_path, device))) == 1


def test_folder_in_order_with_names(pngs: Pngs, device: Device) -> None:
    """Every file once, sorted by name, numbered from 0, each with its name."""
    found = frames(open_source(pngs.folder, device))
    assert [frame.place["name"] for frame in found] == [f"{n:04d}.png" for n in range(50)]
    assert [frame.number for frame in found] == list(range(50))


def test_failed_beside_neighbours(tmp_path: Path, color_scorer: Scorer, device: Device) -> None:
    """A file that is no image has a failed record; those before and after it are scored."""
    (tmp_path / "1.png").write_bytes(image.encode_png(plain(RED)))
    (tmp_path / "2.jpg").write_text("no picture")
    (tmp_path / "3.png").write_bytes(b"")
    (tmp_path / "4.png").write_bytes(image.encode_png(plain(BLUE)))
    records = score(open_source(tmp_path, device), color_scorer, device)
    assert [record.status for record in records] == ["scored", "failed", "failed", "scored"]
    assert [record.label for record in records] == ["red", None, None, "blue"]
    assert [record.kind for record in records[1:3]] == ["unsupported", "corrupt"]
    assert records[1].etag == f"10-{(tmp_path / '2.jpg').stat().st_mtime_ns}"
    assert records[1].frame is not None
    assert records[1].frame["name"] == "2.jpg"


def test_image_that_went_away(tmp_path: Path, device: Device) -> None:
    """A file removed while the loop runs is a failed frame, not the end of it."""
    for name in ("1.png", "2.png"):
        (tmp_path / name).write_bytes(image.encode_png(plain(RED)))
    given = open_source(tmp_path, device).frames()
    next(given)
    (tmp_path / "2.png").unlink()
    last = next(given)
    assert last is not None
    assert isinstance(last.pixels, PermanentError)
    assert last.pixels.kind == "gone"


def test_single_image(tmp_path: Path, color_scorer: Scorer, device: Device) -> None:
    """An image file is a source of one frame."""
    path = tmp_path / "green.png"
    path.write_bytes(image.encode_png(plain(GREEN)))
    assert [r.label for r in score(open_source(path, device), color_scorer, device)] == ["green"]


def test_clip_every_frame_in_order(write_clip: Write, device: Device) -> None:
    """Of a lossless clip every frame comes once, in order, pixel for pixel, with its position."""
    shades = [plain((n * 4, 255 - n * 4, n)) for n in range(60)]
    found = frames(open_source(write_clip("shades.avi", shades), device))
    assert len(found) == 60
    for frame, shade in zip(found, shades, strict=True):
        assert isinstance(frame.pixels, np.ndarray)
        np.testing.assert_allclose(frame.pixels, shade, atol=2)  # FFV1 keeps YUV, not RGB
    assert [frame.place["position"] for frame in found] == [round(n / 25, 3) for n in range(60)]


@pytest.mark.parametrize("name", ["clip.avi", "clip.mp4"])
def test_clip_colors(name: str, write_clip: Write, color_scorer: Scorer, device: Device) -> None:
    """A red frame is red to the model, a blue one blue, in a lossless and in a lossy clip."""
    clip = write_clip(name, [plain(color) for color in (RED, BLUE, GREEN)])
    records = score(open_source(clip, device), color_scorer, device)
    assert [record.label for record in records] == ["red", "blue", "green"]


def test_clip_is_gray_to_a_gray_model(write_clip: Write, device: Device) -> None:
    """A gray model's tensor is made of the clip's colours by the one rule there is."""
    clip = write_clip("red.avi", [plain(RED, 28)])
    frame = frames(open_source(clip, device))[0]
    gray = image.fit(frame.pixels, replace(CONTRACT, color="gray"))
    assert gray.shape == (28, 28, 1)
    # ITU-R 601: red is 0.299 of luma; with the channels swapped it would be blue's 29.
    assert abs(int(gray[0, 0, 0]) - 76) <= 1


def test_clip_ids_hold(write_clip: Write, color_scorer: Scorer, device: Device) -> None:
    """A clip scored again, even after a reboot, gives the same ids; its frames have different ones."""
    clip = write_clip("clip.avi", [plain(RED), plain(RED)])
    first = score(Clip(clip), color_scorer, device)
    again = score(Clip(clip), color_scorer, replace(device, boot="another", run=8))
    assert [record.id for record in first] == [record.id for record in again]
    assert [record.member for record in first] == ["0", "1"]
    assert len({record.id for record in first}) == 2


def test_cut_clip(write_clip: Write, device: Device) -> None:
    """A clip whose end is missing gives what is there."""
    clip = write_clip("clip.avi", [plain((n, n, n), 64) for n in range(100)])
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    assert 10 < len(frames(Clip(clip))) < 100


def text(folder: Path) -> Path:
    """FFmpeg would play this as a film of a terminal."""
    path = folder / "notes.txt"
    path.write_text("hello, world\n" * 100)
    return path


def noise(folder: Path) -> Path:
    path = folder / "clip.mp4"
    path.write_bytes(np.random.default_rng(0).bytes(100_000))
    return path


def empty_file(folder: Path) -> Path:
    path = folder / "empty.mp4"
    path.touch()
    return path


def empty_folder(folder: Path) -> Path:
    return folder


def folder_of_others(folder: Path) -> Path:
    (folder / "notes.md").touch()
    return folder


def missing(folder: Path) -> Path:
    return folder / "nowhere"


def missing_image(folder: Path) -> Path:
    return folder / "nowhere.png"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (text, ConfigurationError, "is no video: name a folder"),
        (noise, ConfigurationError, "OpenCV cannot read .*clip.mp4 as video"),
        (empty_file, ConfigurationError, "is no video"),
        (empty_folder, UsageError, "no images at"),
        (folder_of_others, UsageError, "no images at"),
        (missing, ConfigurationError, "no source .*nowhere: name a folder"),
        (missing_image, ConfigurationError, "no such file or folder: .*nowhere.png"),
        (lambda _: "/dev/video63", ConfigurationError, "no camera /dev/video63 .*v4l2-ctl"),
        (lambda _: "63", ConfigurationError, "no camera /dev/video63"),
        (lambda _: "/dev/null", ConfigurationError, "cannot read /dev/null as video.*v4l2-ctl"),
        (lambda _: "s3://bucket/", UsageError, "s3://bucket/: such URLs are no source; name"),
        (lambda _: "rtsp:///stream", UsageError, "no host or no port; such as rtsp://camera:554"),
        (lambda _: "rtsp://camera:no/", UsageError, "no host or no port"),
        (lambda _: "picamera:x", ConfigurationError, "no source picamera:x"),
        (lambda _: "picamera", ConfigurationError, "sudo apt install python3-picamera2"),
    ],
)
def test_bad_source(
    make: object,
    error: type[LitescoreError],
    message: str,
    tmp_path: Path,
    device: Device,
) -> None:
    """One line that names the source and the fix."""
    assert callable(make)
    with pytest.raises(error, match=message) as raised:
        frames(choose(SourceOptions(str(make(tmp_path))), CONTRACT, device, Settings()))
    assert "\n" not in str(raised.value)


def test_device_not_allowed(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera without permission names the group. Root may open anything, so `os.access` is
    answered for it; the device is a real one that is no camera.
    """
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ConfigurationError, match="usermod -aG video"):
        frames(open_source(Path("/dev/null"), device))
