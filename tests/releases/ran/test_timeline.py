"""Images by the hour: mixed hours, long times, clocks that were not set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from litescore.ran.joined import Ran
from litescore.ran.seen import Seen
from litescore.ran.timeline import timeline

BEGIN = datetime(2026, 11, 28, 9, tzinfo=UTC)


def ran(digest: str, **hours: int) -> Ran:
    """A release that scored so many images in hours counted from BEGIN on."""
    seen = Seen()
    for name, images in hours.items():
        seen.hours[f"{BEGIN + timedelta(hours=int(name[1:])):%Y-%m-%dT%H}"] = images
    return Ran(digest, None, (), seen)


def test_a_mixed_hour() -> None:
    """Each hour is a column, empty ones too; the one that two releases share is named."""
    found = timeline([ran("a", h0=3, h1=2), ran("b", h1=5, h3=1)])
    assert found.hours == 1
    assert [dict(one.images) for one in found.columns] == [{"a": 3}, {"a": 2, "b": 5}, {}, {"b": 1}]
    assert found.columns[0].begin == BEGIN
    assert {hour: dict(images) for hour, images in found.mixed.items()} == {
        "2026-11-28T10": {"a": 2, "b": 5}
    }


@pytest.mark.parametrize("last", [70, 71, 72, 500, 5000, 12_000, 50_000])
def test_long_times_have_few_columns(last: int) -> None:
    """Hours go together until the columns are 72 at most; no image is lost, and only hours of two
    releases are mixed.
    """
    found = timeline([ran("a", **{"h0": 1, f"h{last}": 2}), ran("b", h1=4)])
    assert len(found.columns) <= 72
    assert sum(sum(one.images.values()) for one in found.columns) == 7
    assert not found.mixed
    assert (found.hours == 1) == (last <= 70)


def test_clocks_that_were_not_set() -> None:
    """1970 and what is no time are counted aside: they would draw out the time for nothing."""
    one = ran("a", h0=3)
    one.seen.hours.update({"1970-01-01T00": 4, "others": 2, "": 1})
    found = timeline([one])
    assert (len(found.columns), found.undated) == (1, 7)
    nothing = timeline([ran("b")])
    assert (nothing.columns, nothing.undated) == ((), 0)
