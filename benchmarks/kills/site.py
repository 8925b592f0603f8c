"""A shelf in a folder, a device's folder, and what must be true of it after a kill."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from edge.releases import state as states
from edge.releases.slots import CRASHED, Slots
from litescore.releases import keys, publishing
from litescore.releases.publishing import Publisher
from litescore.releases.shelf import open_shelf
from tests.releases.conftest import make_model

LEFT_OVER = ("*.part", "a/*.part", "b/*.part")


class UntrueError(Exception):
    """What a device's disk says is not so, or it has nothing to run."""


@dataclass(frozen=True)
class Site:
    """A shelf with releases in `folder`, signed with a key of its own."""

    folder: Path
    publisher: Publisher

    @classmethod
    def made(cls, folder: Path) -> Site:
        keys.create(folder / "factory.key")
        key = keys.read_private(folder / "factory.key")
        return cls(folder, Publisher(open_shelf(str(folder / "models" / "shoes")), key))

    @property
    def channel(self) -> str:
        return f"{self.publisher.shelf.root}@stable"

    def publish(self, number: int) -> str:
        """The digest of a new release, handed out to all."""
        return publishing.publish(self.publisher, make_model(number), "stable").release.digest

    def slots(self, state: Path) -> Slots:
        """As a process finds them that starts with this --state."""
        return Slots(state / "releases" / "shoes", self.publisher.believed)


@dataclass
class Ledger:
    """What a device may be found to say, kept by its disk after each kill.

    on_trial  digests that were on trial at a kill: only these may be said to have crashed
    proven    how often a digest was being proven at a kill
    faulty    digests whose frames fail
    """

    boot: str
    on_trial: set[str] = field(default_factory=set)
    proven: Counter[str] = field(default_factory=Counter)
    faulty: set[str] = field(default_factory=set)

    def killed(self, slots: Slots) -> str:
        """The digest that the next start is to run, by the rule said again: what was on trial and did
        not end as it should is left for the other slot.

        Raises UntrueError where the slot to run holds nothing.
        """
        state = slots.state
        if state.proof is not None:
            self.proven[state.proof.digest] += 1
        if state.slot is None:
            raise UntrueError(f"the state names no slot: {state}")
        crashed = state.trial is not None and state.trial.boot == self.boot
        if crashed and not (state.trial and state.trial.ended):
            self.on_trial.add(_digest(slots, state.slot))
            return _digest(slots, state.other)
        return _digest(slots, state.slot)

    def started(self, slots: Slots, runs: str | None, wanted: str) -> None:
        """After a start: it runs what it should, says so, and blames nothing without a cause.

        Raises UntrueError.
        """
        state = states.read(slots.folder / "state.json")
        if runs != wanted:
            raise UntrueError(f"{runs} runs, not {wanted}: {state}")
        if state.slot is None or _digest(slots, state.slot) != wanted:
            raise UntrueError(f"the state names another release than the one that runs: {state}")
        for bad, why in state.bad.items():
            if bad in self.faulty or (bad in self.on_trial and why == CRASHED):
                continue
            if self.proven[bad] < 2:
                raise UntrueError(f"{bad[:12]} is blamed without a cause: {why}")


def check_start(slots: Slots, ledger: Ledger) -> None:
    """Start on what a killed process left, check, and end as a loop should. Raises UntrueError."""
    wanted = ledger.killed(slots)
    slots.hold()
    held = slots.begin(ledger.boot)
    ledger.started(slots, held.release.digest if held else None, wanted)
    slots.end()
    slots.release()


def _digest(slots: Slots, slot: str) -> str:
    held = slots.held(slot)
    if held is None:
        raise UntrueError(f"slot {slot} holds nothing: {slots.state}")
    return held.release.digest
