"""What is next, and what is decided: the one truth, whatever windows are open on it."""

from __future__ import annotations

import shlex
import threading
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from litescore import store
from litescore.errors import ConfigurationError, LitescoreError, UsageError
from litescore.review import items
from litescore.review.folders import REJECTED, Folders
from litescore.review.items import Item
from litescore.review.labels import Labels
from litescore.review.log import NAME, Decision, Log
from litescore.store.s3 import is_s3


class Conflict(LitescoreError):
    """What a window asked for no longer fits what another did."""


@dataclass(frozen=True)
class Step:
    """Something that may be undone: a Decision, or a skip, of which `decision` is None."""

    id: str
    decision: Decision | None

    @property
    def name(self) -> str:
        """What a window calls it by."""
        return f"skip {self.id}" if self.decision is None else str(self.decision.n)


class Desk:
    """Pictures to be decided, and the decisions, each at once on disk. May be asked on any thread.

    origin  the folder or s3:// prefix that is reviewed
    out     where the class folders and the log are
    move    whether pictures are moved there, and not copied
    """

    def __init__(
        self, origin: str, found: Iterable[Item], labels: Labels, out: Path, *, move: bool = False
    ) -> None:
        self.labels = labels
        self.log = Log(out / NAME)
        # Whole: a review goes on from wherever it is started again.
        self._origin = items.whole(origin)
        self._move = move
        self._folders = Folders(out)
        self._lock = threading.RLock()
        self._redo()
        self.items = {item.id: item for item in found}
        here = [one for one in self.log.standing.values() if self._is_here(one)]
        decided = {one.id for one in self.log.standing.values()}
        self._waiting = OrderedDict(
            (id_, one) for id_, one in self.items.items() if id_ not in decided
        )
        self._steps = [Step(one.id, one) for one in here]
        for decision in self.log.standing.values():
            if decision.label is not None:
                labels.put(decision.label)

    @property
    def done(self) -> int:
        """How many of these pictures are decided."""
        return sum(step.decision is not None for step in self._steps)

    @property
    def left(self) -> int:
        """How many are still to be decided."""
        return len(self._waiting)

    def training(self) -> str:
        """What to do with the outcome."""
        return f"litescore train --data {shlex.quote(str(self._folders.root))} learns from it"

    def waiting(self, count: int | None = None) -> list[Item]:
        """The next pictures to be decided; all of them by default."""
        with self._lock:
            return list(self._waiting.values())[:count]

    def undoable(self) -> Step | None:
        """What `undo` would undo."""
        with self._lock:
            return self._steps[-1] if self._steps else None

    def decide(self, id_: str, label: str | None, *, new: bool = False) -> None:
        """Say what a picture is; None throws it away. The same said twice is said once.

        new  whether the label may be one that was not there

        Raises Conflict for a picture that was decided otherwise meanwhile, UsageError for a label that
        is none of them, ImageError for a picture that cannot be read now, ConfigurationError where
        the disk does not take it: then nothing was decided.
        """
        with self._lock:
            standing = self.log.standing.get(id_)
            if standing is not None and standing.label == label:
                return
            item = self._free(id_, standing)
            if label is not None and label not in self.labels:
                if not new:
                    raise UsageError(f"no such label: {label!r}")
                self.labels.add(label)
            file = self._file(item, label)
            decision = Decision.of(
                item, label, n=self.log.next, file=file, origin=self._origin,
                moved=self._move and file is not None,
            )  # fmt: skip
            if file is not None:
                self._folders.stage(file, items.read(item))
            self.log.decide(decision)
            try:
                self._folders.settle(decision, self._source(decision))
            except OSError as error:
                # Logged and not done: said to be undone, so that the log tells what is.
                self.log.undo(decision)
                raise ConfigurationError(f"cannot write {file}: {error.strerror}") from error
            del self._waiting[id_]
            self._steps.append(Step(id_, decision))

    def skip(self, id_: str) -> None:
        """Have a picture come last. Raises Conflict for one that is decided."""
        with self._lock:
            self._free(id_, self.log.standing.get(id_))
            self._waiting.move_to_end(id_)
            self._steps.append(Step(id_, None))

    def undo(self, name: str) -> None:
        """Undo the last step, if that is its name. Raises Conflict where another is the last."""
        with self._lock:
            if not self._steps or self._steps[-1].name != name:
                raise Conflict("another window did something since: look at what is last now")
            step = self._steps[-1]
            if step.decision is not None:
                self.log.undo(step.decision)
            self._steps.pop()
            if step.decision is not None:
                self._take_back(step.decision)
            if step.id in self._waiting:
                self._waiting.move_to_end(step.id, last=False)

    def _take_back(self, decision: Decision) -> None:
        """Have the picture of a decision that was undone wait again."""
        failed = None
        try:
            self._folders.unsettle(decision, self._source(decision))
        except OSError as error:
            failed = error
        id_ = decision.id
        item = self.items.get(id_) or items.one(self._origin, decision.picture)
        self.items[id_] = self._waiting[id_] = item
        self._waiting.move_to_end(id_, last=False)
        if failed is not None:
            raise ConfigurationError(
                f"cannot remove {decision.file}: {failed.strerror}; undone, remove it by hand"
            ) from failed

    def _free(self, id_: str, standing: Decision | None) -> Item:
        """The picture, if nobody decided on it. Raises Conflict."""
        if standing is not None:
            said = "thrown away" if standing.label is None else f"labelled {standing.label}"
            raise Conflict(f"it is {said} already, by another window")
        if id_ not in self._waiting:
            raise Conflict("no such picture here")
        return self._waiting[id_]

    def _file(self, item: Item, label: str | None) -> str | None:
        name = item.id + item.suffix
        if label is not None:
            return f"{self.labels.folder(label)}/{name}"
        return f"{REJECTED}/{name}" if self._move else None

    def _source(self, decision: Decision) -> Path | None:
        """Where the picture of a decision was, on this disk."""
        if is_s3(decision.origin):
            return None
        return store.local_path(decision.origin) / decision.picture

    def _is_here(self, decision: Decision) -> bool:
        return decision.id in self.items or (decision.moved and decision.origin == self._origin)

    def _redo(self) -> None:
        """Have done what the last line says, which a crash may have left half done."""
        if (last := self.log.last) is not None:
            done = self._folders.unsettle if self.log.undone else self._folders.settle
            done(last, self._source(last))
        self._folders.clear()
