"""What is asked of an export."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from export.choose import Limits
from export.targets import Target
from litescore.bench.measured import Measured

AUTO = "auto"


@dataclass(frozen=True)
class Order:
    """What is asked of an export.

    variant    one of litescore.contract.VARIANTS, or `auto` for the best of all
    batch      a fixed batch; None for an open one, or for what suits the target of `auto`
    open_batch an open one was asked for, whatever suits the target
    target     where the file will run; `auto` needs one
    measured   latencies of the candidates, measured on the target
    keep       a folder that gets every candidate, to be measured elsewhere
    calibrate_confidence  fit a temperature on the validation images
    reference  a CSV file of someone's own predictions, to be compared with the file's
    """

    out: Path
    variant: str = "int8"
    batch: int | None = None
    open_batch: bool = False
    limits: Limits = field(default_factory=Limits)
    target: Target | None = None
    measured: Measured | None = None
    keep: Path | None = None
    calibrate_confidence: bool = False
    reference: Path | None = None
