"""Where a public data set is found when no folder is named.

Places are asked in a fixed order: the folder named by LITESCORE_DATA, Debian's package, Keras'
cache, Keras' download (into that cache), and for Fashion-MNIST a slice that is shipped here. What
is found comes with a sentence for people about where it came from and why. Knows nothing of
training.
"""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from litescore import dataset
from litescore.errors import DataError
from litescore.files import write_whole
from trainer.images.download import fetch

DEBIAN_ROOT = Path("/usr/share/datasets")
SHIPPED_ROOT = Path(__file__).parent.parent / "data"

# What keras.datasets downloads, and from where.
KERAS_URL = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"

# data set -> file in Keras' cache -> SHA-256 of its content, unpacked where it is gzipped
KERAS_FILES = {
    "mnist": {
        "mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    },
    "fashion-mnist": {
        # The smallest first: where there is no way out, it shows at once.
        "t10k-labels-idx1-ubyte.gz": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
        "train-labels-idx1-ubyte.gz": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "t10k-images-idx3-ubyte.gz": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
        "train-images-idx3-ubyte.gz": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    },
}
TITLES = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST"}


@dataclass(frozen=True)
class Places:
    """Where to look. `data_root` is LITESCORE_DATA, `keras_home` is KERAS_HOME or ~/.keras."""

    data_root: str | None
    keras_home: Path
    debian_root: Path = DEBIAN_ROOT
    shipped_root: Path = SHIPPED_ROOT
    url: str = KERAS_URL


@dataclass(frozen=True)
class Found:
    """A data set, and a sentence about its origin.

    place    for `litescore.dataset.source`: a path or an s3:// URL
    shipped  it is the slice that litescore ships, not the whole
    """

    place: str
    origin: str
    shipped: bool = False


def find(name: str, places: Places, say: Callable[[str], None] = lambda _: None) -> Found:
    """The data set `mnist` or `fashion-mnist` from the first place that has it.

    `say` is told before a download begins. Raises DataError naming every place and the fix.
    """
    reasons: list[str] = []
    for place in (_named_root, _debian, _keras_cache, partial(_downloaded, say=say)):
        try:
            return place(name, places)
        except DataError as error:
            reasons.append(str(error))
    return _shipped(name, places, reasons)


def _named_root(name: str, places: Places) -> Found:
    if not places.data_root:
        raise DataError(
            "LITESCORE_DATA is not set: it names the folder of mnist/ and fashion-mnist/"
        )
    path = Path(places.data_root) / name
    if not path.is_dir():
        raise DataError(f"LITESCORE_DATA={places.data_root} holds no folder {name}")
    dataset.load(path, "test")
    return Found(str(path), f"{TITLES[name]} from the folder that LITESCORE_DATA names")


def _debian(name: str, places: Places) -> Found:
    path = places.debian_root / name
    if not path.is_dir():
        raise DataError(f"no Debian package dataset-{name}")
    dataset.load(path, "test")
    return Found(str(path), f"{TITLES[name]} from Debian's package dataset-{name}")


def _keras_cache(name: str, places: Places) -> Found:
    folder = _cache_folder(name, places)
    for file, digest in KERAS_FILES[name].items():
        path = folder / file
        if not path.is_file():
            raise DataError(f"nothing in Keras' cache: no {path}")
        if _content_digest(path.read_bytes()) != digest:
            raise DataError(f"{path} in Keras' cache is damaged")
    return Found(str(_loadable(folder, name)), f"{TITLES[name]} from Keras' cache")


def _downloaded(name: str, places: Places, *, say: Callable[[str], None]) -> Found:
    say(f"downloading {TITLES[name]} from {places.url} into Keras' cache")
    folder = _cache_folder(name, places)
    for file, digest in KERAS_FILES[name].items():
        content = fetch(places.url + file)
        if _content_digest(content) != digest:
            raise DataError(f"cannot download {places.url}{file}: its checksum is wrong")
        write_whole(folder / file, content)
    return Found(
        str(_loadable(folder, name)), f"{TITLES[name]} from {places.url}, now in Keras' cache"
    )


def _shipped(name: str, places: Places, reasons: list[str]) -> Found:
    path = places.shipped_root / name
    tried = "; ".join(reasons)
    if not path.is_dir():
        raise DataError(
            f"no {TITLES[name]} here ({tried}): name its folder with --data, or a folder that "
            f"holds {name}/ with LITESCORE_DATA"
        )
    sizes = [f"{len(dataset.load(path, split)):,}" for split in ("train", "test")]
    origin = (
        f"a slice of {TITLES[name]} that litescore ships ({sizes[0]} training and {sizes[1]} test "
        f"images), for want of the whole: {tried}"
    )
    return Found(str(path), origin, shipped=True)


def _cache_folder(name: str, places: Places) -> Path:
    datasets = places.keras_home / "datasets"
    return datasets if name == "mnist" else datasets / name


def _loadable(folder: Path, name: str) -> Path:
    """A folder of IDX files, or the one archive in a folder shared with others."""
    files = list(KERAS_FILES[name])
    return folder / files[0] if len(files) == 1 else folder


def _content_digest(data: bytes) -> str:
    try:
        content = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    except (OSError, EOFError, zlib.error):
        return "damaged"
    return hashlib.sha256(content).hexdigest()
