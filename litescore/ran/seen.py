"""What the records of one model come to.

It sees each record once and keeps none, so that a million cost no more memory than a thousand.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from litescore.answered import STEPS, Answered, step
from litescore.record import Record
from litescore.results.groups import device_of

OTHERS = "others"
# Names are few; should some records make up ever new ones, the rest are counted together.
_MOST_NAMES = 20_000


@dataclass
class Seen:
    """The records of one model.

    images       all of them; scored, failed and superseded of these
    unsure       scored images whose label is less probable than the bound that was named
    labels       scored images by their best label
    confidences  scored images by its probability, in STEPS equal steps
    devices      images by device; `elsewhere` those that no device tells of
    frames       images that the edge loop told; changes: those at which its decision changed
    hours        images by the hour they were scored in: `2026-11-29T10`, UTC
    first, last  when the earliest and the latest were scored: UTC, RFC 3339; "" without images
    """

    images: int = 0
    scored: int = 0
    failed: int = 0
    superseded: int = 0
    unsure: int = 0
    total: float = 0.0
    labels: Counter[str] = field(default_factory=Counter)
    confidences: list[int] = field(default_factory=lambda: [0] * STEPS)
    devices: Counter[str] = field(default_factory=Counter)
    elsewhere: int = 0
    frames: int = 0
    changes: int = 0
    hours: Counter[str] = field(default_factory=Counter)
    first: str = ""
    last: str = ""

    def add(self, record: Record, unsure: float) -> None:
        """Count one more; `unsure` is the probability 0..1 below which its label is."""
        self.images += 1
        self.failed += record.status == "failed"
        self.superseded += record.status == "superseded"
        if record.label is not None and record.score is not None:
            self.scored += 1
            self.unsure += record.score < unsure
            self.total += record.score
            self.confidences[step(record.score)] += 1
            _count(self.labels, record.label)
        self._place(record)
        _count(self.hours, record.at[:13])
        self.first = min(self.first, record.at) if self.first else record.at
        self.last = max(self.last, record.at)

    @property
    def answered(self) -> Answered:
        """What the model answered to the scored images."""
        mean = self.total / self.scored if self.scored else 0.0
        return Answered(self.labels, tuple(self.confidences), mean)

    @property
    def unsure_share(self) -> float | None:
        """Of the scored images, 0..1; None where nothing is scored."""
        return self.unsure / self.scored if self.scored else None

    def as_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        names = ("images", "scored", "failed", "superseded", "elsewhere", "frames", "changes",
                 "confidences", "first", "last")  # fmt: skip
        return {name: getattr(self, name) for name in names} | {
            "unsure": self.unsure_share,
            "confidence": self.answered.confidence if self.scored else None,
            "labels": dict(self.labels.most_common()),
            "devices": dict(sorted(self.devices.items())),
            "hours": dict(sorted(self.hours.items())),
        }

    def _place(self, record: Record) -> None:
        device = device_of(record)
        if device is None:
            self.elsewhere += 1
        else:
            _count(self.devices, device)
        if record.frame is not None:
            self.frames += 1
            self.changes += bool(record.decision and record.decision.get("changed"))


def _count(counter: Counter[str], name: str) -> None:
    counter[name if name in counter or len(counter) < _MOST_NAMES else OTHERS] += 1
