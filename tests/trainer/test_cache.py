"""Decoded images on disk: the pixels that serving sees, and which of them are decoded anew."""

from __future__ import annotations

import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from litescore import batch, contract, dataset, image
from litescore.contract import Contract
from litescore.dataset import Dataset
from litescore.record import Subject
from litescore.scorer import Probabilities, Scorer
from litescore.view import View
from tests.litescore import tiny
from tests.trainer.cached import HELD
from tests.trainer.pictures import photograph, write_idx_set
from trainer.images import cache, home, workers


class Watching(Scorer):
    """A scorer that keeps what it is given."""

    def __init__(self, model: bytes) -> None:
        super().__init__(model, batch=3)
        self.seen: list[NDArray[np.uint8]] = []

    def probabilities(self, tensors: NDArray[np.uint8]) -> Probabilities:
        self.seen.append(tensors.copy())
        return super().probabilities(tensors)


def served(held: Contract, data: Dataset) -> NDArray[np.uint8]:
    """What a model is given by the pipeline of `litescore score` and of Lambda."""
    shape = (held.height, held.width, held.channels)
    scorer = Watching(contract.append(tiny.build(shape, 2, dtype="uint8"), held))
    subjects = [Subject(data.where(index)) for index in range(len(data))]
    assert all(one.record and one.record.status == "scored" for one in batch.run(subjects, scorer))
    return np.concatenate(scorer.seen)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Pictures of every kind: large JPEGs, turned, CMYK, gray, progressive; 16-bit and palette PNG."""
    tmp_path = tmp_path_factory.mktemp("pictures")
    sea, exif = photograph("blue", 1, (480, 310)), Image.Exif()
    exif[0x0112] = 6
    kinds: dict[str, tuple[Image.Image, dict[str, object]]] = {
        "plain.jpg": (sea, {}),
        "turned.jpg": (sea, {"exif": exif}),
        "cmyk.jpg": (sea.convert("CMYK"), {}),
        "gray.jpg": (sea.convert("L"), {"progressive": True}),
        "palette.png": (sea.quantize(16), {}),
        "alpha.png": (sea.convert("RGBA"), {}),
        "16-bit.png": (
            Image.fromarray((np.arange(6400).reshape(80, 80) * 10).astype(np.uint16)),
            {},
        ),
    }
    for folder in ("blue", "red"):
        (tmp_path / "odd" / folder).mkdir(parents=True)
        for name, (picture, options) in kinds.items():
            picture.save(tmp_path / "odd" / folder / name, **options)
    return dataset.load(tmp_path / "odd", "all")


@pytest.mark.parametrize(
    ("held", "few"),
    [
        (HELD, 0),
        (HELD, workers.FEW),
        (replace(HELD, jpeg="full", resize="fit-longest", padding=9, color="gray"), workers.FEW),
        (
            replace(
                HELD, view=View(rotate=90, mirror=True, region=(0.1, 0.2, 0.5, 0.6), invert=True)
            ),
            workers.FEW,
        ),
    ],
    ids=["scaled, in processes", "scaled", "full, gray, padded", "viewed"],
)
def test_training_sees_what_serving_sees(
    odd: Dataset, held: Contract, few: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bit for bit, decoded in this process or in others, the first time and from the cache."""
    monkeypatch.setattr(workers, "FEW", few)
    wanted = served(held, odd)
    for _ in range(2):
        cached = cache.tensors(odd, held, root=tmp_path / "cache")
        np.testing.assert_array_equal(cached, wanted)
        assert isinstance(cached, np.memmap)
        assert not cached.flags.writeable
        monkeypatch.undo()  # What is there is read in threads: processes cost seconds.


