"""From the probabilities of frame after frame to one decision that does not flicker."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import exp
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from litescore.contract import Contract
from litescore.errors import UsageError

UNKNOWN = "unknown"
# Where labels have indices, unknown has this.
_NONE = -1

Floats = NDArray[np.float32]


class Decision(NamedTuple):
    """What the frames so far come to.

    label     a class, or `unknown` where none is sure enough
    score     its smoothed probability, 0..1; of `unknown` the best class's
    since     monotonic seconds of the frame that brought it
    changed   whether that was this frame
    previous  the label before it; None of the first
    """

    label: str
    score: float
    since: float
    changed: bool
    previous: str | None

    def to_json(self) -> dict[str, Any]:
        """What a record says of it."""
        return {
            "label": self.label,
            "score": round(self.score, 6),
            "since": round(self.since, 6),
            "changed": self.changed,
            "previous": self.previous,
        }


@dataclass(frozen=True)
class Deciding:
    """How a decision is made.

    smoothing       None; seconds, the time constant of an exponential average; or (k, n): a label
                    that k of the last n frames are for
    min_confidence  0..1: below it a label is not decided on; of a multilabel model the contract's
                    threshold where that is higher
    of_label        the same of single labels, instead of it
    hysteresis      0..1: a decided label stays until another's probability is so much higher, and
                    until its own is so much below the confidence that it needed
    cool_down       seconds after a change within which there is no other

    Raises UsageError for values outside these.
    """

    smoothing: float | tuple[int, int] | None = None
    min_confidence: float = 0.0
    of_label: Mapping[str, float] = field(default_factory=dict)
    hysteresis: float = 0.0
    cool_down: float = 0.0

    def __post_init__(self) -> None:
        if isinstance(self.smoothing, tuple):
            k, n = self.smoothing
            if not n / 2 < k <= n <= 1000:
                raise UsageError(f"{k} of {n} votes: more than half, of at most 1000")
        elif self.smoothing is not None and not 0 < self.smoothing <= 3600:
            raise UsageError(f"smoothing over {self.smoothing:g} s: above 0, at most 3600")


def check_labels(of_label: Mapping[str, float], labels: Sequence[str]) -> None:
    """Raises UsageError where a confidence is asked for of a label that is none of these."""
    for label, confidence in of_label.items():
        if label not in labels:
            raise UsageError(
                f"--min-confidence {label}={confidence:g}: the model has no label {label!r} "
                f"(it has {', '.join(labels[:5])}{', ...' * (len(labels) > 5)})"
            )


class Decider:
    """Makes one decision of frame after frame of one model.

    Raises UsageError where a confidence is asked for of a label that the contract has not.
    """

    def __init__(self, contract: Contract, deciding: Deciding | None = None) -> None:
        deciding = deciding or Deciding()
        self._labels = contract.labels
        self._cool_down = deciding.cool_down
        self._smoother = _smoother(contract, deciding)
        self._held = _NONE
        self._since = 0.0
        self._previous: str | None = None
        self._begun = False
        self._changed_at = 0.0

    def decide(
        self, probabilities: Floats, monotonic: float, seconds: float | None = None
    ) -> Decision:
        """The decision after a frame of float32[classes].

        monotonic  when it was captured, for `since`
        seconds    when it was on the source's own clock, a clip's position; `monotonic` by default
        """
        seconds = monotonic if seconds is None else seconds
        index, score = self._smoother.choose(probabilities, seconds, self._held)
        changed = not self._begun or (index != self._held and not self._cooling(seconds))
        if changed:
            self._previous = self._name(self._held) if self._begun else None
            self._held, self._since, self._changed_at = index, monotonic, seconds
            self._begun = True
        elif index != self._held:
            score = self._smoother.score(self._held)
        return Decision(self._name(self._held), score, self._since, changed, self._previous)

    def _cooling(self, seconds: float) -> bool:
        # A clip that begins anew is earlier than the change: then nothing is waited for.
        return 0 <= seconds - self._changed_at < self._cool_down

    def _name(self, index: int) -> str:
        return UNKNOWN if index == _NONE else self._labels[index]


class Smoother(Protocol):
    """Chooses among the classes, given which one is decided on."""

    def choose(self, probabilities: Floats, seconds: float, held: int) -> tuple[int, float]:
        """The index of the class to decide on, or -1, and its score."""

    def score(self, index: int) -> float:
        """The score of a class after the frame that was given last; of -1 the best class's."""


