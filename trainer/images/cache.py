"""Decoded images on disk, memory-mapped: what training reads instead of files.

    ROOT/<how pictures become pixels>/<which pictures, in which order>/{pixels,rows}.npy

The first name is a digest of the contract's fields that change pixels, of the code that decodes and
of Pillow's version; the second one of the pictures' contents. So an entry never is out of date: what
changed has another name. Pictures that some entry holds already are copied from there. The folder
may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL
from numpy.typing import NDArray
from PIL import features

from litescore import cut, image, jpeg, lock, resize, tiff, turn, view
from litescore.contract import Contract
from litescore.dataset import Dataset
from litescore.errors import ConfigurationError, DataError
from trainer.images import decoding, entry, home, memory
from trainer.images.entry import Digests, Unfinished
from trainer.images.survey import Watch, refuse, survey, unwatched
from trainer.images.workers import Workers, workers

# Of the entry's form; another one is another name.
FORM = 1
# Bytes of all entries beside the one in use; the ones used longest ago go first.
MOST = 64 * 10**9

_FIELDS = ("color", "height", "width", "resize", "padding", "interpolation", "jpeg")
# What makes pixels of bytes: an entry that other code made serves no more.
_CODE = (image, cut, jpeg, resize, tiff, turn, view)
_UNFINISHED, _LOCK = ".part", ".lock"


def tensors(
    data: Dataset,
    contract: Contract,
    *,
    root: Path | None = None,
    watch: Watch = unwatched,
    say: Callable[[str], None] = lambda _: None,
) -> NDArray[np.uint8]:
    """uint8[n, height, width, channels] of `data`, decoded and fitted by `litescore.image`.

    Arrays that fit the contract stay as they are; all else is read-only and memory-mapped. `root` is
    the folder of all caches; None for the user's own. `watch` is told how far it is, `say` of damage.

    Raises DataError naming pictures that cannot be used, ConfigurationError for a folder that cannot
    be written or is too full.
    """
    with workers(len(data)) as pool:
        cache = Cache(root or home.folder(), pool, watch, say)
        if fits(data, contract):
            return data.tensors(contract)
        (found,) = survey([data], pool, watch, root=cache.root)
        return cache.tensors(data, contract, found.digests)


def fits(data: Dataset, contract: Contract) -> bool:
    """Whether images are arrays that are the contract's tensors already."""
    shape = data.images.shape[1:] if isinstance(data.images, np.ndarray) else ()
    flat = (contract.height, contract.width)
    return shape == (*flat, contract.channels) or (contract.channels == 1 and shape == flat)


