"""How far a share that was counted can be trusted, by how many it was counted on."""

from __future__ import annotations

import math

# Of a normal distribution 95 % lie within so many standard deviations.
_SIGMAS = 1.96


def interval(share: float, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a share 0..1 found on `count` > 0 images, 0..1."""
    spread = _SIGMAS**2 / count
    middle = (share + spread / 2) / (1 + spread)
    half = _SIGMAS * math.sqrt(share * (1 - share) / count + spread / (4 * count)) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
