"""What there is to look at: pictures, each with the record beside it, the least sure first."""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from litescore import image, store
from litescore.dataset.picture import is_picture
from litescore.errors import ConfigurationError, ContractError, ImageError, UsageError
from litescore.record import Record, Subject
from litescore.store.s3 import is_s3
from litescore.view import View

_ID = re.compile(r"[0-9a-f]{64}")
_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_RECORD = ".json"
_MOST_BYTES = 1 << 20
# A record is a small object of its own: of S3 many are asked for at once.
_AT_ONCE = 16
RANDOM = "random:"


@dataclass(frozen=True)
class Item:
    """A picture, and what is known of it.

    id      the record's, where the picture is named by it; else made of where it lies
    source  the picture's path or s3:// URL
    path    below the folder, with `/` between
    record  None where there is none that can be read
    """

    id: str
    source: str
    path: str
    record: Record | None = None

    @property
    def suffix(self) -> str:
        """Of the picture's name, such as `.jpg`."""
        return "." + self.path.rpartition(".")[2].lower()

    @property
    def label(self) -> str | None:
        """The model's; None where it gave none."""
        label = self.record.label if self.record else None
        return label if isinstance(label, str) and label else None

    @property
    def score(self) -> float | None:
        """The probability of the model's label, 0..1."""
        return _probability(self.record.score) if self.record else None

    @property
    def model(self) -> str | None:
        """The digest of the model file."""
        model = self.record.model if self.record else None
        return model if isinstance(model, str) else None

    @property
    def guesses(self) -> list[tuple[str, float]]:
        """The labels that the record lists with their probabilities, best first."""
        listed = self.record.top if self.record else ()
        found = [_guess(one) for one in listed if isinstance(one, Mapping)]
        best = [] if self.label is None or self.score is None else [(self.label, self.score)]
        return [one for one in found if one is not None] or best

    @property
    def rules(self) -> list[str]:
        """Why it was kept: the words of the rules."""
        kept = self._frame.get("kept")
        rules = kept.get("rules") if isinstance(kept, Mapping) else None
        return [one for one in rules if isinstance(one, str)] if isinstance(rules, list) else []

    @property
    def is_random(self) -> bool:
        """Whether it was drawn by chance, whatever it shows."""
        return any(rule.startswith(RANDOM) for rule in self.rules)

    @property
    def device(self) -> str | None:
        """The id of the device that kept it; None where no record tells one."""
        device = self._frame.get("device")
        return device if isinstance(device, str) else None

    @property
    def view(self) -> View | None:
        """What the model saw of the picture; None where the record does not say."""
        try:
            return View.from_json(self._frame["view"]) if "view" in self._frame else None
        except (ContractError, TypeError):
            return None

    @property
    def _frame(self) -> Mapping[str, Any]:
        frame = self.record.frame if self.record else None
        return frame if isinstance(frame, Mapping) else {}


def listed(
    folder: str,
    *,
    records: str | None = None,
    told: Callable[[int], None] = lambda _count: None,
) -> list[Item]:
    """The pictures under a folder or s3:// prefix, the least sure first, those without a record last.

    records  where `litescore score` wrote them; None for those that lie beside the pictures
    told     is called with the number of records before they are read

    Of two pictures of one id, which are the same frame, the first counts. Raises UsageError for a
    place without pictures, ConfigurationError for one that is missing or closed.
    """
    names = [entry.source for entry in store.list_objects(_root(folder))]
    paths = {_path(folder, name): name for name in names}
    paths = {path: name for path, name in paths.items() if not _is_hidden(path)}
    pictures = [path for path in paths if is_picture(path)]
    if not pictures:
        raise UsageError(f"no pictures at {folder}: a folder or s3:// prefix that holds some")
    beside = {path: name for path, name in paths.items() if path.endswith(_RECORD)}
    found = _records(beside, told) if records is None else {}
    scored = _scored(records, told) if records is not None else {}
    items: dict[str, Item] = {}
    place = whole(folder)
    for path in pictures:
        record = found.get(path.rpartition(".")[0]) or scored.get(whole(paths[path]))
        item = Item(identity(path, place), paths[path], path, record)
        items.setdefault(item.id, item)
    return sorted(items.values(), key=_order)


def one(folder: str, path: str) -> Item:
    """The picture at that path below the folder, with its record."""
    source = _source(folder, path)
    record = _record(_source(folder, path.rpartition(".")[0] + _RECORD))
    return Item(identity(path, whole(folder)), source, path, record)


def identity(path: str, place: str) -> str:
    """The id of the picture at that path: safe as a file's name, and no other picture's.

    place  the folder or s3:// prefix, whole: cameras name the pictures of each day alike
    """
    stem = path.rpartition("/")[2].rpartition(".")[0]
    if _ID.fullmatch(stem):
        return stem
    where = f"{place.rstrip('/')}/{path}"
    digest = hashlib.sha256(where.encode(errors="surrogateescape")).hexdigest()
    return f"{_UNSAFE.sub('_', stem)[:40]}-{digest[:16]}"


def below(root: PurePath, name: str) -> str:
    """The path below a folder of a file in it, with `/` between on every system."""
    return type(root)(name).relative_to(root).as_posix()


def _root(folder: str) -> str:
    """What `list_objects` takes: of `kept` not what is in `kept2`."""
    return folder.rstrip("/") + "/" if is_s3(folder) else folder


def _path(folder: str, source: str) -> str:
    if is_s3(folder):
        return source.removeprefix(_root(folder))
    return below(store.local_path(folder), source)


def _source(folder: str, path: str) -> str:
    return _root(folder) + path if is_s3(folder) else str(store.local_path(folder) / path)


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") for part in path.split("/"))


def _records(paths: Mapping[str, str], told: Callable[[int], None]) -> dict[str, Record]:
    told(len(paths))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found: Iterable[Record | None] = pool.map(_record, paths.values())
        stems = (path.removesuffix(_RECORD) for path in paths)
        return {stem: record for stem, record in zip(stems, found, strict=True) if record}


def _scored(place: str, told: Callable[[int], None]) -> dict[str, Record]:
    """By the place of its picture, what is told of it. Raises ConfigurationError for a place that
    cannot be read.
    """
    from litescore import results

    found = {whole(one.source): one for one in results.read(place) if one.member is None}
    told(len(found))
    return found


def whole(source: str) -> str:
    """What two ways to write the place of a picture or folder have in common."""
    return source if is_s3(source) else store.local_path(source).resolve().as_posix()


def _record(source: str) -> Record | None:
    """None where there is none, or another tool's JSON."""
    try:
        return Record.from_json(store.read(Subject(source), max_bytes=_MOST_BYTES).data)
    except (ImageError, ConfigurationError):
        return None


def _order(item: Item) -> tuple[bool, float, str]:
    return item.score is None, item.score or 0.0, item.path


def _guess(listed: Mapping[str, Any]) -> tuple[str, float] | None:
    label, score = listed.get("label"), _probability(listed.get("score"))
    return (label, score) if isinstance(label, str) and score is not None else None


def _probability(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return min(1.0, max(0.0, float(value)))


def read(item: Item) -> bytes:
    """The picture's bytes. Raises PermanentError and TransientError as the store does."""
    return store.read(Subject(item.source), max_bytes=image.MAX_BYTES).data