class Average:
    """The class of the highest mean probability; the mean is exponential in time, or no mean at all.

    seconds  its time constant; None takes each frame by itself
    """

    def __init__(self, seconds: float | None, needed: list[float], hysteresis: float) -> None:
        self._constant = seconds
        self._needed = needed
        self._hysteresis = hysteresis
        self._mean: Floats | None = None
        self._at = 0.0

    def choose(self, probabilities: Floats, seconds: float, held: int) -> tuple[int, float]:
        mean = self._averaged(probabilities, seconds)
        best = int(mean.argmax())
        score = float(mean[best])
        if held not in (best, _NONE):
            own = float(mean[held])
            ahead = score >= own + self._hysteresis and score >= self._needed[best]
            if not ahead and own >= self._needed[held] - self._hysteresis:
                return held, own
        slack = self._hysteresis if held == best else 0.0
        return (best if score >= self._needed[best] - slack else _NONE), score

    def score(self, index: int) -> float:
        assert self._mean is not None
        return float(self._mean.max() if index == _NONE else self._mean[index])

    def _averaged(self, probabilities: Floats, seconds: float) -> Floats:
        passed, self._at = seconds - self._at, seconds
        if self._constant is None:
            self._mean = probabilities
        elif self._mean is None or passed < 0:
            self._mean = probabilities.copy()
        else:
            # As exact at 3 frames a second as at 30: the mean forgets by time, not by frames.
            self._mean += np.float32(1 - exp(-passed / self._constant)) * (
                probabilities - self._mean
            )
        return self._mean


class Votes:
    """The class that k of the last n frames are for; until one is, what was decided stays."""

    def __init__(self, k: int, n: int, needed: list[float], hysteresis: float) -> None:
        self._k = k
        self._needed = needed
        self._hysteresis = hysteresis
        self._votes: deque[int] = deque(maxlen=n)
        self._last: deque[Floats] = deque(maxlen=n)

    def choose(self, probabilities: Floats, seconds: float, held: int) -> tuple[int, float]:  # noqa: ARG002 frames count here
        self._votes.append(self._vote(probabilities, held))
        self._last.append(probabilities)
        winner, votes = Counter(self._votes).most_common(1)[0]
        chosen = winner if votes >= self._k else held
        return chosen, self.score(chosen)

    def score(self, index: int) -> float:
        mean = np.mean(self._last, axis=0)
        return float(mean.max() if index == _NONE else mean[index])

    def _vote(self, probabilities: Floats, held: int) -> int:
        best = int(probabilities.argmax())
        slack = self._hysteresis
        if held not in (best, _NONE) and probabilities[best] < probabilities[held] + slack:
            best = held
        needed = self._needed[best] - (slack if best == held else 0.0)
        return best if probabilities[best] >= needed else _NONE


def _smoother(contract: Contract, deciding: Deciding) -> Smoother:
    needed = _needed(contract, deciding)
    if isinstance(deciding.smoothing, tuple):
        return Votes(*deciding.smoothing, needed, deciding.hysteresis)
    return Average(deciding.smoothing, needed, deciding.hysteresis)


def _needed(contract: Contract, deciding: Deciding) -> list[float]:
    """The probability from which on each class is decided on."""
    least = contract.threshold if contract.output == "multilabel" else 0.0
    needed = [max(least, deciding.min_confidence)] * len(contract.labels)
    check_labels(deciding.of_label, contract.labels)
    for label, confidence in deciding.of_label.items():
        needed[contract.labels.index(label)] = confidence
    return needed
