"""Which frames are kept: each rule looks at one frame after the other."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import numpy as np

from edge.decisions import UNKNOWN
from edge.scored import Scored
from litescore.contract import Contract
from litescore.errors import UsageError

Number = TypeVar("Number", int, float)

_FORMS = "least-sure:BELOW, label:NAME, every:N, change or random:RATE"


class Rule(Protocol):
    """Looks at every frame that was scored, in order.

    words  as the option names it, and the record of a frame that it held for
    """

    words: str

    def holds(self, scored: Scored) -> bool:
        """Whether this frame is to be kept. Asked once a frame, as a rule may count them."""


class LeastSure:
    """The frame's own best probability is below so much; of a multilabel model, that of the label
    of which it is least sure, held or not held.
    """

    def __init__(self, below: float) -> None:
        self.words = f"least-sure:{below:g}"
        # As numpy compares arrays with numbers: of a scalar its versions differ.
        self._below = np.float32(below)

    def holds(self, scored: Scored) -> bool:
        """Never of a frame that failed."""
        probabilities = scored.probabilities
        if probabilities is None:
            return False
        if scored.contract.output != "multilabel":
            return bool(probabilities.max() < self._below)
        return bool(abs(probabilities - 0.5).min() + 0.5 < self._below)


class OfLabel:
    """The frame by itself is of this label (of a multilabel model, it holds); or of `unknown`, which
    only the decision can be.
    """

    def __init__(self, label: str) -> None:
        self.words = f"label:{label}"
        self._label = label
        # Looked up once a model: it may have a thousand labels.
        self._contract: Contract | None = None
        self._index: int | None = None

    def holds(self, scored: Scored) -> bool:
        """Never of a frame that failed."""
        probabilities, contract, decision = scored.probabilities, scored.contract, scored.decision
        if probabilities is None:
            return False
        if contract is not self._contract:
            known = self._label in contract.labels
            self._index = contract.labels.index(self._label) if known else None
            self._contract = contract
        if self._index is None:
            return self._label == UNKNOWN and decision is not None and decision.label == UNKNOWN
        if contract.output == "multilabel":
            return bool(probabilities[self._index] >= np.float32(contract.threshold))
        return int(probabilities.argmax()) == self._index


class EveryNth:
    """The n-th, the 2n-th and so on of the frames since the start."""

    def __init__(self, n: int) -> None:
        self.words = f"every:{n}"
        self._n = n
        self._seen = 0

    def holds(self, scored: Scored) -> bool:  # noqa: ARG002 any frame counts
        """Every frame counts."""
        self._seen += 1
        return self._seen % self._n == 0


class Change:
    """The decision changed with this frame; the first one is none."""

    words = "change"

    def holds(self, scored: Scored) -> bool:
        """Never without a decision."""
        decision = scored.decision
        return decision is not None and decision.changed and decision.previous is not None


class Share:
    """A share of the frames, drawn at random."""

    def __init__(self, rate: float) -> None:
        self.words = f"random:{rate:g}"
        self._rate = rate

    def holds(self, scored: Scored) -> bool:  # noqa: ARG002 chance alone
        """Drawn anew for each frame."""
        return random.random() < self._rate  # noqa: S311 nobody gains by guessing it


def parse(words: str) -> Rule:
    """The rule that `--keep-when` names. Raises UsageError for other words."""
    name, _, value = words.partition(":")
    if name == "change" and not value:
        return Change()
    if name == "label" and value:
        return OfLabel(value)
    if name == "least-sure":
        return LeastSure(_number(words, value, float, "a probability", 0.0, 1.0))
    if name == "random":
        return Share(_number(words, value, float, "a share", 0.0, 1.0))
    if name == "every":
        return EveryNth(_number(words, value, int, "a whole number", 0, 10**9))
    raise UsageError(f"--keep-when {words}: one of {_FORMS}")


def check_labels(rules: Sequence[Rule], labels: Sequence[str]) -> None:
    """Raises UsageError for a label that the model has not."""
    for rule in rules:
        label = rule.words.removeprefix("label:")
        if isinstance(rule, OfLabel) and label not in (*labels, UNKNOWN):
            some = ", ".join(labels[:5]) + ", ..." * (len(labels) > 5)
            raise UsageError(
                f"--keep-when {rule.words}: the model has no such label (it has {some})"
            )


def _number(
    words: str, text: str, kind: Callable[[str], Number], what: str, above: Number, most: Number
) -> Number:
    try:
        value = kind(text)
    except ValueError:
        value = above
    if not above < value <= most:
        raise UsageError(f"--keep-when {words}: {what} above {above:g}, at most {most:g}")
    return value
