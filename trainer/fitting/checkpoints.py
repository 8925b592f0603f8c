"""Where a training stands, on disk: enough to go on as if it had never stopped.

RUN/checkpoint/ holds the last state and the one before it, each written whole. A state that a crash
or a disk damaged is told by its checksum, and the one before it is taken. Knows nothing of images
or models: a state is arrays and plain facts.
"""

from __future__ import annotations

import io
import json
import time
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litescore.errors import ConfigurationError, UsageError
from litescore.files import write_whole
from trainer.fitting.history import Epoch, Tally

FOLDER = "checkpoint"
VERSION = 2
# A training of seconds is not slowed down by disks; of a longer one at most this is lost.
SECONDS = 20.0

_LAST, _BEFORE, _FACTS = "last.npz", "before.npz", "facts"
_DAMAGED = (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error)

Arrays = Sequence[NDArray[Any]]


@dataclass(frozen=True)
class State:
    """A training between two steps.

    epoch      the epoch it is in, and `tally` what was seen of it
    history    the epochs before
    best       the epoch whose weights are best so far (0: none), and `kept` those weights
    variables  all that the next step depends on, in the order of `Stepper.remembered`
    seconds    that the training took until here, of all its sittings
    finished   no step is to come; `variables` are empty then
    """

    epoch: int
    tally: Tally
    history: tuple[Epoch, ...]
    best: int
    kept: Arrays
    variables: Arrays
    seconds: float = 0.0
    finished: bool = False


class Checkpoints:
    """The states of one training in the folder RUN.

    `identity` is what a training must share with the one it goes on from: what is learned from
    what, and how. `setting` is what computes it: with another one it goes on, though not bit for bit
    as it would have. `warn` is told of that, and when a state could not be written or read.
    """

    def __init__(
        self,
        run: Path,
        identity: Mapping[str, Any],
        warn: Callable[[str], None] = lambda _: None,
        *,
        setting: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
    ) -> None:
        self._folder, self._warn, self._seconds = run / FOLDER, warn, seconds
        # As it will be read back: JSON knows no tuples.
        self._identity = json.loads(json.dumps(dict(identity)))
        self._setting = dict(setting or {})
        self._written = time.monotonic()
        self._any = False
        self._damaged: set[Path] = set()

    @property
    def due(self) -> bool:
        """Whether it is time to save."""
        return time.monotonic() - self._written >= self._seconds

    @property
    def last_due(self) -> bool:
        """Whether to save what has finished: a training of seconds is sooner done again."""
        return self._any or self.due

    def save(self, state: State) -> bool:
        """Write a state, keeping the one before; False, said so, where the disk does not take it."""
        self._written = time.monotonic()
        last = self._folder / _LAST
        try:
            data = _packed(state, self._identity, self._setting)
            # A damaged one must not take the place of the whole one before it.
            if last.exists() and last not in self._damaged:
                last.replace(self._folder / _BEFORE)
            write_whole(last, data)
            self._damaged.discard(last)
            self._any = True
        except (OSError, ConfigurationError) as error:
            self._warn(
                f"no checkpoint was written ({error}); training goes on, "
                f"{self._folder} keeps the one before: free some disk"
            )
            return False
        return True

    def load(self) -> State | None:
        """The last state that is whole; None where none was written.

        Raises UsageError where it belongs to another training, naming what differs, and
        ConfigurationError where what is there is damaged or of another litescore's form.
        """
        damaged = []
        for path in (self._folder / _LAST, self._folder / _BEFORE):
            if not path.exists():
                continue
            try:
                state, facts = _unpacked(path.read_bytes())
            except _DAMAGED as error:
                damaged.append(f"{path} is damaged ({type(error).__name__}: {error})")
                self._warn(damaged[-1])
                self._damaged.add(path)
                continue
            self._check(path, facts["identity"])
            self._compare(facts["setting"])
            self._any = True
            return state
        if damaged:
            raise ConfigurationError(f"{damaged[0]}, and none before it: train without --resume")
        return None

    def _check(self, path: Path, identity: Mapping[str, Any]) -> None:
        other = _differences(_leaves(identity), _leaves(self._identity))
        if other:
            raise UsageError(
                f"{path} is of another training ({'; '.join(other)}): give the same words as then, "
                "or train without --resume into another --out"
            )

    def _compare(self, setting: Mapping[str, str]) -> None:
        other = _differences(setting, self._setting)
        if other:
            self._warn(
                f"the training began with another setting ({'; '.join(other)}): it goes on, but not "
                "bit for bit as it would have"
            )


def unfinished(run: Path) -> bool:
    """Whether RUN holds the state of a training that did not end."""
    return any((run / FOLDER / name).exists() for name in (_LAST, _BEFORE))


def clear(run: Path) -> None:
    """Remove the states: the training is finished and its model written."""
    folder = run / FOLDER
    # A process that is killed while it writes leaves a part.
    for path in (folder / _LAST, folder / _BEFORE, *folder.glob(".*.part")):
        path.unlink(missing_ok=True)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def _leaves(identity: Mapping[str, Any], above: str = "") -> dict[str, Any]:
    """Name -> plain value, as `recipe.epochs` -> 9: a message tells only what differs."""
    found: dict[str, Any] = {}
    for name, value in identity.items():
        found |= (
            _leaves(value, f"{above}{name}.")
            if isinstance(value, dict)
            else {f"{above}{name}": value}
        )
    return found


def _differences(there: Mapping[str, Any], here: Mapping[str, Any]) -> list[str]:
    names = [*here, *(name for name in there if name not in here)]
    return [
        f"{name} {there.get(name)} there, {here.get(name)} here"
        for name in names
        if there.get(name) != here.get(name)
    ]


def _packed(state: State, identity: Mapping[str, Any], setting: Mapping[str, str]) -> bytes:
    facts = {
        "version": VERSION,
        "identity": identity,
        "setting": setting,
        "epoch": state.epoch,
        "tally": asdict(state.tally),
        "history": [asdict(epoch) for epoch in state.history],
        "best": state.best,
        "seconds": state.seconds,
        "finished": state.finished,
    }
    arrays = {f"kept{n}": value for n, value in enumerate(state.kept)}
    arrays |= {f"variable{n}": value for n, value in enumerate(state.variables)}
    buffer = io.BytesIO()
    text = np.frombuffer(json.dumps(facts).encode(), np.uint8)
    # A zip, so that each array has its checksum; stored, since weights hardly pack.
    np.savez(buffer, allow_pickle=False, **{_FACTS: text}, **arrays)
    return buffer.getvalue()


def _unpacked(data: bytes) -> tuple[State, dict[str, Any]]:
    with np.load(io.BytesIO(data), allow_pickle=False) as held:
        facts = json.loads(held[_FACTS].tobytes())
        if facts["version"] != VERSION:
            raise ConfigurationError(
                f"a checkpoint of form {facts['version']} is of another litescore, which has to end "
                f"it (here they are of form {VERSION}): train without --resume into another --out"
            )
        state = State(
            facts["epoch"],
            Tally(**facts["tally"]),
            tuple(Epoch(**epoch) for epoch in facts["history"]),
            facts["best"],
            _numbered(held, "kept"),
            _numbered(held, "variable"),
            facts["seconds"],
            facts["finished"],
        )
    return state, facts


def _numbered(held: Any, name: str) -> list[NDArray[Any]]:
    count = sum(1 for key in held.files if key.startswith(name))
    return [held[f"{name}{n}"] for n in range(count)]
