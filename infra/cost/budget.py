"""How many images a sum of dollars scores, and what a number of images costs: the backfill path.

The very figures of `litescore cost`; for limits given in dollars and for the cost so far.
"""

from __future__ import annotations

import math

from infra.cost import prices as table
from infra.cost import ways
from infra.cost.prices import Prices
from infra.cost.ways import Way
from infra.cost.work import ARCHES, SIZE, Assumed, Work
from litescore.errors import UsageError

# No budget is taken to be for more images than this: prices may be zero.
MOST_IMAGES = 10**12


def dollars_for(
    images: int,
    *,
    milliseconds: float,
    memory: float,
    arch: str,
    kilobytes: float = SIZE,
    prices: Prices | None = None,
    assumed: Assumed | None = None,
    billed: bool = False,
) -> float:
    """Dollars of one backfill of so many images; 0 for none.

    `milliseconds` is the processor time of an image in all, on a whole processor; or, `billed`, what
    a function of that memory was paid for an image. `memory` is the function's MB, `arch` x86_64 or
    arm64. Raises UsageError for what is not above 0, and for another architecture.
    """
    if images < 0:
        raise UsageError(f"{images} images: a number from 0 on")
    return float(
        _way(milliseconds, memory, arch, kilobytes, prices, assumed, billed).dollars(images)
    )


def images_for(
    dollars: float,
    *,
    milliseconds: float,
    memory: float,
    arch: str,
    kilobytes: float = SIZE,
    prices: Prices | None = None,
    assumed: Assumed | None = None,
    billed: bool = False,
) -> int:
    """The most images of which one backfill costs no more than `dollars`, at most MOST_IMAGES.

    So `dollars_for(n) <= dollars < dollars_for(n + 1)` with the same words. Raises as that does.
    """
    if not (math.isfinite(dollars) and dollars >= 0):
        raise UsageError(f"{dollars} dollars: a number from 0 on")

    way = _way(milliseconds, memory, arch, kilobytes, prices, assumed, billed)
    low, high = 0, MOST_IMAGES
    while low < high:
        middle = (low + high + 1) // 2
        affordable = float(way.dollars(middle)) <= dollars
        low, high = (middle, high) if affordable else (low, middle - 1)
    return low


def _way(
    milliseconds: float,
    memory: float,
    arch: str,
    kilobytes: float,
    prices: Prices | None,
    assumed: Assumed | None,
    billed: bool,
) -> Way:
    if arch not in ARCHES:
        raise UsageError(f"unknown architecture {arch!r}: one of {', '.join(ARCHES)}")
    work = Work(milliseconds, memory, kilobytes, assumed=assumed or Assumed(), billed=billed)
    return ways.backfill(work, prices or table.shipped(), arch)
