"""Images of each release by the hour they were scored in, and the hours that several share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from litescore.ran.joined import Ran

# More columns than these are not told apart on a telephone.
_MOST_COLUMNS = 72
_STEPS = (1, 2, 3, 6, 12, 24, 48, 168)
_HOUR = timedelta(hours=1)
# A Pi without a battery wakes up in 1970: its hours would draw out the time for nothing.
_BEGIN = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Column:
    """From when on, and images by release."""

    begin: datetime
    images: Mapping[str, int]


@dataclass(frozen=True)
class Timeline:
    """Columns of `hours` each, none left out between the first and the last.

    mixed    hours (`2026-11-29T10`) in which several releases scored, each with images by release
    undated  images scored before 2020 or at no time that can be read: a clock was not set
    """

    hours: int
    columns: tuple[Column, ...]
    mixed: Mapping[str, Mapping[str, int]]
    undated: int


def timeline(ran: Sequence[Ran]) -> Timeline:
    """The hours of all releases together."""
    held: dict[datetime, Counter[str]] = {}
    undated = 0
    for one in ran:
        for name, images in one.seen.hours.items():
            hour = _hour(name)
            if hour is None:
                undated += images
            else:
                held.setdefault(hour, Counter())[one.digest] += images
    hours = _step(held)
    mixed = {f"{hour:%Y-%m-%dT%H}": found for hour, found in sorted(held.items()) if len(found) > 1}
    return Timeline(hours, _columns(held, hours), mixed, undated)


def _hour(name: str) -> datetime | None:
    try:
        found = datetime.strptime(name, "%Y-%m-%dT%H").replace(tzinfo=UTC)
    except ValueError:
        return None
    return None if found < _BEGIN else found


def _step(held: Mapping[datetime, object]) -> int:
    span = (max(held) - min(held)) // _HOUR + 1 if held else 1
    for hours in _STEPS:
        # One more, since the first need not begin a column.
        if span / hours + 1 <= _MOST_COLUMNS:
            return hours
    return -(-span // (_MOST_COLUMNS - 1))


def _columns(held: Mapping[datetime, Counter[str]], hours: int) -> tuple[Column, ...]:
    if not held:
        return ()
    places: dict[int, Counter[str]] = {}
    for hour, images in held.items():
        places.setdefault((hour - _BEGIN) // _HOUR // hours, Counter()).update(images)
    return tuple(
        Column(_BEGIN + place * hours * _HOUR, places.get(place, Counter()))
        for place in range(min(places), max(places) + 1)
    )
