"""decisions.jsonl: each decision a line that is on the disk before anything else is done.

    {"v":1,"n":1,"at":"...","id":"...","label":"shoe","file":"shoe/<id>.jpg","moved":false,
     "from":"/data/kept","picture":"dt=.../<id>.jpg","model_label":"bag","score":0.41,"model":"<sha256>",
     "rules":["random:0.01"]}
    {"v":1,"n":2,"at":"...","undo":1,"id":"..."}

`label` null is thrown away. A line that a power cut left half written was told to nobody, and is cut
off at the next start.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from litescore.errors import ConfigurationError, DataError
from litescore.record import now
from litescore.review.items import RANDOM, Item

NAME = "decisions.jsonl"
_SCHEMA = 1


@dataclass(frozen=True)
class Decision:
    """What a person said of a picture.

    n            of the line in the log, from 1
    label        None for a picture that is thrown away
    file         of the picture, below the class folders' root; None where none was written
    moved        whether the picture is no longer where it was
    origin       the folder, whole, or prefix that was reviewed
    picture      below that
    model_label, score, model, rules   of the record: see `Item`
    """

    n: int
    id: str
    label: str | None
    file: str | None
    moved: bool
    origin: str
    picture: str
    model_label: str | None
    score: float | None
    model: str | None
    rules: tuple[str, ...]
    at: str

    @classmethod
    def of(
        cls, item: Item, label: str | None, *, n: int, file: str | None, moved: bool, origin: str
    ) -> Decision:
        """What was decided of an item, now."""
        return cls(
            n, item.id, label, file, moved, origin, item.path,
            item.label, item.score, item.model, tuple(item.rules), now(),
        )  # fmt: skip

    @property
    def is_random(self) -> bool:
        """Whether the picture was drawn by chance."""
        return any(rule.startswith(RANDOM) for rule in self.rules)

    def to_json(self) -> dict[str, Any]:
        """A line's values; `origin` is called `from` there."""
        values = {"v": _SCHEMA} | asdict(self)
        values["from"] = values.pop("origin")
        return values

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Decision:
        """Raises ValueError, TypeError or KeyError for what `to_json` did not write."""
        known = dict(values)
        if known.pop("v") != _SCHEMA:
            raise ValueError("another schema")
        origin, rules = known.pop("from"), tuple(known.pop("rules"))
        return cls(origin=origin, rules=rules, **known)


class Log:
    """The decisions so far. One process writes it; it takes one call at a time.

    standing  by id, those that were not undone, oldest first
    last      what the last line says: a Decision, or the one that it undid; None of an empty log
    undone    whether the last line undoes

    Raises ConfigurationError where the file cannot be read, DataError for one that is another's.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.standing: dict[str, Decision] = {}
        self.last: Decision | None = None
        self.undone = False
        self._n = 0
        self._size = 0
        try:
            data = path.read_bytes() if path.exists() else b""
        except OSError as error:
            raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
        for line in data.splitlines(keepends=True):
            if not line.endswith(b"\n"):
                break
            self._replay(line)
            self._size += len(line)

    @property
    def next(self) -> int:
        """The number of the next line."""
        return self._n + 1

    def decide(self, decision: Decision) -> None:
        """Write it down. Raises ConfigurationError where the disk does not take it."""
        self._append(decision.to_json())
        self._note(decision)

    def undo(self, decision: Decision) -> None:
        """Write down that it no longer stands. Raises ConfigurationError as `decide`."""
        values = {"v": _SCHEMA, "n": self.next, "at": now(), "undo": decision.n, "id": decision.id}
        self._append(values)
        self._forget(decision, self.next)

    def _note(self, decision: Decision) -> None:
        self._n = decision.n
        self.standing.pop(decision.id, None)
        self.standing[decision.id] = decision
        self.last, self.undone = decision, False

    def _forget(self, decision: Decision, n: int) -> None:
        self._n = n
        del self.standing[decision.id]
        self.last, self.undone = decision, True

    def _replay(self, line: bytes) -> None:
        try:
            values = json.loads(line)
            if "undo" in values:
                self._forget(self.standing[values["id"]], values["n"])
            else:
                self._note(Decision.from_json(values))
        except (ValueError, TypeError, KeyError):
            raise DataError(
                f"{self._path}, line {self._n + 1}, is no decision of litescore review: {line[:60]!r}; "
                "give another folder with --to"
            ) from None

    def _append(self, values: Mapping[str, Any]) -> None:
        line = json.dumps(values, separators=(",", ":")).encode() + b"\n"
        try:
            with self._path.open("r+b" if self._path.exists() else "xb") as file:
                # What a crash left half written goes.
                file.truncate(self._size)
                file.seek(self._size)
                try:
                    file.write(line)
                    file.flush()
                    os.fsync(file.fileno())
                except OSError:
                    with suppress(OSError):
                        file.truncate(self._size)
                    raise
        except OSError as error:
            reason = error.strerror or error
            raise ConfigurationError(f"cannot write {self._path}: {reason}") from error
        self._size += len(line)
