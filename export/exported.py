"""What an export found, from the first trial to the written file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export import choose
from export.choose import Choice
from export.layers import LayerCost
from export.order import Order
from export.proof import Exam, Reading
from export.reference import ReferenceResult
from export.source import Source
from export.trial import Trial
from litescore.bench.latency import Latency
from litescore.contract import Contract
from litescore.dataset import Dataset
from litescore.reliability import reliability


@dataclass(frozen=True)
class Tested:
    """The chosen file on the test images: the one time that they are looked at."""

    exam: Exam
    readings: Sequence[Reading]
    images: Dataset

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """float32[n, classes]: what the first runtime that loads the file answers."""
        return next(r.probabilities for r in self.readings if r.probabilities is not None)

    @property
    def drop(self) -> float:
        """Points of accuracy lost to the Keras model, the worst of all runtimes."""
        return (self.exam.accuracy - min(r.accuracy for r in self.readings if not r.refused)) * 100


@dataclass(frozen=True)
class Exported:
    """What an export found; `path`, `contract`, `size` and `tested` are there if it was written.

    exam         on the validation images, which every trial took
    temperature  folded into the graph, None where confidence was not calibrated
    layer_costs  worst first, where an int8 file lost too much
    before       float32[n, classes]: what the file would answer to the test images without its
                 temperature
    """

    order: Order
    source: Source
    exam: Exam
    trials: Sequence[Trial]
    choice: Choice
    temperature: float | None = None
    layer_costs: Sequence[LayerCost] = ()
    before: NDArray[np.float32] | None = None
    path: Path | None = None
    contract: Contract | None = None
    size: int = 0
    tested: Tested | None = None
    reference: ReferenceResult | None = None

    @property
    def chosen(self) -> Trial:
        """The trial that became the file; only where one passed."""
        assert self.choice.trial is not None
        return self.choice.trial

    @property
    def ece(self) -> dict[str, float]:
        """Expected calibration error of the file on the test images, 0..1: `after`, and `before`
        without its temperature.
        """
        if self.tested is None:
            return {}
        named = {"before": self.before, "after": self.tested.probabilities}
        classes = self.tested.exam.classes
        return {name: reliability(p, classes).ece for name, p in named.items() if p is not None}

    def judged(self, trial: Trial) -> Latency | None:
        """The latency of a trial that counts at the target, None where it is not known."""
        target = self.order.target
        return None if target is None else choose.judged(trial, target, self.exam)
