"""What a review came to: confirmed and corrected, what was taken for what, and how good the model is.

Only frames that chance drew tell how good it is: of the least sure ones more are wrong. And only once
all of them are decided: the least sure come first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from litescore.certainty import interval
from litescore.review.items import Item
from litescore.review.log import Decision
from litescore.terminal import printable

_SHOWN = 12


@dataclass(frozen=True)
class Measured:
    """A model's accuracy on the frames that chance drew.

    model     its digest; None where records do not say
    count     frames that were given a label
    right     those of them whose label is the model's
    rejected  frames that were thrown away, which count nowhere
    waiting   frames that are not decided: until there is none the accuracy is too low
    """

    model: str | None
    count: int
    right: int
    rejected: int
    waiting: int

    def as_json(self) -> dict[str, Any]:
        """With the accuracy and its interval, both 0..1, once a frame counts."""
        values: dict[str, Any] = dict(vars(self))
        if self.count:
            low, high = interval(self.right / self.count, self.count)
            values |= {"accuracy": self.right / self.count, "interval": [low, high]}
        return values


@dataclass(frozen=True)
class Summary:
    """Counts of decisions.

    unmatched  labelled, and the model gave no label to hold against
    confused   (the model's label, the given one) -> how often, of all that was labelled
    measured   a row for each model
    """

    waiting: int
    confirmed: int
    corrected: int
    rejected: int
    unmatched: int
    labels: Mapping[str, int]
    confused: Mapping[tuple[str, str], int]
    measured: tuple[Measured, ...]

    @property
    def decided(self) -> int:
        """Of all, labelled or thrown away."""
        return self.confirmed + self.corrected + self.rejected + self.unmatched

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it; `measured` is called `random` there."""
        confusion = [
            {"model": model, "given": given, "count": count}
            for (model, given), count in self.confused.items()
        ]
        names = ("waiting", "decided", "confirmed", "corrected", "rejected", "unmatched")
        return {name: getattr(self, name) for name in names} | {
            "labels": dict(self.labels),
            "confusion": confusion,
            "random": [one.as_json() for one in self.measured],
        }

    def lines(self) -> list[str]:
        """For a person."""
        lines = [
            f"{self.decided:,} decided: {self.confirmed:,} confirmed, {self.corrected:,} corrected, "
            f"{self.rejected:,} thrown away"
            + (f", {self.unmatched:,} that the model gave no label" if self.unmatched else "")
            + f"; {self.waiting:,} to go"
        ]
        wrong = [(pair, count) for pair, count in self.confused.items() if pair[0] != pair[1]]
        if wrong:
            lines.append("the model's label -> the label given")
        lines += [
            f"  {count:>6,}  {printable(model)} -> {printable(given)}"
            for (model, given), count in wrong[:_SHOWN]
        ]
        if len(wrong) > _SHOWN:
            lines.append(f"          and {len(wrong) - _SHOWN:,} other pairs: see --json")
        return lines + [_measured(one) for one in self.measured]


def summarize(decisions: Iterable[Decision], waiting: Iterable[Item]) -> Summary:
    """What the standing decisions come to, and the pictures that are left."""
    waiting = list(waiting)
    counts: Counter[str] = Counter()
    labels: Counter[str] = Counter()
    confused: Counter[tuple[str, str]] = Counter()
    drawn: dict[str | None, Counter[str]] = {}
    for one in decisions:
        kind = _kind(one)
        counts[kind] += 1
        if one.is_random:
            drawn.setdefault(one.model, Counter())[kind] += 1
        if one.label is not None:
            labels[one.label] += 1
            if one.model_label is not None:
                confused[one.model_label, one.label] += 1
    for item in waiting:
        if item.is_random:
            drawn.setdefault(item.model, Counter())["waiting"] += 1
    measured = (
        Measured(
            model,
            found["confirmed"] + found["corrected"],
            found["confirmed"],
            found["rejected"],
            found["waiting"],
        )
        for model, found in drawn.items()
    )
    return Summary(
        waiting=len(waiting),
        confirmed=counts["confirmed"],
        corrected=counts["corrected"],
        rejected=counts["rejected"],
        unmatched=counts["unmatched"],
        labels=dict(labels.most_common()),
        confused=dict(confused.most_common()),
        measured=tuple(measured),
    )


def _kind(decision: Decision) -> str:
    if decision.label is None:
        return "rejected"
    if decision.model_label is None:
        return "unmatched"
    return "confirmed" if decision.label == decision.model_label else "corrected"


def _measured(one: Measured) -> str:
    model = (one.model or "no digest")[:12]
    if not one.count:
        return f"model {model}: none of the {one.waiting:,} frames drawn by chance is labelled yet"
    low, high = interval(one.right / one.count, one.count)
    line = (
        f"model {model}: {one.right:,} of {one.count:,} frames drawn by chance right, "
        f"{one.right / one.count:.1%} ({low:.1%} to {high:.1%}, 95 % interval)"
    )
    line += f"; {one.rejected:,} thrown away, not counted" if one.rejected else ""
    if one.waiting:
        line += f"; too low until the other {one.waiting:,} are decided: the least sure come first"
    return line
