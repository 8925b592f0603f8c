"""Which files an export makes: one, or every variant that could suit the target."""

from __future__ import annotations

from dataclasses import dataclass

from export.targets import Target
from litescore.contract import VARIANTS, Contract
from litescore.interpreter import suitable_batch


@dataclass(frozen=True)
class Candidate:
    """A file to make: its variant and how many images an invocation takes (None: any number)."""

    variant: str
    batch: int | None = None

    def __str__(self) -> str:
        return self.variant if self.batch is None else f"{self.variant}, batch {self.batch}"


def pipeline_batch(contract: Contract) -> int:
    """How many images the batch pipeline gives a model of this contract at once."""
    return suitable_batch((contract.height, contract.width, contract.channels))


def every(target: Target, contract: Contract) -> list[Candidate]:
    """All variants for a target, in the batch shapes that matter there.

    A camera's frames come one by one: a fixed batch of one. For the batches of the pipeline an open
    batch, and for tflite-runtime a fixed one too, since it leaves XNNPACK off for an open batch in
    some graphs.
    """
    batches: list[int | None] = [1] if target.frames else [None]
    if target.runtimes[0] == "tflite-runtime" and not target.frames:
        batches.append(pipeline_batch(contract))
    return [Candidate(variant, batch) for batch in batches for variant in VARIANTS]
