"""The table of prices: complete, dated, refused where it is not what it must be."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from infra.cost import prices
from infra.cost.prices import SHIPPED
from litescore.errors import DataError


def edited(tmp_path: Path, before: str, after: str) -> Path:
    """A copy of the shipped table with one edit."""
    text = SHIPPED.read_text()
    assert before in text
    path = tmp_path / "prices.toml"
    path.write_text(text.replace(before, after, 1))
    return path


def test_the_shipped_table() -> None:
    """Dated, of a region, and each price above zero and as written, not as a binary number."""
    table = prices.shipped()
    assert table.region == "us-east-1"
    assert table.source
    assert min(table.dollars.values()) > 0
    assert table["lambda.x86_64-gb-second"] * 10**10 == 166667


def test_ones_own_table(tmp_path: Path) -> None:
    """One price changed; whole numbers and zero are prices too."""
    table = prices.read(edited(tmp_path, "get = 0.0000004", "get = 0"))
    assert table["s3.get"] == 0
    assert table["s3.put"] == prices.shipped()["s3.put"]


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("get = 0.0000004", "", "lacks s3.get"),
        ("get = 0.0000004", "get = 0.0000004\ngte = 1", "litescore does not know s3.gte"),
        ("get = 0.0000004", "get = -0.0000004", "s3.get is -4E-7, below zero"),
        ("get = 0.0000004", 'get = "cheap"', "s3.get is 'cheap', no number"),
        ("get = 0.0000004", "get = nan", "s3.get is"),
        ("get = 0.0000004", "get = true", "s3.get is True, no number"),
        ("date = 2026-03-14", 'date = "lately"', "lack date"),
        ('region = "us-east-1"', "", "lack date (as 2026-03-14), region"),
        ("[s3]", "[s3", "are no TOML"),
    ],
    ids=["missing", "unknown", "negative", "text", "nan", "true", "date", "region", "toml"],
)
def test_a_table_that_is_none(tmp_path: Path, before: str, after: str, why: str) -> None:
    """One line that names the file and the price."""
    path = edited(tmp_path, before, after)
    with pytest.raises(DataError) as refused:
        prices.read(path)
    assert why in str(refused.value)
    assert str(path) in str(refused.value)


def test_a_table_that_is_not_there(tmp_path: Path) -> None:
    """Named."""
    with pytest.raises(DataError, match="cannot read prices"):
        prices.read(tmp_path / "none.toml")


def test_old_after_a_year() -> None:
    """To the day."""
    table = prices.shipped()
    assert not table.old(table.date + datetime.timedelta(365))
    assert table.old(table.date + datetime.timedelta(366))
