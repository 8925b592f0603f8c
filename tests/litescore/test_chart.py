"""Charts as SVG: how high what stands, by hand."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from litescore import chart
from litescore.chart import COLORS, Stack


def rects(svg: str) -> list[dict[str, str]]:
    """The attributes of each rectangle, in order."""
    return [one.attrib for one in ElementTree.fromstring(svg).iter() if one.tag == "rect"]


def test_stacks() -> None:
    """The highest column reaches the top; a series stands on the one below it, in its own colour; an
    empty column draws nothing.
    """
    columns = [Stack("one", (3, 1)), Stack("none", (0, 0)), Stack("two", (0, 2))]
    drawn = rects(chart.stacks(columns, begin="a", end="b", height=130))
    room = 130 - 14 - 16
    assert [float(one["height"]) for one in drawn] == [0.75 * room, 0.25 * room, 0.5 * room]
    assert [float(one["y"]) for one in drawn] == [14 + 0.25 * room, 14, 14 + 0.5 * room]
    assert [one["fill"] for one in drawn] == [COLORS[0], COLORS[1], COLORS[1]]
    assert float(drawn[2]["x"]) == pytest.approx(4 + 2 * 312 / 3, abs=0.01)


def test_more_series_than_colours() -> None:
    """They share the last one."""
    drawn = rects(chart.stacks([Stack("", (1,) * 9)], begin="", end=""))
    assert [one["fill"] for one in drawn[6:]] == [COLORS[-1]] * 3


def test_a_histogram() -> None:
    """Heights by the square root of the share; the line goes along the other one's."""
    svg = chart.histogram([0.0, 0.25, 0.75], [0.0, 0.0, 1.0], begin="0", end="1", height=130)
    heights = [float(one["height"]) for one in rects(svg)]
    assert heights == pytest.approx([50, 100 * 0.75**0.5], abs=0.1)
    (points,) = re.findall(r'points="([^"]*)"', svg)
    ys = [float(pair.split(",")[1]) for pair in points.split()]
    assert ys == [114, 114, 114, 114, 14, 14]
    assert "100.0% at most" in svg
    assert "polyline" not in chart.histogram([1.0], [], begin="0", end="1")


def test_nothing() -> None:
    """No columns, and only empty ones, are charts too."""
    assert not rects(chart.stacks([], begin="", end=""))
    assert not rects(chart.stacks([Stack("", (0,))], begin="", end=""))
    assert not rects(chart.histogram([0.0] * 20, [], begin="", end=""))
