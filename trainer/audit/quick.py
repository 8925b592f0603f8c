"""The audit before each training: what decoded tensors say, in a small part of the decoding's time.

Equal tensors are found, not merely alike ones: `litescore audit` looks for those too.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from trainer.audit import counts
from trainer.audit.groups import Group, equal_rows, grouped
from trainer.images.splits import Examples, Splits

# Bytes of a tensor that are read to tell it from others, in so many pieces over all of it.
_SAMPLED, _PIECES = 1024, 16
_AT_ONCE = 4096
_FULL = "`litescore audit` shows them and writes a manifest without them"


def quick(splits: Splits) -> tuple[str, ...]:
    """Warnings, one line each, the worst first; none where nothing was found.

    Looked for are tensors that are equal: in training and test or validation, under two labels,
    or merely twice; and classes that are tiny or uneven. Reads a kilobyte of each tensor, and
    the whole of those that agree in it; memory-mapped tensors are not copied.
    """
    parts = {
        "train": splits.train,
        "val": splits.validation,
        "test": splits.test,
    }
    held = {name: part for name, part in parts.items() if part is not None and len(part)}
    labels = splits.contract.labels
    return (*_equal(held, labels), *_sizes(held, labels))


def _sizes(parts: dict[str, Examples], labels: Sequence[str]) -> Iterator[str]:
    for name, part in parts.items():
        sizes = np.bincount(part.classes, minlength=len(labels))
        tiny = [f"{label} ({count})" for label, count in counts.tiny(labels, sizes, name)]
        if tiny:
            yield (
                f"fewer than {counts.LEAST[name]} {_WORDS[name]} images: {counts.few(tiny)}: "
                "too few to say much; add some"
            )
    if "train" in parts:
        words = counts.uneven(labels, np.bincount(parts["train"].classes, minlength=len(labels)))
        yield from (": ".join(words),) if words else ()


_WORDS = {"train": "training", "val": "validation", "test": "test"}


def _equal(parts: dict[str, Examples], labels: Sequence[str]) -> Iterator[str]:
    found = equal_tensors(list(parts.values()))
    names = [name for name, part in parts.items() for _ in range(len(part))]
    classes = np.concatenate([part.classes for part in parts.values()])
    groups = grouped(found, names, classes)
    yield from _leaks(groups)
    yield from _conflicts(groups, labels)
    spare = sum(_spare_in_split(group) for group in groups)
    if spare:
        yield f"{spare:,} images are there twice or more in one split: {_FULL}"


def _leaks(groups: Iterable[Group]) -> Iterator[str]:
    for judge in ("test", "val"):
        both = [group for group in groups if {"train", judge} <= set(group.splits)]
        count = sum(group.splits.count(judge) for group in both)
        if count:
            yield (
                f"{count:,} {_WORDS[judge]} images are training images too, so that the "
                f"{_WORDS[judge]} accuracy is too good: {_FULL}"
            )


def _conflicts(groups: Iterable[Group], labels: Sequence[str]) -> Iterator[str]:
    both = [group for group in groups if group.conflicts]
    pairs = sorted({" and ".join(labels[n] for n in sorted(set(one.classes))) for one in both})
    if both:
        have = "picture has" if len(both) == 1 else "pictures have"
        yield (
            f"{len(both):,} {have} more than one label ({counts.few(pairs, 3)}), of which at most "
            f"one is right: {_FULL}"
        )


def _spare_in_split(group: Group) -> int:
    return len(group.members) - len(set(group.splits))


def equal_tensors(parts: Sequence[Examples]) -> list[list[int]]:
    """Numbers of the images, counted over all parts, whose tensors uint8[h, w, c] are equal."""
    starts = np.cumsum([0, *(len(part) for part in parts)])
    keys = np.concatenate([_keys(part.tensors) for part in parts])
    found: list[list[int]] = []
    for candidates in equal_rows(keys):
        same: dict[bytes, list[int]] = defaultdict(list)
        for number in candidates.tolist():
            part = int(np.searchsorted(starts, number, side="right")) - 1
            tensor = np.ascontiguousarray(parts[part].tensors[number - starts[part]])
            same[hashlib.sha256(tensor.data).digest()].append(number)
        found.extend(numbers for numbers in same.values() if len(numbers) > 1)
    return sorted(found)


def _keys(tensors: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """uint64[n]: equal for equal tensors, and seldom for others."""
    flat = tensors.reshape(len(tensors), -1)
    columns = _columns(flat.shape[1])
    width = flat[0, columns].size if len(flat) else 0
    words = -(-width // 8)
    weights = np.random.default_rng(0).integers(0, 2**64, words, dtype=np.uint64) | np.uint64(1)
    keys = np.empty(len(flat), np.uint64)
    rows = np.zeros((min(_AT_ONCE, len(flat)), 8 * words), np.uint8)
    for start in range(0, len(flat), _AT_ONCE):
        part = flat[start : start + _AT_ONCE]
        rows[: len(part), :width] = part[:, columns]
        # numpy wraps, which is what is wanted here.
        np.einsum(
            "ij,j->i",
            rows[: len(part)].view(np.uint64),
            weights,
            out=keys[start : start + len(part)],
        )
    return keys


def _columns(width: int) -> slice | NDArray[np.int64]:
    """The bytes to read of `width`: all of few, else pieces spread over the picture."""
    if width <= 4 * _SAMPLED:
        return slice(None)
    piece = _SAMPLED // _PIECES
    starts = np.linspace(0, width - piece, _PIECES).astype(np.int64)
    return (starts[:, None] + np.arange(piece)).reshape(-1)
