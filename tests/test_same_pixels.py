"""A folder of large JPEGs through every room: whatever reads it gives a model the same pixels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edge.device import Device
from edge.frames import tensor
from edge.frames.opening import choose
from edge.frames.options import SourceOptions
from export.calibrate import representative
from litescore import batch, contract, dataset, image
from litescore.contract import Contract
from litescore.record import Subject
from litescore.scorer import Probabilities, Scorer
from litescore.settings import Settings
from litescore.view import WHOLE, View
from tests.litescore import tiny
from tests.litescore.packed import zip_of
from tests.litescore.pictures import encode, photograph
from trainer.images import splits

Tensors = NDArray[np.uint8]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`train/<class>/*.jpg`, of every EXIF orientation, and a `test` part."""
    root, sea = tmp_path_factory.mktemp("photos"), photograph(1213, 907)
    exif = Image.Exif()
    for number in range(16):
        exif[0x0112] = 1 + number // 2
        for part in ("train", "test") if number < 2 else ("train",):
            folder = root / part / ("calm", "rough")[number % 2]
            folder.mkdir(parents=True, exist_ok=True)
            picture = sea.rotate(number).convert("L" if number == 5 else "RGB")
            data = encode(picture, "JPEG", quality=90, progressive=number == 7, exif=exif)
            (folder / f"{number:02}.jpg").write_bytes(data)
    return root


class Watching(Scorer):
    """A scorer that keeps what it is given."""

    def __init__(self, model: bytes) -> None:
        super().__init__(model, batch=5)
        self.seen: list[Tensors] = []

    def probabilities(self, tensors: Tensors) -> Probabilities:
        self.seen.append(tensors.copy())
        return super().probabilities(tensors)


def scored(held: Contract, *sources: Path) -> Tensors:
    """What the model of batch scoring is given."""
    shape = (held.height, held.width, held.channels)
    scorer = Watching(contract.append(tiny.build(shape, 2, dtype="uint8"), held))
    outcomes = list(batch.run([Subject(str(one)) for one in sources], scorer))
    assert all(one.record and one.record.status == "scored" for one in outcomes)
    return np.concatenate(scorer.seen)


def framed(held: Contract, sources: list[Path]) -> Tensors:
    """What the model of the camera's loop is given, of files."""
    device = Device(id="0123456789ab", boot="boot", run=7)
    opened = [choose(SourceOptions(str(one)), held, device, Settings()).frames() for one in sources]
    return np.stack([tensor(frame, held) for frames in opened for frame in frames if frame])


# A camera that hangs on its side before a mirror, above dark digits; of what it sees the lower left.
VIEW = View(rotate=90, mirror=True, region=(20, 180, 170, 140), invert=True)


def test_training_sees_the_cameras_crop(tmp_path: Path) -> None:
    """Of whole frames kept as PNG: training, evaluation, calibration and batch scoring see bit for
    bit what the loop makes of the camera's arrays; so do shards of files and of arrays. Arrays that
    are tensors already stay what they are.
    """
    frames = [np.asarray(photograph(320 + n, 240)) for n in range(8)]
    for number, frame in enumerate(frames):
        folder = tmp_path / "frames" / ("calm", "rough")[number // 4]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.png").write_bytes(encode(frame))
    parts = splits.load(tmp_path / "frames", 0, seed=0, size=32, view=VIEW)
    held, data = parts.contract, dataset.load(tmp_path / "frames", "all")
    camera = np.stack([image.fit(frame, held) for frame in frames])
    assert held.view == VIEW
    assert (camera != np.stack([image.fit(one, replace(held, view=WHOLE)) for one in frames])).any()
    seen = {one.tobytes() for part in (parts.train, parts.test) for one in part.tensors}
    assert seen == {one.tobytes() for one in camera}
    np.testing.assert_array_equal(data.tensors(held), camera)
    assert {one.tobytes() for one in representative(data, held)[:-2]} == seen
    files = [Path(str(one)) for one in data.images if isinstance(one, dataset.Picture)]
    np.testing.assert_array_equal(scored(held, *files), camera)
    shard = tmp_path / "s.zip"
    shard.write_bytes(zip_of({path.name: path.read_bytes() for path in files}))
    np.testing.assert_array_equal(scored(held, shard), camera)
    same = [frame[:, :320] for frame in frames]
    np.savez(tmp_path / "same.npz", x_test=np.stack(same), y_test=np.arange(8) % 2)
    np.savez(tmp_path / "tensors.npz", x_test=camera, y_test=np.arange(8) % 2)
    for name, wanted in (("same", [image.fit(one, held) for one in same]), ("tensors", camera)):
        path = tmp_path / f"{name}.npz"
        np.testing.assert_array_equal(dataset.load(path, "test").tensors(held), wanted)
        np.testing.assert_array_equal(scored(held, path), wanted)


def test_every_room_sees_the_same_pixels(root: Path, tmp_path: Path) -> None:
    """Training, calibration, evaluation, batch scoring of files and of a shard, and the loop's
    folder, bit for bit; and they are not those of decoding in full.
    """
    parts = splits.load(root, 0, seed=0, size=96)
    data = dataset.load(root, "train")
    files = [Path(str(one)) for one in data.images if isinstance(one, dataset.Picture)]
    held = parts.contract
    assert (held.jpeg, held.color, len(files)) == ("scaled", "rgb", 16)
    shard = tmp_path / "s.zip"
    shard.write_bytes(zip_of({f"{n:02}.jpg": one.read_bytes() for n, one in enumerate(files)}))
    trained = parts.train.tensors
    np.testing.assert_array_equal(data.tensors(held), trained)
    np.testing.assert_array_equal(scored(held, *files), trained)
    np.testing.assert_array_equal(scored(held, shard), trained)
    np.testing.assert_array_equal(framed(held, files), trained)
    drawn = {one.tobytes() for one in representative(data, held)[:-2]}
    assert drawn == {one.tobytes() for one in trained}
    full = data.tensors(replace(held, jpeg="full"))
    assert all((one != other).any() for one, other in zip(full, trained, strict=True))


def test_every_room_sees_the_same_region(root: Path) -> None:
    """Of JPEGs that the decoder scales as far as the region allows."""
    view = View(rotate=270, region=(0.2, 0.3, 0.5, 0.6))
    parts = splits.load(root, 0, seed=0, size=96, view=view)
    held, data = parts.contract, dataset.load(root, "train")
    files = [Path(str(one)) for one in data.images if isinstance(one, dataset.Picture)]
    np.testing.assert_array_equal(scored(held, *files), parts.train.tensors)
    full = data.tensors(replace(held, jpeg="full")).astype(int)
    apart = np.abs(full - parts.train.tensors).max(axis=(1, 2, 3))
    assert 0 < apart.min() <= apart.max() <= 16
