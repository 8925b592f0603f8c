"""Decoded images on disk: the pixels that serving sees, whole or made again."""

from __future__ import annotations

import io
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from litescore import batch, contract, dataset, image, lock
from litescore.contract import Contract
from litescore.dataset import Dataset
from litescore.errors import ConfigurationError, DataError
from litescore.record import Subject
from litescore.scorer import Probabilities, Scorer
from litescore.view import View
from tests.litescore import tiny
from tests.trainer.pictures import photograph, write_folder, write_idx_set
from trainer.images import cache, entry, home, workers

HELD = Contract(("blue", "red"), "rgb", 24, 20, jpeg="scaled")


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
    "held",
    [
        HELD,
        replace(HELD, jpeg="full", resize="fit-longest", padding=9, color="gray"),
        replace(HELD, view=View(rotate=90, mirror=True, region=(0.1, 0.2, 0.5, 0.6), invert=True)),
    ],
    ids=["scaled", "full-gray-padded", "viewed"],
)
@pytest.mark.parametrize("few", [0, workers.FEW], ids=["processes", "threads"])
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


@pytest.fixture
def photos(colors: Path) -> Dataset:
    """48 small photographs of two colours."""
    return dataset.load(colors, "all")


def said_of(data: Dataset, root: Path) -> list[str]:
    """What is said while all of them are had, right."""
    said: list[str] = []
    held = cache.tensors(data, HELD, root=root, say=said.append)
    np.testing.assert_array_equal(held, data.tensors(HELD))
    return said


def pixels_of(root: Path) -> Path:
    """The file of the only entry."""
    (path,) = root.glob("*/*/pixels.npy")
    return path


