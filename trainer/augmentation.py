"""Which augmentations there are: names, strengths, and what suits images by default.

Plain words; what is done to pixels is in `trainer.fitting.augment`. Knows no TensorFlow.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from litescore.contract import Contract
from litescore.errors import UsageError


@dataclass(frozen=True)
class Kind:
    """One thing that can be done: its strength where none is given, the strongest that makes sense,
    and what it is, for people.
    """

    strength: float
    most: float
    meaning: str


KINDS = {
    "flip": Kind(0.5, 1.0, "mirrored left to right, so often of 1"),
    "shift": Kind(0.08, 0.5, "moved by up to this share of the side, whole pixels"),
    "rotate": Kind(10.0, 180.0, "turned by up to so many degrees"),
    "zoom": Kind(0.1, 0.5, "made larger or smaller by up to this share"),
    "shear": Kind(10.0, 45.0, "slanted by up to so many degrees"),
    "brightness": Kind(0.2, 1.0, "made lighter or darker by up to this share of white"),
    "contrast": Kind(0.2, 1.0, "contrast changed by up to this share"),
    "erase": Kind(0.5, 1.0, "a rectangle blanked, so often of 1"),
}


def parse(names: Sequence[str]) -> dict[str, float]:
    """Name -> strength of `flip`, `shift:0.1` and the like; in the order of KINDS.

    Raises UsageError for an unknown name, a strength that is no number or out of range, and a name
    given twice.
    """
    found: dict[str, float] = {}
    for word in names:
        name, colon, strength = word.strip().partition(":")
        if name not in KINDS:
            raise UsageError(f"unknown augmentation {name!r}: one of {', '.join(KINDS)}, or none")
        if name in found:
            raise UsageError(f"augmentation {name} is given twice")
        found[name] = _strength(name, strength) if colon else KINDS[name].strength
    return {name: found[name] for name in KINDS if name in found}


def sensible(contract: Contract) -> tuple[str, ...]:
    """What suits images of which nothing else is known.

    Photographs (rgb) may be mirrored; gray pictures may be writing, which may not.
    """
    if contract.color == "rgb":
        return ("flip", "shift", "zoom", "brightness", "contrast")
    return ("shift", "rotate", "zoom")


def _strength(name: str, words: str) -> float:
    kind = KINDS[name]
    try:
        value = float(words)
    except ValueError:
        value = math.nan
    if not 0 < value <= kind.most:
        raise UsageError(f"--augment {name}:{words} is not a number above 0 up to {kind.most:g}")
    return value
