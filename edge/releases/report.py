"""What lies in a state folder of the models that are followed, whether a loop runs or not.

It reads and changes nothing. Without keys it believes what the statements say, and says so.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.releases import state as states
from edge.releases.slots import LOCK
from edge.releases.state import SLOTS, State
from litescore.errors import ConfigurationError, LitescoreError
from litescore.releases import envelope, release
from litescore.releases.keys import PublicKey
from litescore.releases.release import Release

# Looks at a folder that a loop is writing to meanwhile.
_LOOKS = 5
_FILES = ("model.tflite", "release.json")


@dataclass(frozen=True)
class SlotReport:
    """One slot.

    release  that could run; None where nothing could
    signer   id of the trusted key that signed it; None where no key was named
    problem  why nothing could run
    """

    slot: str
    release: Release | None = None
    signer: str | None = None
    problem: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        if self.release is None:
            return {"problem": self.problem}
        found = self.release
        return {
            "digest": found.digest,
            "labels": len(found.labels),
            "variant": found.variant,
            "accuracy": found.measured,
            "size": found.size,
            "made": found.made,
            "signer": self.signer,
        }


@dataclass(frozen=True)
class ModelReport:
    """A followed model.

    model    its name
    state    as it lies there; that of a new device where none can be read
    slots    by name
    running  a loop follows it now
    ended    how the last loop ended, where none runs and it did not end as it should
    slot     which runs, or would be run by a loop that is started now; None where nothing could
    trial    `passed`, `on trial`, or what became of one; None where nobody knows
    """

    model: str
    state: State
    slots: dict[str, SlotReport]
    running: bool
    ended: str | None
    slot: str | None
    trial: str | None

    @property
    def since(self) -> str | None:
        """When the slot that runs was taken; None where the state speaks of another."""
        return self.state.since if self.slot == self.state.slot else None

    @property
    def is_fine(self) -> bool:
        """Whether something can run, and the last look did not fail."""
        held = self.slots[self.slot].release if self.slot else None
        return held is not None and self.state.failure is None

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values."""
        state = self.state
        return {
            "model": self.model,
            "channel": state.channel,
            "running": self.running,
            "ended": self.ended,
            "slot": self.slot,
            "since": self.since,
            "turn": state.number,
            "trial": self.trial,
            "checked": state.checked,
            "failure": state.failure,
            "bad": dict(state.bad),
            "slots": {name: slot.to_json() for name, slot in self.slots.items()},
        }


def read(folder: Path, trusted: tuple[PublicKey, ...] | None, boot: str) -> list[ModelReport]:
    """The followed models whose folders lie in `folder`, by name.

    trusted  keys; None to look at no signature
    boot     the kernel's boot id now

    Raises ConfigurationError for a folder that may not be read.
    """
    try:
        return [_model(each, trusted, boot) for each in _folders(folder)]
    except OSError as error:
        raise ConfigurationError(
            f"cannot read {error.filename or folder}: {error.strerror}; put sudo in front where it "
            "is a service's"
        ) from error


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(each for each in folder.iterdir() if each.is_dir())
    except FileNotFoundError:
        return []


def _model(folder: Path, trusted: tuple[PublicKey, ...] | None, boot: str) -> ModelReport:
    path = folder / "state.json"
    for _ in range(_LOOKS):
        before, state = _stamps(folder), states.read(path)
        slots = {name: _slot(folder, name, trusted) for name in SLOTS}
        if _stamps(folder) == before:
            break
    running = is_running(folder)
    slot = _starts_with(state, slots, boot, running=running)
    ended = None if running or state.begun is None else _end(state.begun, boot)
    trial = _trial(state, slot, boot, running=running)
    return ModelReport(folder.name, state, slots, running, ended, slot, trial)


def is_running(folder: Path) -> bool:
    """Whether a loop follows the model in this folder now."""
    try:
        file = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def _end(begun: str, boot: str) -> str:
    return "it crashed or was killed" if begun == boot else "the machine went down"


def _stamps(folder: Path) -> dict[str, int]:
    """What changes when a slot or the state does."""
    found = {}
    for name in ("state.json", *(f"{slot}/{file}" for slot in SLOTS for file in _FILES)):
        with suppress(FileNotFoundError):
            found[name] = (folder / name).stat().st_mtime_ns
    return found


def _slot(folder: Path, name: str, trusted: tuple[PublicKey, ...] | None) -> SlotReport:
    try:
        file, sealed = ((folder / name / each).read_bytes() for each in _FILES)
    except FileNotFoundError as error:
        empty = not (folder / name / _FILES[0]).exists()
        why = "empty" if empty else f"half written: no {Path(error.filename).name}"
        return SlotReport(name, problem=why)
    try:
        if trusted is None:
            statement, signer = envelope.claimed(sealed, release.KIND, what="its statement"), None
        else:
            statement, signer = envelope.opened(sealed, release.KIND, trusted, what="its statement")
        found = Release.from_statement(statement)
        release.check(found, file)
    except LitescoreError as error:
        return SlotReport(name, problem=str(error))
    return SlotReport(name, found, signer)


def _starts_with(
    state: State, slots: dict[str, SlotReport], boot: str, *, running: bool
) -> str | None:
    """The slot that a loop runs or would run: `Slots.begin`'s rules, without its writing."""
    slot = state.slot
    if running and slot is not None:
        return slot
    good = {name: each.release for name, each in slots.items() if each.release is not None}
    if state.has_failed(boot):
        slot = state.other if state.other in good else slot
    if slot is None or slot not in good:
        kept = {name: one for name, one in good.items() if one.digest not in state.bad} or good
        slot = max(kept, key=lambda name: kept[name].made, default=None)
    return slot


def _trial(state: State, slot: str | None, boot: str, *, running: bool) -> str | None:
    trial = state.trial
    if slot is None or (slot != state.slot and not state.has_failed(boot)):
        return None
    if trial is None:
        return "passed"
    if running:
        return "on trial"
    if not state.has_failed(boot):
        how = "the machine went down"
        if trial.ended:
            how = "the loop ended"
        elif trial.boot == boot:
            how = "the loop crashed or was killed with another being proven"
        return f"on trial: {how} meanwhile, the next start goes on with it"
    crashed = (
        "the loop crashed or was killed"
        if trial.boot == boot
        else "the machine went down again and again"
    )
    left = "the next start goes back" if slot != state.slot else "there is none to go back to"
    return f"failed: {crashed} with slot {state.slot}, {left}"
