"""Sizes in bytes as words of the command line."""

from __future__ import annotations

import re

import click

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9}
_SIZE = re.compile(r"(\d{1,12})([KMG]?)B?", re.IGNORECASE)


def size(text: str) -> int:
    """Bytes, from `4096`, `500K`, `10M` or `2G`; K is 1,000. The type of a click option."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise click.BadParameter(f"{text!r} is no size: write bytes, or 500K, 10M, 2G")
    return int(match[1]) * _UNITS[match[2].upper()]
