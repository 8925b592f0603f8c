"""Releases, the turns that handed them out, what their records come to, and how far that is from
their test images.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from litescore.answered import STEPS, Answered, of_test
from litescore.drift import DRIFTED, Drift, drift
from litescore.errors import UsageError
from litescore.ran import agreement
from litescore.ran.agreement import Agreement
from litescore.ran.seen import Seen
from litescore.record import Record
from litescore.releases import reading
from litescore.releases.channel import Turn
from litescore.releases.keys import PublicKey
from litescore.releases.reading import Shown
from litescore.releases.release import Release
from litescore.releases.shelf import Shelf

# Bits of divergence from the test images; see docs/FLEET.md.
ALARM = 0.05
_MOST_MODELS = 1000
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Held:
    """How far the images of a release are from its test images: its labels, its confidences."""

    labels: Drift
    confidences: Drift


@dataclass(frozen=True)
class Ran:
    """One release and what it did.

    digest   of its file
    release  as it was signed; None where the shelf does not know it
    turns    the channels' turns that handed it out, each with the channel's name, oldest first
    seen     what its records come to
    """

    digest: str
    release: Release | None
    turns: tuple[tuple[str, Turn], ...]
    seen: Seen

    @cached_property
    def tested(self) -> Answered | None:
        """What it answered to its test images; None where nobody kept that."""
        found = self.release
        return None if found is None else of_test(found.accuracy, found.labels)

    @cached_property
    def held(self) -> Held | None:
        """Its images against its test images; None where either is missing."""
        if self.tested is None or not self.seen.scored:
            return None
        ours, theirs = self.seen.answered, self.tested
        return Held(drift(ours.labels, theirs.labels), drift(_steps(ours), _steps(theirs)))

    def drifted(self, alarm: float) -> dict[str, Drift]:
        """What is farther from the test images than `alarm` bits: `labels`, `confidences`."""
        held = {} if self.held is None else vars(self.held)
        return {name: one for name, one in held.items() if one.verdict(alarm) == DRIFTED}

    def as_json(self, alarm: float) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "digest": self.digest,
            "known": self.release is not None,
            "made": self.release.made if self.release else None,
            "turns": [{"channel": name, **asdict(turn)} for name, turn in self.turns],
            **self.seen.as_json(),
            "tested": self.tested and {
                "n": self.tested.n,
                "labels": dict(self.tested.labels),
                "confidences": list(self.tested.confidences),
                "confidence": self.tested.confidence,
            },
            "drift": self.held and {
                name: {"bits": one.bits, "noise": one.noise, "verdict": one.verdict(alarm)}
                for name, one in vars(self.held).items()
            },
        }  # fmt: skip


@dataclass(frozen=True)
class Joined:
    """All releases of a shelf and all models in the records: known ones first, the oldest first.

    unsure  the probability 0..1 below which a label is; alarm: bits of drift beyond which one is
    """

    model: str
    location: str
    ran: tuple[Ran, ...]
    agreements: tuple[Agreement, ...]
    unsure: float
    alarm: float

    @property
    def images(self) -> int:
        """Records in all, one for each id."""
        return sum(one.seen.images for one in self.ran)

    @property
    def drifted(self) -> list[tuple[Ran, str, Drift]]:
        """Every release and what of it drifted beyond the alarm."""
        return [(one, *found) for one in self.ran for found in one.drifted(self.alarm).items()]

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            "model": self.model,
            "records": self.location,
            "images": self.images,
            "unsure_below": self.unsure,
            "alarm": self.alarm,
            "releases": [one.as_json(self.alarm) for one in self.ran],
            "agreement": [one.as_json() for one in self.agreements],
            "drifted": [{"digest": one.digest, "what": what} for one, what, _ in self.drifted],
        }


def join(
    shelf: Shelf,
    trusted: tuple[PublicKey, ...],
    records: Iterable[Record],
    location: str,
    *,
    since: str = "",
    unsure: float = 0.5,
    alarm: float = ALARM,
) -> Joined:
    """Join records, one for each id, with the releases on a shelf.

    since   records scored before this time (RFC 3339, UTC, or its beginning) are left out

    Raises ReleaseError for what no trusted key signed, UsageError without records or with ones of
    more than 1,000 models.
    """
    shown = reading.read(shelf, trusted)
    with agreement.kept() as answers:
        seen: dict[str, Seen] = {}
        for record in records:
            if record.at >= since:
                _of(record, seen).add(record, unsure)
                answers.add(record)
        if not seen:
            after = f" since {since}" if since else ""
            raise UsageError(f"no records at {location}{after}")
        ran = _ordered(shelf, trusted, shown, seen)
        pairs = answers.agreements([one.digest for one in ran])
    return Joined(shelf.model, location, ran, tuple(pairs), unsure, alarm)


def _of(record: Record, seen: dict[str, Seen]) -> Seen:
    found = seen.get(record.model)
    if found is None:
        if len(seen) >= _MOST_MODELS:
            raise UsageError(f"records of more than {_MOST_MODELS:,} models: name fewer of them")
        found = seen[record.model] = Seen()
    return found


def _ordered(
    shelf: Shelf, trusted: tuple[PublicKey, ...], shown: Shown, seen: Mapping[str, Seen]
) -> tuple[Ran, ...]:
    """Known releases by the time they were made, then unknown ones by their first record."""
    releases = shown.releases | {
        digest: shelf.read_release(digest, trusted)
        for digest in seen.keys() - shown.releases.keys()
        # A channel forgets its oldest turns, the shelf no release.
        if _DIGEST.fullmatch(digest) and shelf.has_release(digest)
    }
    found = [
        Ran(digest, releases.get(digest), _turns(shown, digest), seen.get(digest) or Seen())
        for digest in {**releases, **seen}
    ]
    return tuple(sorted(found, key=_age))


def _age(one: Ran) -> tuple[bool, str]:
    return (True, one.seen.first) if one.release is None else (False, one.release.made)


def _turns(shown: Shown, digest: str) -> tuple[tuple[str, Turn], ...]:
    turns = [(channel.name, turn) for channel in shown.channels for turn in channel.turns
             if turn.release == digest]  # fmt: skip
    return tuple(sorted(turns, key=lambda one: one[1].at))


def _steps(answered: Answered) -> dict[str, int]:
    spans = (f"{place / STEPS:.2f} to {(place + 1) / STEPS:.2f}" for place in range(STEPS))
    return dict(zip(spans, answered.confidences, strict=True))
