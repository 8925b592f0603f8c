"""The options of `litescore edge run` that say how frames become decisions, and which are told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from litescore.errors import UsageError
from litescore.options import gathered

if TYPE_CHECKING:
    from edge.decisions import Deciding
    from edge.emission import Telling


@dataclass(frozen=True)
class DecisionOptions:
    """The words of the command line; None where nothing was said."""

    smooth: str | None
    min_confidence: tuple[str, ...]
    hysteresis: float | None
    cool_down: float
    emit: str | None


decision_options = gathered(
    "decision",
    DecisionOptions,
    click.option(
        "--smooth",
        metavar="HOW",
        help="exponential:SECONDS, a mean of the probabilities that forgets by time, the same at 3 "
        "frames a second as at 30; votes:K/N, a label that K of the last N frames are for; or none.  "
        "[default: exponential:0.5 of a camera, else none]",
    ),
    click.option(
        "--min-confidence",
        multiple=True,
        metavar="[LABEL=]P",
        help="Below this probability nothing is decided on: unknown; of one label, or of all. May be "
        "repeated.  "
        "[default: 0]",
    ),
    click.option(
        "--hysteresis",
        type=click.FloatRange(0, 1, max_open=True),
        metavar="P",
        help="A decided label stays until another is ahead by so much, or until it falls so far below "
        "its confidence.  [default: 0.1 of a camera, else 0]",
    ),
    click.option(
        "--cool-down",
        type=click.FloatRange(0),
        default=0.0,
        show_default=True,
        metavar="SECONDS",
        help="No second change within so long of one.",
    ),
    click.option(
        "--emit",
        metavar="WHEN",
        help="Which frames are told: every; change, of the decision; SECONDS, one so often; or "
        "change,SECONDS.  [default: change of a camera, else every]",
    ),
)


def smoothing(text: str) -> float | tuple[int, int] | None:
    """What `--smooth` says: None, a time constant in seconds, or votes (k, n).

    Raises UsageError for other words.
    """
    kind, _, value = text.partition(":")
    try:
        if text == "none":
            return None
        if kind == "exponential":
            return float(value)
        if kind == "votes":
            k, n = value.split("/")
            return int(k), int(n)
    except ValueError:
        pass
    raise UsageError(
        f"--smooth {text}: none, exponential:SECONDS as in exponential:0.5, or votes:K/N as in "
        "votes:3/5"
    )


def confidences(words: tuple[str, ...]) -> tuple[float, dict[str, float]]:
    """What `--min-confidence` says of all labels, and of single ones.

    Raises UsageError for what is no probability, and for the same thing said twice.
    """
    said: dict[str, float] = {}
    for word in words:
        # A label may hold an equals sign, a number does not.
        label, _, number = word.rpartition("=")
        if label in said:
            raise UsageError(f"--min-confidence {word}: said twice")
        said[label] = _probability(number, word)
    return said.pop("", 0.0), said


def _probability(number: str, word: str) -> float:
    try:
        value = float(number)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise UsageError(f"--min-confidence {word}: a probability 0..1, or LABEL=P as in shoe=0.8")
    return value


def deciding(options: DecisionOptions, *, live: bool) -> Deciding:
    """How decisions are made; `live` of a camera, whose frames flicker.

    Raises UsageError for an option's value.
    """
    from edge.decisions import Deciding

    default = "exponential:0.5" if live else "none"
    least, of_label = confidences(options.min_confidence)
    hysteresis = options.hysteresis
    if hysteresis is None:
        hysteresis = 0.1 if live else 0.0
    return Deciding(
        smoothing(default if options.smooth is None else options.smooth),
        least,
        of_label,
        hysteresis,
        options.cool_down,
    )


def telling(options: DecisionOptions, *, live: bool) -> Telling:
    """Which frames are told. Raises UsageError for other words than there are."""
    from edge.emission import Telling

    return Telling.parse(options.emit or ("change" if live else "every"))
