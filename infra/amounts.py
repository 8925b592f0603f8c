"""Numbers of things and of bytes, in words."""

from __future__ import annotations


def counted(number: int, noun: str) -> str:
    """Such as "1 object" and "2,000 objects"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def size(count: int) -> str:
    """Of bytes, such as "391 bytes" and "42.5 MB"."""
    for unit, one in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= one:
            return f"{count / one:,.1f} {unit}"
    return counted(count, "byte")
