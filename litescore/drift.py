"""How far one histogram is from another, and how far it may be by chance alone.

Knows counts only: no record, no release.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, log, log2, sqrt

TESTED, DRIFTED, FEW, UNTOLD = "as tested", "drifted", "too few images", "too few test images"

# Of the standard normal distribution, 0.999 lies below.
_NORMAL = 3.0902
# A place that holds 1.2 images on average adds 1.37 times what second order says (the mean over a
# Poisson distribution), and none adds more.
_SPARSE = 1.4


@dataclass(frozen=True)
class Part:
    """One place of the two histograms: the shares 0..1 of both, and the bits it adds."""

    name: str
    ours: float
    theirs: float
    bits: float


@dataclass(frozen=True)
class Drift:
    """What is between some images and the test images.

    bits   Jensen-Shannon divergence, 0 (the same) to 1 (nothing in common)
    noise  bits that 999 of 1,000 samples of this size stay below where nothing drifted
    least  the same with images without end: what the number of test images alone leaves open
    parts  the places, those that add most first
    """

    bits: float
    noise: float
    least: float
    parts: tuple[Part, ...]

    def verdict(self, alarm: float) -> str:
        """DRIFTED beyond `alarm` bits, TESTED up to it. Where chance alone may reach the alarm it is
        FEW, or UNTOLD where no number of images would help.
        """
        if self.least >= alarm:
            return UNTOLD
        if self.noise >= alarm:
            return FEW
        return DRIFTED if self.bits > alarm else TESTED


def drift(ours: Mapping[str, int], theirs: Mapping[str, int]) -> Drift:
    """Hold the counts of some images against those of the test images.

    Half the relative entropy of each to the mean of both, in bits (J. Lin: Divergence Measures
    Based on the Shannon Entropy, IEEE Trans. Inf. Theory 37(1), 1991, with equal weights and base
    2): symmetric, and finite where a place is empty. Without images on a side it is 0, and the
    noise infinite.
    """
    n, m = sum(ours.values()), sum(theirs.values())
    names = [name for name in {**theirs, **ours} if ours.get(name) or theirs.get(name)]
    parts = [_part(name, ours.get(name, 0) / (n or 1), theirs.get(name, 0) / (m or 1))
             for name in names]  # fmt: skip
    bits = sum(part.bits for part in parts) if n and m else 0.0
    parts.sort(key=lambda part: -part.bits)
    places = len(names)
    return Drift(min(bits, 1.0), noise(places, n, m), noise(places, None, m), tuple(parts))


def noise(places: int, n: int | None, m: int) -> float:
    """Bits that 999 of 1,000 pairs of samples of one histogram stay below.

    places  of the histogram that are not empty in both; n and m the sizes, n None for no end

    To second order the divergence is the sum of (p - q)^2 / (8 ln 2 * mean of p and q), and a sampled
    p - q has the variance share * (1 - share) * (1/n + 1/m). So 8 ln 2 / (1/n + 1/m) times the bits
    is distributed as chi-square of places - 1, whose mean gives (places - 1) (1/n + 1/m) / (8 ln 2)
    bits (I. Grosse et al.: Analysis of Symbolic Sequences Using the Jensen-Shannon Divergence,
    Phys. Rev. E 65, 041905, 2002). The quantile is Wilson and Hilferty's (PNAS 17, 1931). All of it
    is taken 1.4 times, since places of one image or two add more than that.

    It takes the images as independent of each other, which the frames of one camera are not.
    """
    if not m or n == 0:
        return inf
    if places < 2:
        return 0.0
    free = places - 1
    spread = 2 / (9 * free)
    quantile = free * (1 - spread + _NORMAL * sqrt(spread)) ** 3
    return _SPARSE * quantile * ((1 / n if n else 0.0) + 1 / m) / (8 * log(2))


def _part(name: str, ours: float, theirs: float) -> Part:
    mean = (ours + theirs) / 2
    bits = sum(share / 2 * log2(share / mean) for share in (ours, theirs) if share)
    return Part(name, ours, theirs, max(bits, 0.0))
