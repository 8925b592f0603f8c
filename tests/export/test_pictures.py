"""The pictures of an export: what is drawn, and that no name covers another."""

from __future__ import annotations

import io
import itertools

import numpy as np
import pytest
from matplotlib.text import Annotation
from numpy.typing import NDArray
from PIL import Image, ImageColor

from export import pictures
from export.layers import LayerCost
from export.pictures import Point
from litescore import drawing
from litescore.reliability import reliability

GOOD, BAD, QUIET = (
    ImageColor.getrgb(color) for color in (drawing.GOOD, drawing.BAD, drawing.QUIET)
)
POINTS = [
    Point("f32", 0.9123, 407_000, 0.021, True),
    Point("f16", 0.9123, 205_000, 0.021, True),
    Point("dynamic", 0.9119, 107_000, 0.019, True),
    Point("int8", 0.9101, 106_200, 0.011, True),
    Point("int8-float-io", 0.9101, 106_400, 0.0112, True),
    Point("int16x8", 0.9122, 108_000, 0.31, True),
]
TWICE = POINTS + [
    Point(f"{one.name}, batch 32", one.accuracy, one.size + 100, one.latency_ms, one.passed)
    for one in POINTS
]


def drawn(png: bytes) -> NDArray[np.uint8]:
    """The picture's pixels, uint8[height, width, 3]."""
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def holds(png: bytes, color: tuple[int, ...]) -> bool:
    """Whether a colour is in the picture, unmixed."""
    return bool((drawn(png) == color[:3]).all(axis=2).any())


def test_names_cover_neither_each_other_nor_the_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve variants, most of them in one spot: their names stand apart and within the panel."""
    figures = []
    # Bytes tell nothing of where a text stands: look at the figure as it is about to be saved.
    monkeypatch.setattr(pictures, "png", lambda figure: figures.append(figure) or b"")
    pictures.pareto(TWICE, "int8, batch 32", 0.9073)
    for axes in figures[0].axes:
        texts = [one for one in axes.texts if isinstance(one, Annotation) and one.get_text()]
        boxes = [text.get_window_extent() for text in texts]
        assert {text.get_text() for text in texts} >= {point.name for point in TWICE}
        assert not [
            (one.get_text(), other.get_text())
            for (one, box), (other, beside) in itertools.combinations(
                zip(texts, boxes, strict=True), 2
            )
            if box.overlaps(beside)
        ]
        frame = axes.get_window_extent()
        assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)
        assert all(frame.y0 <= box.y0 and box.y1 <= frame.y1 for box in boxes)


def test_what_no_gate_refused_is_blue_and_the_rest_is_gray() -> None:
    """A picture of refused variants alone has no blue; the gate is red, and drawn if there is one."""
    refused = [Point("int8", 0.7, 100_000, 0.01, False)]
    lone = pictures.pareto(refused, None, None)
    assert holds(lone, QUIET)
    assert not holds(lone, GOOD)
    assert not holds(lone, BAD)
    assert holds(pictures.pareto(refused, None, 0.9), BAD)
    assert holds(pictures.pareto(POINTS, "int8", None), GOOD)


def test_the_chosen_one_is_marked() -> None:
    """The same points with another choice are another picture."""
    assert not np.array_equal(
        drawn(pictures.pareto(POINTS, "int8", None)), drawn(pictures.pareto(POINTS, None, None))
    )


def test_without_latency_there_is_one_panel() -> None:
    """Another machine's latency may be unknown: half the width, no empty panel."""
    unknown = [Point(one.name, one.accuracy, one.size, None, one.passed) for one in POINTS]
    wide = drawn(pictures.pareto(POINTS, None, None)).shape[1]
    assert drawn(pictures.pareto(unknown, None, None)).shape[1] == wide // 2


def test_the_frontier_is_what_no_other_beats() -> None:
    """Small and accurate: a point that is larger must be better to lie on it."""
    places = [(3.0, 0.9), (1.0, 0.5), (2.0, 0.9), (2.0, 0.8), (4.0, 0.7)]
    assert pictures._frontier(places) == [(1.0, 0.5), (2.0, 0.9)]


def test_the_diagram_has_a_panel_for_each_state() -> None:
    """Alone, or before and after; bars in blue, the confidence in red."""
    probabilities = np.array([[0.9, 0.1], [0.7, 0.3], [0.4, 0.6]], np.float32)
    found = reliability(probabilities, np.array([0, 1, 1]))
    alone, both = drawing.reliability_diagram(found), drawing.reliability_diagram(found, found)
    assert drawn(both).shape[1] == 2 * drawn(alone).shape[1]
    assert holds(alone, BAD)


def test_layers_that_give_accuracy_back_are_red() -> None:
    """Gray where keeping the layer in float helps nothing, or was not tried."""
    costly = LayerCost("hidden", "FULLY_CONNECTED", 0.3, 0.9, 12.0)
    idle = LayerCost("a layer of a name that no chart has the room for", "CONV_2D", 0.3, 0.1, 0.0)
    untried = LayerCost("pool", "MAX_POOL_2D", 0.0, 0.0)
    assert holds(pictures.layer_costs([costly, idle]), BAD)
    assert not holds(pictures.layer_costs([idle, untried]), BAD)
    assert (
        drawn(pictures.layer_costs([untried] * 30)).shape
        == drawn(pictures.layer_costs([untried] * 12)).shape
    )
