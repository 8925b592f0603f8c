"""The pictures of an export, as PNG bytes. The only place of this room that knows matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from export.layers import LayerCost
from litescore.reliability import Reliability


@dataclass(frozen=True)
class Point:
    """One variant in the comparison.

    name        as `int8, batch 32`
    accuracy    share of images it gets right, 0..1
    size        of the file in bytes
    latency_ms  of one image, or None where it was not measured
    passed      whether it meets every gate
    """

    name: str
    accuracy: float
    size: int
    latency_ms: float | None
    passed: bool


def pareto(points: Sequence[Point], chosen: str | None, gate: float | None) -> bytes:
    """Size and latency against accuracy: every variant by name, `chosen` marked, the frontier.

    gate  the accuracy 0..1 below which a variant is refused, drawn as a line; None for no line

    The panel of latency is left out where no point has one.
    """
    raise NotImplementedError


def reliability_diagram(before: Reliability, after: Reliability | None = None) -> bytes:
    """Accuracy against confidence, as the model came and, beside it, with its temperature."""
    raise NotImplementedError


def layer_costs(costs: Sequence[LayerCost], most: int = 12) -> bytes:
    """The `most` costliest layers as bars, with the accuracy that came back where it is known."""
    raise NotImplementedError