class Undecodable(DataError):
    """Pictures whose header is whole and whose pixels are not: `problems` names each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Cache:
    """Entries below `root`, and who decodes what is missing."""

    root: Path
    workers: Workers
    watch: Watch = unwatched
    say: Callable[[str], None] = lambda _: None

    def tensors(self, data: Dataset, contract: Contract, digests: Digests) -> NDArray[np.uint8]:
        """See the module's `tensors`; `digests` are uint8[n, 32] of the pictures' contents.

        Raises Undecodable, once all others are decoded and kept.
        """
        if fits(data, contract):
            return data.tensors(contract)
        folder, shape = self.folder(contract, digests), _shape(contract, digests)
        if not entry.good(folder, digests, shape).all():
            self._make(folder, data, contract, digests)
        with suppress(OSError):
            os.utime(folder)
        return entry.mapped(folder)

    def folder(self, contract: Contract, digests: Digests) -> Path:
        """Where the entry lies, or would."""
        return self.root / pixels_key(contract) / _key(np.ascontiguousarray(digests).tobytes())

    def check_room(self, parts: Sequence[Digests], contract: Contract) -> None:
        """Raises ConfigurationError where what is not decoded yet finds no room on the disk."""
        folders = [self.folder(contract, digests) for digests in parts]
        absent = [
            len(digests)
            for folder, digests in zip(folders, parts, strict=True)
            if not folder.is_dir()
        ]
        surplus = sum(_size(one) for one in _entries(self.root) if one not in folders)
        if absent:
            memory.check_disk(self.root, sum(absent), contract, surplus=surplus)

    def _make(self, folder: Path, data: Dataset, contract: Contract, digests: Digests) -> None:
        waits = f"waiting for another process that decodes {data.name}"
        unfinished = folder.with_name(folder.name + _UNFINISHED)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with lock.held(folder.with_name(folder.name + _LOCK), lambda: self.say(waits)):
                if self._is_whole(folder, unfinished, digests, _shape(contract, digests)):
                    return
                _make_room(self.root, [folder, unfinished], len(digests), contract)
                making = Unfinished(unfinished, digests, _shape(contract, digests))
                self._fill(making, folder, data, contract, digests)
                making.finish(folder)
                _tidy(folder)
        except OSError as error:
            raise ConfigurationError(
                f"cannot keep decoded images in {self.root}: {error.strerror or error}; name "
                "another folder with --cache"
            ) from error

    def _is_whole(
        self, folder: Path, unfinished: Path, digests: Digests, shape: entry.Shape
    ) -> bool:
        """Whether another process made it meanwhile; a damaged one becomes an unfinished one."""
        if not folder.exists():
            return False
        bad = int((~entry.good(folder, digests, shape)).sum())
        if bad:
            self.say(f"{folder} is damaged: decoding {bad:,} of {len(digests):,} images again")
            shutil.rmtree(unfinished, ignore_errors=True)
            folder.rename(unfinished)
        return not bad

    def _fill(
        self,
        making: Unfinished,
        folder: Path,
        data: Dataset,
        contract: Contract,
        digests: Digests,
    ) -> None:
        for other in _siblings(folder):
            if not making.done.all():
                making.copy(other)
        missing = np.flatnonzero(~making.done)
        chosen = [missing[lot] for lot in map(_slice, decoding.lots(len(missing)))]
        tasks = (
            (data.take(rows), digests[rows], rows, contract, making.path, making.offset)
            for rows in chosen
        )
        problems: list[str] = []
        for lot in self.workers.run(decoding.decode, tasks):
            making.note(lot.rows, lot.sums)
            problems += lot.problems
            self.watch("decoding", int(making.done.sum()) + len(problems), len(digests))
        if problems:
            raise Undecodable(problems)


def pixels_key(contract: Contract) -> str:
    """The name of how pictures become pixels under this contract, by this code."""
    facts = {name: getattr(contract, name) for name in _FIELDS}
    facts["view"] = contract.view.to_json()
    facts["form"] = FORM
    facts["pillow"] = [PIL.__version__, features.version("jpg"), features.version("libjpeg_turbo")]
    facts["code"] = [_key(Path(str(module.__file__)).read_bytes()) for module in _CODE]
    return _key(json.dumps(facts, sort_keys=True).encode())


def size(root: Path) -> int:
    """Bytes of all entries below `root`, unfinished ones too."""
    return sum(_size(one) for one in _entries(root))


def refuse_all(undecodable: Sequence[Undecodable], of: int) -> None:
    """Raises one DataError for what several parts could not decode."""
    refuse([problem for one in undecodable for problem in one.problems], of)


def _shape(contract: Contract, digests: Digests) -> entry.Shape:
    return len(digests), contract.height, contract.width, contract.channels


def _key(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:32]


def _slice(lot: range) -> slice:
    return slice(lot.start, lot.stop)


def _entries(root: Path) -> list[Path]:
    return [path.parent for path in root.glob(f"*/*/{entry.PIXELS}")]


def _siblings(folder: Path) -> Iterator[Path]:
    """Other entries of the same way to pixels; of what is being made only whole rows count."""
    own = (folder, folder.with_name(folder.name + _UNFINISHED))
    return (path for path in sorted(folder.parent.iterdir()) if path.is_dir() and path not in own)


def _size(folder: Path) -> int:
    with suppress(OSError):
        return sum(path.stat().st_size for path in folder.iterdir())
    return 0


def _used(folder: Path) -> float:
    with suppress(OSError):
        return folder.stat().st_mtime
    return 0.0


def _make_room(root: Path, keep: Sequence[Path], images: int, contract: Contract) -> None:
    """Remove what was used longest ago while there is too much, or too little room for this entry.

    Raises ConfigurationError where that does not help.
    """
    needed = images * memory.tensor_bytes(contract)
    held = sum(map(_size, keep))
    others = sorted((one for one in _entries(root) if one not in keep), key=_used, reverse=True)
    while others and (sum(map(_size, others)) > MOST or needed > memory.disk_free(root) + held):
        _remove(others.pop())
    if not held:
        memory.check_disk(root, images, contract)


def _tidy(folder: Path) -> None:
    """Remove what killed processes left unfinished beside a whole entry: it was copied from."""
    for other in _siblings(folder):
        if other.name.endswith(_UNFINISHED):
            _remove(other)


def _remove(folder: Path) -> None:
    """Unless another process is making it."""
    name = folder.name.removesuffix(_UNFINISHED) + _LOCK
    with lock.held_if_free(folder.with_name(name)) as free:
        if free:
            shutil.rmtree(folder, ignore_errors=True)
