"""Records counted by what they have in common: of which model, from which device, on which day.

It sees each record once and keeps none, so that a million cost no more memory than a thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from litescore.errors import UsageError
from litescore.record import Record

# Below this probability of its label an image counts as unsure, unless another bound is named.
UNSURE = 0.5


def device_of(record: Record) -> str | None:
    """The device that a camera's record names; None for one from a terminal or from Lambda."""
    device = record.frame.get("device") if record.frame else None
    return None if device is None else str(device)


FIELDS: dict[str, Callable[[Record], str | None]] = {
    "model": lambda record: record.model,
    "device": device_of,
    "label": lambda record: record.label,
    "status": lambda record: record.status,
    "kind": lambda record: record.kind,
    "day": lambda record: record.at[:10],
    "hour": lambda record: record.at[:13],
}

# Forty devices by the day for three years. A table of more is not read, and would fill the memory.
MOST_GROUPS = 50_000


@dataclass
class Group:
    """Records that have the same `values`, one for each field; None where they have none.

    images  all of them; failed and scored of these; unsure of the scored
    total   of the scored images' probabilities
    first, last  when the earliest and the latest were scored: UTC, RFC 3339
    """

    values: tuple[str | None, ...]
    images: int = 0
    failed: int = 0
    scored: int = 0
    unsure: int = 0
    total: float = 0.0
    first: str = ""
    last: str = ""

    def add(self, record: Record, unsure: float) -> None:
        """Count one more; `unsure` is the probability below which it is."""
        self.images += 1
        self.failed += record.status == "failed"
        if record.score is not None:
            self.scored += 1
            self.unsure += record.score < unsure
            self.total += record.score
        self.first = min(self.first, record.at) if self.first else record.at
        self.last = max(self.last, record.at)

    @property
    def confidence(self) -> float | None:
        """Mean probability of the labels, 0..1; None where nothing is scored."""
        return self.total / self.scored if self.scored else None

    @property
    def unsure_share(self) -> float | None:
        """Share of the scored images that are unsure, 0..1; None where nothing is scored."""
        return self.unsure / self.scored if self.scored else None

    def as_json(self, by: Sequence[str]) -> dict[str, Any]:
        """The same as plain JSON values."""
        return {
            **dict(zip(by, self.values, strict=True)),
            "images": self.images,
            "failed": self.failed,
            "scored": self.scored,
            "confidence": self.confidence,
            "unsure": self.unsure_share,
            "first": self.first,
            "last": self.last,
        }


def fields(text: str) -> tuple[str, ...]:
    """`model,device` -> the fields' names. Raises UsageError for unknown and repeated ones."""
    by = tuple(word.strip() for word in text.split(","))
    for name in by:
        if name not in FIELDS:
            raise UsageError(f"--by {text}: {name!r} is none of {', '.join(FIELDS)}")
    if len(set(by)) < len(by):
        raise UsageError(f"--by {text}: each once")
    return by


def grouped(records: Iterable[Record], by: Sequence[str], unsure: float = UNSURE) -> list[Group]:
    """The groups in order of their values, those without a value last.

    by      names in FIELDS
    unsure  0..1: the probability below which a scored image is unsure

    Raises UsageError for more than MOST_GROUPS.
    """
    readers = [FIELDS[name] for name in by]
    held: dict[tuple[str | None, ...], Group] = {}
    for record in records:
        values = tuple([read(record) for read in readers])
        group = held.get(values)
        if group is None:
            if len(held) >= MOST_GROUPS:
                raise UsageError(
                    f"--by {','.join(by)} makes more than {MOST_GROUPS:,} groups: name fewer fields"
                )
            group = held[values] = Group(values)
        group.add(record, unsure)
    return sorted(held.values(), key=_place)


def _place(group: Group) -> list[tuple[bool, str]]:
    return [(value is None, value or "") for value in group.values]
