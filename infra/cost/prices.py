"""The dated table of prices: read from TOML, every name checked, exact numbers. Asks nobody."""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from litescore.errors import DataError

SHIPPED = Path(__file__).with_name("prices.toml")
# Days after which list prices are worth a look.
_OLD = 365
_ABOUT = ("date", "region", "source")


@dataclass(frozen=True)
class Prices:
    """What priced things cost, by dotted name: `prices["s3.get"]` is dollars as a Fraction.

    date    the day on which these were the list prices
    region  of AWS
    source  where they are from, in words
    """

    date: datetime.date
    region: str
    source: str
    dollars: Mapping[str, Fraction]

    def __getitem__(self, name: str) -> Fraction:
        return self.dollars[name]

    def old(self, today: datetime.date) -> bool:
        """Whether the table is older than a year."""
        return (today - self.date).days > _OLD


def read(path: str | Path) -> Prices:
    """The table in a TOML file with exactly the names of the shipped one.

    Raises DataError naming what is missing, unknown, negative or no number.
    """
    found = _parsed(path)
    if Path(path) != SHIPPED:
        _check_names(path, found, shipped().dollars)
    return found


@cache
def shipped() -> Prices:
    """The table that litescore comes with."""
    return read(SHIPPED)


def _parsed(path: str | Path) -> Prices:
    try:
        with Path(path).open("rb") as file:
            held = tomllib.load(file, parse_float=Decimal)
    except OSError as error:
        raise DataError(f"cannot read prices {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"prices {path} are no TOML: {error}") from error
    day, region, source = (held.pop(name, None) for name in _ABOUT)
    if type(day) is not datetime.date or not isinstance(region, str) or not isinstance(source, str):
        raise DataError(f"prices {path} lack date (as 2026-03-14), region or source")
    return Prices(day, region, source, dict(_flat(path, held)))


def _flat(
    path: str | Path, held: Mapping[str, Any], above: str = ""
) -> Iterator[tuple[str, Fraction]]:
    for name, value in held.items():
        if isinstance(value, dict):
            yield from _flat(path, value, f"{above}{name}.")
        else:
            yield above + name, _dollars(path, above + name, value)


def _dollars(path: str | Path, name: str, value: object) -> Fraction:
    number = isinstance(value, int | Decimal) and not isinstance(value, bool)
    if not number or not Decimal(str(value)).is_finite():
        raise DataError(f"prices {path}: {name} is {value!r}, no number of dollars")
    if Decimal(str(value)) < 0:
        raise DataError(f"prices {path}: {name} is {value}, below zero")
    return Fraction(str(value))


def _check_names(path: str | Path, found: Prices, wanted: Mapping[str, Fraction]) -> None:
    for problem, names in (
        ("does not know", found.dollars.keys() - wanted.keys()),
        ("lacks", wanted.keys() - found.dollars.keys()),
    ):
        if names:
            whose = "litescore" if problem == "does not know" else f"prices {path}"
            raise DataError(f"prices {path}: {whose} {problem} {', '.join(sorted(names))}")
