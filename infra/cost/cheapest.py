"""Which way is cheapest, and from how many images on: exact, since each is straight between bends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor

from infra.cost.ways import Way

# Images a month up to which it is looked at.
MOST = 10**9
# A model so slow that instances are counted by the thousand is looked at less far.
_MOST_BENDS = 20_000


@dataclass(frozen=True)
class Reign:
    """From `first` images on `way` is the cheapest, up to the next one's first."""

    first: int
    way: Way


def reigns(ways: Sequence[Way], limit: int = MOST) -> list[Reign]:
    """Who is cheapest from one image up to `limit`; of equals the one named first."""
    found: list[Reign] = []
    begin = 1
    for end in _bends(ways, limit):
        for first, way in _within(ways, begin, end):
            if not found or found[-1].way is not way:
                found.append(Reign(first, way))
        begin = end + 1
    return found


def reach(ways: Sequence[Way], limit: int = MOST) -> int:
    """How far `reigns` may look at all these without taking long."""
    far = 1000
    while far < limit and sum(len(way.bends(far * 10)) for way in ways) <= _MOST_BENDS:
        far *= 10
    return min(far, limit)


def _bends(ways: Sequence[Way], limit: int) -> list[int]:
    found = {bend for way in ways for bend in way.bends(limit) if 1 <= bend < limit}
    return [*sorted(found), limit]


def _within(ways: Sequence[Way], begin: int, end: int) -> list[tuple[int, Way]]:
    """The cheapest where each way is one straight line: (first N, way) in order."""
    lines = [_line(way, begin, end) for way in ways]
    at = begin
    best = min(range(len(ways)), key=lambda one: (_value(lines[one], at), one))
    found = [(at, ways[best])]
    while True:
        later = [
            (meets, other)
            for other in range(len(ways))
            if (meets := _undercut(lines[best], lines[other], begin)) is not None
            and at < meets <= end
        ]
        if not later:
            return found
        at = min(meets for meets, _ in later)
        best = min(range(len(ways)), key=lambda one: (_value(lines[one], at), one))
        found.append((at, ways[best]))


_Line = tuple[Fraction, Fraction]


def _line(way: Way, begin: int, end: int) -> _Line:
    """Dollars at N = 0 and for each image, from two points."""
    one = way.dollars(begin)
    each = way.dollars(begin + 1) - one if end > begin else Fraction(0)
    return one - each * begin, each


def _value(line: _Line, images: int) -> Fraction:
    return line[0] + line[1] * images


def _undercut(best: _Line, other: _Line, begin: int) -> int | None:
    """The first whole N at which `other` costs less, where it ever does."""
    gains = best[1] - other[1]
    if gains <= 0:
        return None
    return max(begin, floor((other[0] - best[0]) / gains) + 1)
