"""Which of many perceptual hashes lie within so many bits of one another, without comparing all.

Two hashes that differ in at most r bits agree wholly in one of r + 1 bands of their bits. So only
those are compared that agree in a band. It knows bits and colours; no pictures.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Pairs = NDArray[np.int64]
_Near = Callable[[NDArray[np.int64], NDArray[np.int64]], NDArray[np.bool_]]

# Mean red minus green and blue minus green may differ so much: more is another colour.
SAME_COLOR = 24
# In a larger bucket what is near its first leaves it, so that a long series of frames does not take
# a square of its length.
_DENSE = 32
# Pairs that are compared at once: 64 bytes each.
_AT_ONCE = 1 << 20
_ONES = np.array([value.bit_count() for value in range(1 << 16)], np.uint8)


def near_pairs(
    hashes: NDArray[np.uint8], colors: NDArray[np.uint8], bits: int, kinds: NDArray[np.int64]
) -> Pairs:
    """int64[m, 2], rising: pairs of rows whose hashes uint8[n, 32] differ in at most `bits`, and
    whose mean colours uint8[n, 3] are alike.

    Of rows that agree in hash, colour and kind (int64[n]) each is paired with the first of them
    only. Of a series, where many rows are near many, some pairs are left out; each row is in one.
    """
    first, doubles = _collapsed(hashes, colors, kinds)
    near = _nearness(hashes[first], colors[first], bits)
    singles = np.unpackbits(hashes[first], axis=1)
    found = [first[_in_bands(singles, bits + 1, near)], doubles]
    pairs: Pairs = np.unique(np.sort(np.concatenate(found), axis=1), axis=0)
    return pairs


def _collapsed(
    hashes: NDArray[np.uint8], colors: NDArray[np.uint8], kinds: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Pairs]:
    """The first row of each that are alike in all, and pairs of it and the others."""
    rows = np.ascontiguousarray(
        np.concatenate([hashes, colors, kinds[:, None].astype("<i8").view(np.uint8)], axis=1)
    )
    whole = rows.view(f"V{rows.shape[1]}").ravel()
    _, first, number = np.unique(whole, return_index=True, return_inverse=True)
    firsts = first[number]
    others = np.flatnonzero(firsts != np.arange(len(rows)))
    return np.sort(first), np.stack([firsts[others], others], axis=1)


def _nearness(hashes: NDArray[np.uint8], colors: NDArray[np.uint8], bits: int) -> _Near:
    words = np.ascontiguousarray(hashes).view(np.uint16)
    tints = colors.astype(np.int16)[:, (0, 2)] - colors.astype(np.int16)[:, 1:2]

    def near(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
        differ = _ONES[words[one] ^ words[other]].sum(axis=1, dtype=np.int64)
        result: NDArray[np.bool_] = differ <= bits
        hits = np.flatnonzero(result)
        tint = np.abs(tints[one[hits]] - tints[other[hits]]).max(axis=1, initial=0)
        result[hits] = tint <= SAME_COLOR
        return result

    return near


def _in_bands(singles: NDArray[np.uint8], bands: int, near: _Near) -> Pairs:
    found = [np.empty((0, 2), np.int64)]
    for band in range(bands):
        # Spread over all frequencies: the low ones are shared by many pictures. With more than 62
        # columns a key is of more than one pattern, which only makes buckets larger.
        columns = singles[:, band::bands]
        weights = np.int64(1) << np.arange(columns.shape[1], dtype=np.int64) % 62
        found.append(_in_buckets(columns.astype(np.int64) @ weights, near))
    return np.unique(np.concatenate(found), axis=0)


def _in_buckets(keys: NDArray[np.int64], near: _Near) -> Pairs:
    """Near pairs among the rows of one key: the first of each bucket against the rest, then the
    second, until none is left.
    """
    rows = np.argsort(keys, kind="stable")
    buckets = keys[rows]
    found = [np.empty((0, 2), np.int64)]
    while len(rows):
        starts = np.flatnonzero(np.diff(buckets, prepend=buckets[0] - 1))
        sizes = np.diff(starts, append=len(rows))
        size = np.repeat(sizes, sizes)
        first = np.repeat(rows[starts], sizes)
        rest = np.ones(len(rows), bool)
        rest[starts] = False
        hit = _hits(first[rest], rows[rest], near)
        found.append(np.stack([first[rest][hit], rows[rest][hit]], axis=1))
        rest[np.flatnonzero(rest)[hit & (size[rest] > _DENSE)]] = False
        rows, buckets = rows[rest], buckets[rest]
    return np.concatenate(found)


def _hits(one: NDArray[np.int64], other: NDArray[np.int64], near: _Near) -> NDArray[np.bool_]:
    parts = [
        near(one[start : start + _AT_ONCE], other[start : start + _AT_ONCE])
        for start in range(0, len(one), _AT_ONCE)
    ]
    return np.concatenate(parts) if parts else np.empty(0, bool)
