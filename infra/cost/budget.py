"""How many images a sum of dollars scores, and what a number of images costs: the backfill path.

The very figures of `litescore cost`; for limits given in dollars and for the cost so far.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

from infra.cost import prices as table
from infra.cost import ways
from infra.cost.prices import Prices
from infra.cost.ways import Way
from infra.cost.work import ARCHES, KILOBYTES, Assumed, Work
from litescore.errors import UsageError

# No budget is taken to be for more images than this: prices may be zero.
MOST_IMAGES = 10**12


@dataclass(frozen=True)
class Budget:
    """Backfills of one kind of image by one kind of function.

    milliseconds  processor time of an image in all, on a whole processor; or, `billed`, what a
                  function of that memory was paid for an image
    memory        the function's, in MB
    arch          x86_64 or arm64
    kilobytes     of an image
    prices        those that are shipped where None

    Raises UsageError for what is not above 0, and for another architecture.
    """

    milliseconds: float
    memory: float
    arch: str
    kilobytes: float = KILOBYTES
    prices: Prices | None = None
    assumed: Assumed = field(default_factory=Assumed)
    billed: bool = False

    def __post_init__(self) -> None:
        if self.arch not in ARCHES:
            raise UsageError(f"unknown architecture {self.arch!r}: one of {', '.join(ARCHES)}")
        _ = self._way

    def dollars(self, images: int) -> float:
        """Dollars of one backfill of so many images; 0 for none. Raises UsageError below that."""
        if images < 0:
            raise UsageError(f"{images} images: a number from 0 on")
        return float(self._way.dollars(images))

    def images(self, dollars: float) -> int:
        """The most images of which one backfill costs no more, at most MOST_IMAGES.

        So `dollars(n) <= sum < dollars(n + 1)`. Raises UsageError for no number from 0 on.
        """
        if not (math.isfinite(dollars) and dollars >= 0):
            raise UsageError(f"{dollars} dollars: a number from 0 on")
        low, high = 0, MOST_IMAGES
        while low < high:
            middle = (low + high + 1) // 2
            affordable = float(self._way.dollars(middle)) <= dollars
            low, high = (middle, high) if affordable else (low, middle - 1)
        return low

    @cached_property
    def _way(self) -> Way:
        work = Work(
            self.milliseconds,
            self.memory,
            self.kilobytes,
            assumed=self.assumed,
            billed=self.billed,
        )
        return ways.backfill(work, self.prices or table.shipped(), self.arch)
