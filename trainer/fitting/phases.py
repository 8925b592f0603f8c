"""Parts of a training that differ in what learns and how fast.

A pretrained backbone is left as it is at first: the gradients of a head that knows nothing would
undo it. Then it learns too, slowly. Any other model has one phase.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from trainer.models.freezing import backbone_of, freeze, thaw
from trainer.presets import Optimization


@dataclass(frozen=True)
class Phase:
    """Epochs `first` to `last`, both counted from 1 and both in it. `frozen` is None where there is
    no backbone.
    """

    first: int
    last: int
    optimization: Optimization
    frozen: bool | None = None

    @property
    def epochs(self) -> int:
        """How many they are."""
        return self.last - self.first + 1

    def prepare(self, model: Any) -> None:
        """Say of the layers which of them learn: before the steps of this phase are compiled."""
        if self.frozen is not None:
            (freeze if self.frozen else thaw)(model)


def phases(model: Any, chosen: Optimization, epochs: int) -> tuple[Phase, ...]:
    """The phases of so many epochs. Of few epochs at most half are frozen, of one all."""
    if not chosen.frozen or not backbone_of(model):
        return (Phase(1, epochs, chosen),)
    frozen = min(chosen.frozen, max(1, epochs // 2))
    first = Phase(1, frozen, chosen, frozen=True)
    slow = replace(chosen, rate=chosen.rate * chosen.fine)
    return (first, Phase(frozen + 1, epochs, slow, frozen=False))[: 1 + (epochs > frozen)]
