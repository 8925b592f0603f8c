"""Charts as SVG for a page: no library, no script, the page's own colours in light and dark.

Names are escaped. Sizes are those of a telephone; a wider page enlarges them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from litescore.markup import escaped

WIDTH = 320
# Of series in a stack, the first of them the newest; the rest share the last.
COLORS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8d96a3")

_LEFT, _TOP, _BOTTOM = 4, 14, 16


@dataclass(frozen=True)
class Stack:
    """One column: what a pointer is told of it, and how high each series is (>= 0)."""

    title: str
    heights: tuple[int, ...]


def stacks(columns: Sequence[Stack], *, begin: str, end: str, height: int = 120) -> str:
    """Columns of stacked series, the first at the bottom, in COLORS; the highest reaches the top and
    its number stands there. `begin` and `end` are written below the first and the last.
    """
    top = max((sum(column.heights) for column in columns), default=0) or 1
    wide = (WIDTH - 2 * _LEFT) / max(1, len(columns))
    gap = min(1.0, wide / 6)
    drawn = "".join(
        _stack(column, _LEFT + place * wide, wide - gap, height, top)
        for place, column in enumerate(columns)
    )
    frame = _base(height) + _note(_LEFT, 10, f"{top:,} at most") + _ends(begin, end, height)
    return _svg(height, frame + drawn)


def histogram(
    ours: Sequence[float], theirs: Sequence[float], *, begin: str, end: str, height: int = 110
) -> str:
    """Shares 0..1 by step: `ours` as bars, `theirs` (may be empty) as a line over them. Heights go by
    the square root, so that rare ones show.
    """
    top = max([*ours, *theirs, 0.0]) or 1.0
    wide = (WIDTH - 2 * _LEFT) / len(ours)
    room = height - _TOP - _BOTTOM
    bars = "".join(
        f'<rect x="{_LEFT + place * wide + 0.5:.1f}" y="{_TOP + room - high:.1f}" '
        f'width="{wide - 1:.1f}" height="{high:.1f}" fill="var(--good)">'
        f"<title>{share:.2%}</title></rect>"
        for place, share in enumerate(ours)
        if (high := room * (share / top) ** 0.5)
    )
    points = " ".join(
        f"{_LEFT + (place + side) * wide:.1f},{_TOP + room * (1 - (share / top) ** 0.5):.1f}"
        for place, share in enumerate(theirs)
        for side in (0, 1)
    )
    line = f'<polyline points="{points}" fill="none" stroke="var(--ink)" stroke-width="1.4"/>'
    frame = _base(height) + _note(_LEFT, 10, f"{top:.1%} at most") + _ends(begin, end, height)
    return _svg(height, frame + bars + (line if theirs else ""))


def _stack(column: Stack, x: float, wide: float, height: int, top: int) -> str:
    room, y = height - _TOP - _BOTTOM, float(height - _BOTTOM)
    drawn = []
    for place, value in enumerate(column.heights):
        if value:
            high = room * value / top
            y -= high
            color = COLORS[min(place, len(COLORS) - 1)]
            drawn.append(
                f'<rect x="{x:.2f}" y="{y:.2f}" width="{wide:.2f}" height="{high:.2f}" '
                f'fill="{color}"/>'
            )
    if not drawn:
        return ""
    return f"<g><title>{escaped(column.title)}</title>{''.join(drawn)}</g>"


def _base(height: int) -> str:
    y = height - _BOTTOM + 0.5
    return f'<path d="M{_LEFT} {y}H{WIDTH - _LEFT}" stroke="var(--line)"/>'


def _ends(begin: str, end: str, height: int) -> str:
    y = height - 4
    return _note(_LEFT, y, begin) + _note(WIDTH - _LEFT, y, end, "end")


def _note(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escaped(text)}</text>'


def _svg(height: int, inside: str) -> str:
    return f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img">{inside}</svg>'
