"""What records count to: statuses, labels, how sure the model was, why images failed.

It sees each record once and keeps few of them, so that a million cost no more memory than a
thousand. It does not know where records come from.
"""

from __future__ import annotations

import heapq
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

from litescore.record import Record, Subject

# Of scored images: [0, 0.1), [0.1, 0.2), ... and the last with 1 in it.
STEPS = 10
# Different reasons are few; should some reader put a file's own words into each, memory holds.
MOST_REASONS = 200
OTHER = "other reasons"
_EXAMPLES = 3
_NUMBER = re.compile(r"\d[\d,.]*")


@dataclass
class Cause:
    """Images that failed alike: kind, the first one's reason, how many, and the first few."""

    kind: str
    reason: str
    images: int = 0
    examples: list[Record] = field(default_factory=list)

    def add(self, record: Record) -> None:
        """Count an image; the first three are kept as examples."""
        self.images += 1
        if len(self.examples) < _EXAMPLES:
            self.examples.append(record)


def place(image: Record | Subject) -> str:
    """Where an image is, for a person to read."""
    return image.source if image.member is None else f"{image.member} in {image.source}"


@dataclass
class Counts:
    """How many records of each status, label and kind of failure, and of which models.

    pictures     the most records that each list of examples holds
    confidences  scored images by the probability of their label, in STEPS equal steps
    causes       failed images grouped by reason; numbers and the image's own name do not count
    """

    pictures: int = 12
    images: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)
    confidences: list[int] = field(default_factory=lambda: [0] * STEPS)
    causes: dict[tuple[str, str], Cause] = field(default_factory=dict)
    _least: list[tuple[float, int, Record]] = field(default_factory=list)
    _first: dict[str, list[Record]] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Count one more record."""
        self.images += 1
        self.statuses[record.status] += 1
        self.models[record.model] += 1
        if record.kind is not None:
            self.kinds[record.kind] += 1
            self._add_cause(record, record.kind)
        if record.label is not None and record.score is not None:
            self.labels[record.label] += 1
            self.confidences[min(int(record.score * STEPS), STEPS - 1)] += 1
            self._add_example(record, record.label, record.score)

    @property
    def least_sure(self) -> list[Record]:
        """The scored images with the lowest probabilities, lowest first."""
        return [record for *_, record in sorted(self._least, reverse=True)]

    @property
    def most_frequent_causes(self) -> list[Cause]:
        """Why images failed, the most frequent first."""
        return sorted(self.causes.values(), key=lambda cause: -cause.images)

    @property
    def failed(self) -> list[Record]:
        """Failed images: one of each cause, then a second of each."""
        return self._taking_turns([cause.examples for cause in self.most_frequent_causes])

    @property
    def of_each_label(self) -> list[Record]:
        """Scored images: the first of each label, most frequent first, then the second of each."""
        labels = [label for label, _ in self.labels.most_common() if label in self._first]
        return self._taking_turns([self._first[label] for label in labels])

    def as_json(self) -> dict[str, object]:
        """The counts as plain JSON values."""
        return {
            "images": self.images,
            "status": self.statuses,
            "labels": dict(self.labels.most_common()),
            "kinds": self.kinds,
            "models": self.models,
            "confidence": [
                {"from": step / STEPS, "to": (step + 1) / STEPS, "images": images}
                for step, images in enumerate(self.confidences)
            ],
            "least_sure": [
                {"source": r.source, "member": r.member, "label": r.label, "score": r.score}
                for r in self.least_sure
            ],
            "errors": [
                {
                    "kind": cause.kind,
                    "reason": cause.reason,
                    "images": cause.images,
                    "examples": [{"source": r.source, "member": r.member} for r in cause.examples],
                }
                for cause in self.most_frequent_causes
            ],
        }

    def _add_cause(self, record: Record, kind: str) -> None:
        reason = record.reason or ""
        alike = (kind, _NUMBER.sub("#", reason.replace(record.source.removeprefix("file://"), "")))
        if alike not in self.causes and len(self.causes) >= MOST_REASONS:
            alike, reason = (kind, OTHER), OTHER
        self.causes.setdefault(alike, Cause(kind, reason)).add(record)

    def _add_example(self, record: Record, label: str, score: float) -> None:
        # The lowest of all are wanted: a heap of their negatives, whose first is the surest.
        entry = (-score, -self.images, record)
        if len(self._least) < self.pictures:
            heapq.heappush(self._least, entry)
        else:
            heapq.heappushpop(self._least, entry)
        if label in self._first or len(self._first) < self.pictures:
            first = self._first.setdefault(label, [])
            if len(first) < self.pictures:
                first.append(record)

    def _taking_turns(self, lists: list[list[Record]]) -> list[Record]:
        rounds: Iterator[Record] = (
            record for turn in zip_longest(*lists) for record in turn if record is not None
        )
        return [record for record, _ in zip(rounds, range(self.pictures), strict=False)]
