"""What a device remembers of the releases it follows: a small file, written whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from litescore.files import write_whole

VERSION = 1
SLOTS = ("a", "b")
# Bad releases are few; a device that remembers a hundred has other troubles.
_REMEMBERED = 100
# Starts of a release on trial that ended with the machine's power before it is taken for the cause.
_MOST_BOOTS = 3


@dataclass(frozen=True)
class Trial:
    """A release that has not yet shown that it runs here.

    boot    the kernel's boot id at its last start
    starts  of a loop with it
    ended   the last of them ended as it should: by a signal, or with its source
    """

    boot: str
    starts: int = 1
    ended: bool = False

    def has_failed(self, boot: str) -> bool:
        """Whether a start during this boot tells that the last loop crashed with it, or that it takes
        the machine down.
        """
        return not self.ended and (self.boot == boot or self.starts >= _MOST_BOOTS)


@dataclass(frozen=True)
class Proof:
    """A release that is being loaded and asked for its golden samples.

    tries  so many times it was begun; of one that ended, well or not, nothing is left here
    """

    digest: str
    tries: int


@dataclass(frozen=True)
class State:
    """Where a device stands.

    slot     `a` or `b`: which runs; None before the first release
    channel  `SHELF@CHANNEL` that is followed
    number   the highest turn of it that was seen
    origin   the channel that handed out what runs
    trial    of what runs; None where it has passed
    proof    of what is fetched; None where none is under way, or the process ended in it
    bad      digest -> why it is not taken again
    begun    the kernel's boot id where a loop began and has not ended; None where it ended as it should
    idle     the last that ended had not one frame
    since    when what runs was taken: UTC, RFC 3339, by the device's clock
    checked  when the channel was last read
    failure  why the last attempt at a newer one failed; None where it did not

    The device's clock is for people: nothing is decided by it.
    """

    slot: str | None = None
    channel: str | None = None
    number: int = 0
    origin: str | None = None
    trial: Trial | None = None
    proof: Proof | None = None
    bad: Mapping[str, str] = field(default_factory=dict)
    begun: str | None = None
    idle: bool = False
    since: str | None = None
    checked: str | None = None
    failure: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "bad", MappingProxyType(dict(self.bad)))

    def following(self, channel: str) -> State:
        """With this channel followed. The turns of another say nothing about it."""
        same = self.channel in (None, channel)
        return replace(self, channel=channel, number=self.number if same else 0)

    def has_failed(self, boot: str) -> bool:
        """Whether a start during this boot tells that what runs is to be left. An end while another
        was being proven may be that one's fault: not for ever, since both may be at fault.
        """
        trial = self.trial
        if trial is None or (self.proof is not None and trial.starts < _MOST_BOOTS):
            return False
        return trial.has_failed(boot)

    @property
    def other(self) -> str:
        """The slot that does not run."""
        return SLOTS[1] if self.slot == SLOTS[0] else SLOTS[0]

    def without(self, digest: str, why: str) -> State:
        """With one more release that is not taken again."""
        bad = {**{d: w for d, w in self.bad.items() if d != digest}, digest: why}
        return replace(self, bad=dict(list(bad.items())[-_REMEMBERED:]))


def write(path: Path, state: State) -> None:
    """Raises ConfigurationError where the disk does not take it."""
    values = {one.name: getattr(state, one.name) for one in fields(State)}
    values["bad"] = dict(state.bad)
    values["trial"] = asdict(state.trial) if state.trial else None
    values["proof"] = asdict(state.proof) if state.proof else None
    write_whole(path, json.dumps({"version": VERSION} | values, indent=2).encode())


def read(path: Path) -> State:
    """The state; that of a new device where there is none, or none that can be read.

    Fields that another litescore added are left out, and those that it did not know have their
    defaults: to go back to an older litescore must not forget what is bad.
    """
    try:
        values: dict[str, Any] = json.loads(path.read_bytes())
        if values.pop("version") != VERSION or values["slot"] not in (*SLOTS, None):
            return State()
        known = _known(State, values)
        trial, proof = known.pop("trial", None), known.pop("proof", None)
        return State(
            **known | {"number": int(known.get("number", 0))},
            # Of another boot: a trial goes on, and no crash is held against what is on it.
            trial=Trial(**_known(Trial, trial, boot="")) if trial else None,
            proof=Proof(**_known(Proof, proof, digest="", tries=0)) if proof else None,
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return State()


def _known(kind: type[Any], values: Mapping[str, Any], **defaults: Any) -> dict[str, Any]:
    """The values of the fields that a dataclass of this litescore has."""
    return defaults | {one.name: values[one.name] for one in fields(kind) if one.name in values}