def flip(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


DAMAGES = {
    "a bit of an image": (lambda path: flip(path, -1), "decoding 1 of 48 images again"),
    "a bit of a digest": (lambda path: flip(path.with_name("rows.npy"), -20), "decoding 1 of 48"),
    "a bit of the header": (lambda path: flip(path, 1), "decoding 48 of 48"),
    "an end that is missing": (lambda path: os.truncate(path, 9000), "decoding 48 of 48"),
    "a file that is missing": (lambda path: path.with_name("rows.npy").unlink(), "48 of 48"),
    "a file that is empty": (lambda path: path.write_bytes(b""), "decoding 48 of 48"),
}


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_a_damaged_entry_is_mended(photos: Dataset, tmp_path: Path, damage: str) -> None:
    """It is never believed; only what is damaged is decoded again, and a line says so."""
    root = tmp_path / "cache"
    assert said_of(photos, root) == []
    do, words = DAMAGES[damage]
    do(pixels_of(root))
    (said,) = said_of(photos, root)
    assert "is damaged" in said
    assert words in said
    assert said_of(photos, root) == []


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


def test_pictures_that_cannot_be_decoded_are_all_named(photos: Dataset, tmp_path: Path) -> None:
    """And what can be is kept for when they are mended or gone."""
    for index in (3, 40):
        # Of a PNG the whole is read to know its orientation, of a JPEG the header.
        photograph("red", index, (64, 64)).save(held := io.BytesIO(), "JPEG")
        Path(photos.where(index)).write_bytes(held.getvalue()[:-300])
    with pytest.raises(DataError, match=r"\.png.*; .*\.png"):
        cache.tensors(photos, HELD, root=tmp_path / "cache")
    whole = [index for index in range(48) if index not in (3, 40)]
    said: list[str] = []
    cache.tensors(
        photos.take(whole), HELD, root=tmp_path / "cache", watch=lambda d, *_: said.append(d)
    )
    assert "decoding" not in said
    assert not list((tmp_path / "cache").rglob("*.part"))


def build(root: Path, source: Path, out: multiprocessing.Queue[bool]) -> None:
    """In a process of its own: the whole array is right."""
    data = dataset.load(source, "all")
    held = cache.tensors(data, HELD, root=root)
    out.put(bool((held == data.tensors(HELD)).all()))


def test_builders_of_one_entry_wait_for_each_other(colors: Path, tmp_path: Path) -> None:
    """Two processes and a holder of the lock: all have the same whole entry, and no lock is left."""
    root, spawn = tmp_path / "cache", multiprocessing.get_context("spawn")
    said = threading.Event()
    path = tmp_path / "lock"
    with lock.held(path, said.set):
        with lock.held_if_free(path) as free:
            assert not free
        waiting = threading.Thread(target=lambda: _held(path, said))
        waiting.start()
        assert said.wait(5)
    waiting.join(5)
    assert not waiting.is_alive()
    out = spawn.Queue()
    builders = [spawn.Process(target=build, args=(root, colors, out)) for _ in range(2)]
    for one in builders:
        one.start()
    assert [out.get(timeout=60) for _ in builders] == [True, True]
    for one in builders:
        one.join(10)
    pixels_of(root)
    assert not list(root.rglob("*.lock"))


def _held(path: Path, said: threading.Event) -> None:
    with lock.held(path, said.set):
        pass


SLOW = """
import sys, time
from pathlib import Path
from litescore import dataset
from tests.trainer.test_cache import HELD
from trainer.images import cache, workers
if __name__ == "__main__":
    workers.FEW = 0
    def watch(doing, done, of):
        if doing == "decoding":
            print(done, flush=True)
            time.sleep(0.5)
    cache.tensors(dataset.load(sys.argv[1], "all"), HELD, root=Path(sys.argv[2]), watch=watch)
"""


@pytest.mark.parametrize("by", [signal.SIGKILL, signal.SIGINT], ids=["killed", "ctrl-c"])
def test_a_process_that_ends_half_way(tmp_path: Path, by: signal.Signals) -> None:
    """Its workers end too; the next one goes on from what it did."""
    root = tmp_path / "cache"
    data = dataset.load(write_folder(tmp_path / "many", {"red": 150, "blue": 150}), "all")
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    command = [sys.executable, str(script), str(tmp_path / "many"), str(root)]
    environ = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        command, env=environ, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as slow:
        assert slow.stdout is not None
        assert slow.stdout.readline()
        os.killpg(slow.pid, by) if by == signal.SIGINT else slow.kill()
        slow.stdout.read()  # to the end: every worker has closed it
    (unfinished,) = root.glob("*/*.part")
    counts: list[int] = []
    held = cache.tensors(
        data, HELD, root=root, watch=lambda d, n, _: counts.append(n) if d == "decoding" else None
    )
    assert counts[0] > 32  # more than the first lot: something was there
    np.testing.assert_array_equal(held, data.tensors(HELD))
    assert not unfinished.exists()


def test_a_folder_that_cannot_be_written(photos: Dataset, tmp_path: Path) -> None:
    """Is named, with the way out."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"cannot keep .*file.*name another.*--cache"):
        cache.tensors(photos, HELD, root=tmp_path / "file" / "cache")


def test_a_disk_that_takes_no_more(photos: Dataset, tmp_path: Path) -> None:
    """Where nobody could predict it: a limit on a file's size stands for a full disk, which only
    root could make.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(ConfigurationError, match=r"cannot keep decoded images.*--cache"):
            cache.tensors(photos, HELD, root=tmp_path / "cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert len(cache.tensors(photos, HELD, root=tmp_path / "cache")) == 48


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


def test_rows_are_read_by_digest_and_sum_only(tmp_path: Path) -> None:
    """Pixels that agree with no checksum are nobody's."""
    digests = np.arange(64, dtype=np.uint8).reshape(2, 32)
    making = entry.Unfinished(tmp_path / "e", digests, (2, 1, 2, 1))
    with making.path.open("r+b", buffering=0) as file:
        total = entry.write(file, making.offset, 1, np.full((1, 2, 1), 7, np.uint8))
    making.note([1], [total])
    assert entry.good(tmp_path / "e", digests, (2, 1, 2, 1)).tolist() == [False, True]
    assert not entry.good(tmp_path / "e", digests[::-1], (2, 1, 2, 1)).any()
    assert not entry.good(tmp_path / "e", digests, (2, 2, 1, 1)).any()
