"""What is said of a fixed camera's picture: as a value, as JSON, and as words on a command line."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from litescore.contract import Contract
from litescore.errors import ContractError, PermanentError, UsageError
from litescore.view import ROTATIONS, WHOLE, View, ViewChanges, format_region, parse_region
from litescore.view_options import view_options, view_words

CONTRACT = Contract(("a", "b"), "gray", 4, 3)
ALL = View(rotate=270, mirror=True, region=(0.1, 0.25, 0.5, 0.75), invert=True)

sides = st.integers(1, 5000)
pixels = st.tuples(st.integers(0, 5000), st.integers(0, 5000), sides, sides).filter(
    lambda region: max(region) > 1
)
shares = st.tuples(*[st.floats(0, 0.5, allow_subnormal=False)] * 2, *[st.floats(0.001, 0.5)] * 2)
views = st.builds(
    View, st.sampled_from(ROTATIONS), st.booleans(), st.none() | pixels | shares, st.booleans()
)


@given(view=views)
def test_json_and_back(view: View) -> None:
    """In a contract too, and whether JSON's whole numbers come back as 3 or as 3.0."""
    assert View.from_json(view.to_json()) == view
    held = replace(CONTRACT, view=view)
    assert Contract.from_json(held.to_json()) == held == pickle.loads(pickle.dumps(held))
    floats = {"region": [float(one) for one in view.region]} if view.region else {}
    assert str(View.from_json(view.to_json() | floats)) == str(view)


def test_only_what_differs_is_written() -> None:
    """Nothing of the whole picture as it is."""
    assert WHOLE.to_json() == {}
    assert View(invert=True).to_json() == {"invert": True}
    region = [0.1, 0.25, 0.5, 0.75]
    assert ALL.to_json() == {"rotate": 270, "mirror": True, "region": region, "invert": True}


def test_a_contract_without_a_view_is_written_as_ever() -> None:
    """Readers from before views read it; one with a view they refuse by the field's name."""
    values = json.loads(CONTRACT.to_json())
    assert "view" not in values
    assert Contract.from_json(json.dumps(values)).view == WHOLE
    held = replace(CONTRACT, view=View(rotate=90))
    assert json.loads(held.to_json()) == values | {"view": {"rotate": 90}}


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"zoom": 2, "flip": True}, "unknown field in the contract's view: flip, zoom"),
        ({"rotate": 45}, "unknown rotate 45 .*0, 90, 180, 270"),
        ({"rotate": True}, "unknown rotate True"),
        ({"rotate": "90"}, "unknown rotate '90'"),
        ({"mirror": 1}, "mirror 1 .*neither true nor false"),
        ({"invert": None}, "invert None .*neither true nor false"),
        ({"region": [1, 2, 3]}, "not four numbers"),
        ({"region": "1,2,3,4"}, "not four numbers"),
        ({"region": [True, 2, 3, 4]}, "not four numbers"),
        ({"region": [0, 0, float("nan"), 4]}, "not four numbers"),
        ({"region": [0, 0, 10**400, 4]}, "not four numbers"),
        ({"region": [-1, 0, 3, 4]}, "begins before the picture"),
        ({"region": [0, 0, 3, 0]}, "has no size"),
        ({"region": [0, 0, 1, 1]}, "may be one pixel or the whole picture"),
        ({"region": [1.0, 0.0, 1.0, 1.0]}, "may be one pixel or the whole picture"),
        ({"region": [0.5, 0, 0.6, 1]}, "neither whole pixels nor fractions"),
        ({"region": [0.5, 10, 100, 100]}, "neither whole pixels nor fractions"),
        (None, "view None .*not an object"),
        ([1], "not an object"),
    ],
)
def test_anything_else_is_refused(values: Any, named: str) -> None:
    """By name, in a view and in the contract that holds it."""
    with pytest.raises(ContractError, match=named):
        View.from_json(values)
    text = json.dumps(json.loads(CONTRACT.to_json()) | {"view": values})
    with pytest.raises(ContractError, match=named):
        Contract.from_json(text)


def test_a_region_of_pixels() -> None:
    """Of the turned picture; one that reaches outside is refused with both sizes."""
    view = View(rotate=90, region=(10, 400, 200, 240))
    assert view.turned((640, 480)) == (480, 640)
    assert view.box((480, 640)) == (10, 400, 210, 640)
    with pytest.raises(PermanentError, match=r"reaches to 210 x 640 pixels.* 640 x 480") as refused:
        view.box((640, 480))
    assert refused.value.kind == "unsupported"


@given(region=shares, width=sides, height=sides)
@settings(max_examples=300)
def test_a_region_of_fractions(region: Any, width: int, height: int) -> None:
    """Lies within every picture, has a pixel at least, and its edges are the nearest ones."""
    left, top, right, bottom = View(region=region).box((width, height))
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height
    x, y, w, h = region
    assert abs(left - x * width) <= 0.5
    assert abs(bottom - (y + h) * height) <= 0.5 or bottom == top + 1
    assert abs(right - (x + w) * width) <= 0.5 or right == left + 1


def test_halves_meet() -> None:
    """Regions that share an edge share no pixel and leave none out."""
    for width in range(2, 40):
        first = View(region=(0, 0, 0.3, 1)).box((width, 5))
        second = View(region=(0.3, 0, 0.7, 1)).box((width, 5))
        assert (first[0], first[2], second[2]) == (0, second[0], width)


@given(region=pixels | shares)
def test_regions_as_words(region: Any) -> None:
    """What is told can be typed."""
    assert parse_region(format_region(region)) == region
    assert parse_region(" whole ") is None


@pytest.mark.parametrize("text", ["", "1,2,3", "a,b,c,d", "0,0,1,1", "0.5,0,0.6,1", "1;2;3;4"])
def test_other_words_are_refused(text: str) -> None:
    """With the text and how it is to be written."""
    with pytest.raises(
        UsageError, match=r"the region .*write x,y,width,height .* or `whole`"
    ) as no:
        parse_region(text)
    assert repr(text) in str(no.value)


@click.command()
@click.option("--size", type=int)
@view_options
@click.option("--seed", type=int)
def told(size: int | None, seed: int | None, view: ViewChanges) -> None:
    """Prints what of a view was stated."""
    click.echo(json.dumps([size, seed, dict(view.stated)]))


def stated(*typed: str) -> Any:
    """What a command with the options is given."""
    done = CliRunner().invoke(told, typed, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.output)


def test_options_that_are_left_out_state_nothing() -> None:
    """And those that are given state it, the default too: each may undo what a contract says."""
    assert stated("--size", "3", "--seed", "4") == [3, 4, {}]
    assert stated("--rotate", "0", "--no-mirror", "--roi", "whole", "--no-invert")[2] == {
        "rotate": 0, "mirror": False, "region": None, "invert": False,
    }  # fmt: skip
    assert stated("--roi", "1,2,3,4")[2] == {"region": [1, 2, 3, 4]}
    assert not ViewChanges()
    assert ViewChanges({"invert": False})
    assert ViewChanges({"region": None}).apply(ALL) == replace(ALL, region=None)


@given(view=views)
@settings(max_examples=30, deadline=None)
def test_words_state_the_view(view: View) -> None:
    """A view as options and back."""
    assert View.from_json(stated(*view_words(view))[2]) == view


def test_the_order_of_options_in_the_help() -> None:
    """Where the decorator stands among the others."""
    names = [one.name for one in told.params]
    assert names == ["size", "rotate", "mirror", "roi", "invert", "seed"]