def test_one_changed_picture_is_the_only_one_decoded(
    photos: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By content: a file that is only touched is none, and the others are copied."""
    root, count = tmp_path / "cache", []
    cache.tensors(photos, HELD, root=root)
    own = image.decode_to_tensor

    def counting(*words: object, **options: object) -> NDArray[np.uint8]:
        count.append(1)
        return own(*words, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(image, "decode_to_tensor", counting)
    path = Path(photos.where(5))
    os.utime(path, (1, 1))
    cache.tensors(photos, HELD, root=root)
    assert not count
    photograph("red", 999).save(path)
    changed = cache.tensors(photos, HELD, root=root)
    assert len(count) == 1
    np.testing.assert_array_equal(changed[5], photos.tensors(HELD)[5])
    cache.tensors(photos.take(range(40, 10, -1)), HELD, root=root)
    assert len(count) == 1 + 48


def test_another_contract_is_another_entry(photos: Dataset) -> None:
    """Each field that changes pixels changes the name; what does not change them does not."""
    others = [
        replace(HELD, **{name: value})  # type: ignore[arg-type]
        for name, value in {
            "color": "gray",
            "height": 25,
            "width": 25,
            "resize": "fit-longest",
            "padding": 1,
            "jpeg": "full",
            "view": View(mirror=True),
        }.items()
    ]
    others += [replace(HELD, jpeg="full", interpolation="bilinear")]
    assert len({cache.pixels_key(one) for one in (HELD, *others)}) == 9
    same = replace(HELD, labels=("a", "b"), output="multilabel", origin={"seed": 1})
    assert cache.pixels_key(same) == cache.pixels_key(HELD)


def test_arrays_that_fit_stay_as_they_are(tmp_path: Path) -> None:
    """Others are fitted once, as files are."""
    data = dataset.load(write_idx_set(tmp_path / "noise"), "train")
    flat = Contract(data.labels, "gray", 6, 6)
    assert np.shares_memory(cache.tensors(data, flat, root=tmp_path / "cache"), data.images)
    assert not (tmp_path / "cache").exists()
    wide = replace(flat, width=9, color="rgb")
    fitted = cache.tensors(data, wide, root=tmp_path / "cache")
    assert isinstance(fitted, np.memmap)
    np.testing.assert_array_equal(fitted, data.tensors(wide))


def test_the_cache_is_bounded(
    photos: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was used longest ago goes first; what is in use stays readable."""
    root = tmp_path / "cache"
    monkeypatch.setattr(cache, "MOST", 2 * 48 * 20 * 24 * 3)
    first = cache.tensors(photos, HELD, root=root)
    for number, width in enumerate((21, 22, 23)):
        for path in root.glob("*/*"):
            os.utime(path, (path.stat().st_mtime - 100,) * 2)
        cache.tensors(photos, replace(HELD, width=width), root=root)
        assert len(list(root.glob("*/*"))) == min(number + 2, 2)
    assert {np.load(path).shape[2] for path in root.glob("*/*/pixels.npy")} == {22, 23}
    np.testing.assert_array_equal(first, photos.tensors(HELD))
    shutil.rmtree(root)
    assert len(cache.tensors(photos, HELD, root=root)) == 48


def test_every_module_that_makes_pixels_names_an_entry() -> None:
    """What `litescore.image` imports of the floor, but for the contract and errors, is counted."""
    named = {module.__name__ for module in cache._CODE}
    own = {
        str(module)
        for held in list(named)
        for value in vars(sys.modules[held]).values()
        if str(
            module := getattr(value, "__module__", None) or getattr(value, "__name__", "")
        ).startswith("litescore.")
    }
    assert own - named <= {"litescore.contract", "litescore.errors"}


@pytest.mark.parametrize(
    ("environ", "system", "ending"),
    [
        ({"LITESCORE_CACHE": "/here", "XDG_CACHE_HOME": "/x"}, "linux", "/here"),
        ({"XDG_CACHE_HOME": "/x"}, "linux", "/x/litescore/images"),
        ({"XDG_CACHE_HOME": "relative"}, "linux", "/.cache/litescore/images"),
        ({}, "darwin", "/Library/Caches/litescore/images"),
        ({"LOCALAPPDATA": "/local"}, "win32", "/local/litescore/images"),
        ({}, "win32", "/AppData/Local/litescore/images"),
    ],
)
def test_each_systems_own_cache(environ: dict[str, str], system: str, ending: str) -> None:
    """Without a variable it is below the home folder."""
    assert home.folder(environ, system).as_posix().endswith(ending)
