"""What an audit comes to, in words: each finding with how many images, and what to do about it.

Ordered by how much it matters. It knows an Audit; no page, no terminal.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from trainer.audit import counts
from trainer.audit.likeness import Likeness, Pair
from trainer.audit.seen import Unreadable
from trainer.audit.whole import Audit
from trainer.images.splits import DEFAULT_SIZE

# A near leak of fewer moves the accuracy by less than a point, and some may only look alike.
_MUCH = 0.01
# Against the median: a side of a quarter or of four times, or three times as long for its height.
_ODD_PIXELS, _ODD_SHAPE = 16, 3
# Below this share a colour mode is an exception.
_FEW = 0.05
_CLEAN = "--manifest writes a manifest without them"


@dataclass(frozen=True)
class Finding:
    """One thing that was found.

    kind     a word for machines
    spoils   whether a training with it says little or stops
    count    of images, of classes for `tiny` and `imbalance`
    text     what it is, as a sentence
    fix      what to do
    images   numbers of the images, all of them
    pairs    of images that are one picture
    """

    kind: str
    spoils: bool
    count: int
    text: str
    fix: str
    images: tuple[int, ...] = ()
    pairs: tuple[Pair, ...] = ()


def findings(audit: Audit, *, size: int | None = None) -> tuple[Finding, ...]:
    """What is wrong, the worst first. `size` is of the model's input, as `train --size` has it."""
    same, alike = audit.same, audit.alike
    found = [
        *_unreadable(audit),
        *_leaks(audit, same, near=False),
        *_conflicts(same, near=False),
        *_leaks(audit, alike, near=True),
        *_conflicts(alike, near=True),
        *_doubles(same, near=False),
        *_blank(audit),
        *_tiny(audit),
        *_uneven(audit),
        *_doubles(alike, near=True),
        *_small(audit, size),
        *_odd(audit),
        *_modes(audit),
    ]
    return tuple(sorted(found, key=lambda one: not one.spoils))


def _unreadable(audit: Audit) -> Iterator[Finding]:
    numbers = [n for n, one in enumerate(audit.seen) if isinstance(one, Unreadable)]
    if numbers:
        text = f"{_images(len(numbers))} cannot be read"
        yield Finding(
            "unreadable", True, len(numbers), text, f"mend or remove them; {_CLEAN}", tuple(numbers)
        )


def _leaks(audit: Audit, likeness: Likeness, *, near: bool) -> Iterator[Finding]:
    for split, word in (("test", "test"), ("val", "validation")):
        pairs = tuple(pair for pair in likeness.leaks if audit.split(pair[1]) == split)
        if not pairs:
            continue
        share = len(pairs) / len(audit.parts[split])
        verb = "is" if len(pairs) == 1 else "are"
        what = f"{verb} like an image of" if near else f"{verb} there in"
        text = (
            f"{_images(len(pairs), word)} ({100 * share:.1f} %) {what} another split too: "
            f"the {word} accuracy is too good"
        )
        kind = "near-leak" if near else "leak"
        yield Finding(
            kind, not near or share >= _MUCH, len(pairs), text, _leak_fix(near), pairs=pairs
        )


def _leak_fix(near: bool) -> str:
    if near:
        return "look at them; --manifest with --near drop takes them out of training"
    return "--manifest writes a manifest where they stay in test and leave training"


def _conflicts(likeness: Likeness, *, near: bool) -> Iterator[Finding]:
    pairs = likeness.conflicts
    if not pairs:
        return
    count = len({number for pair in pairs for number in pair})
    text = (
        f"{_images_are(count)} like another one under another label"
        if near
        else f"{_images_are(count)} there under another label too: at most one is right"
    )
    fix = "look at them, and mend wrong labels"
    fix = fix if near else f"{fix}; {_CLEAN}"
    yield Finding("near-conflict" if near else "conflict", not near, count, text, fix, pairs=pairs)


def _doubles(likeness: Likeness, *, near: bool) -> Iterator[Finding]:
    pairs = likeness.doubles
    if pairs and near:
        text = f"{_images_are(len(pairs))} like another one of the same class"
        fix = "a series of frames counts as one picture; --manifest with --near drop keeps one"
        yield Finding("near-duplicate", False, len(pairs), text, fix, pairs=pairs)
    elif pairs:
        text = f"{_images_are(len(pairs))} there once more"
        yield Finding("duplicate", False, len(pairs), text, _CLEAN, pairs=pairs)


def _blank(audit: Audit) -> Iterator[Finding]:
    numbers = tuple(number for number, one in audit.readable() if one.blank)
    if numbers:
        text = f"{_images_are(len(numbers))} of one colour, with nothing to see"
        yield Finding("blank", False, len(numbers), text, "remove them", numbers)


def _tiny(audit: Audit) -> Iterator[Finding]:
    for split in audit.parts:
        small = [
            f"{label} ({count})"
            for label, count in counts.tiny(audit.labels, audit.counts(split), split)
        ]
        if small:
            text = (
                f"{len(small)} {'class has' if len(small) == 1 else 'classes have'} fewer than "
                f"{counts.LEAST[split]} {split} images: {counts.few(small)}"
            )
            yield Finding("tiny", False, len(small), text, "add images, or join classes")


def _uneven(audit: Audit) -> Iterator[Finding]:
    sizes = audit.counts("train")
    words = counts.uneven(audit.labels, sizes)
    if words:
        what, fix = words
        yield Finding("imbalance", False, len(audit.labels), what, fix)


def _small(audit: Audit, size: int | None) -> Iterator[Finding]:
    sizes = {one.size for _, one in audit.readable()}
    if not sizes or (len(sizes) == 1 and size is None):
        return
    wanted = size or DEFAULT_SIZE
    shorter = {number: min(one.size) for number, one in audit.readable()}
    numbers = tuple(number for number, side in shorter.items() if side < wanted)
    if numbers:
        most = int(np.percentile(list(shorter.values()), 10))
        text = f"{_images_are(len(numbers))} smaller than {wanted} x {wanted} pixels"
        text += ", what `train` makes of them without --size" if size is None else ""
        fix = "small ones are enlarged"
        fix += f"; with --size {most} nine in ten images are not" if most < wanted else ""
        yield Finding("small", False, len(numbers), text, fix, numbers)


def _odd(audit: Audit) -> Iterator[Finding]:
    shapes = {number: one.size for number, one in audit.readable()}
    if not shapes:
        return
    logs = np.log(np.array(list(shapes.values()), float))
    pixels, shape = logs.sum(axis=1), logs[:, 0] - logs[:, 1]
    odd = np.abs(pixels - np.median(pixels)) > np.log(_ODD_PIXELS)
    odd |= np.abs(shape - np.median(shape)) > np.log(_ODD_SHAPE)
    numbers = tuple(number for number, is_odd in zip(shapes, odd, strict=True) if is_odd)
    if numbers:
        width, height = np.exp(np.median(logs, axis=0)).round().astype(int)
        text = f"{_images_are(len(numbers))} far from the usual {width} x {height} pixels"
        yield Finding(
            "odd-size", False, len(numbers), text, "look whether that belongs here", numbers
        )


def _modes(audit: Audit) -> Iterator[Finding]:
    modes = Counter(one.mode for _, one in audit.readable())
    usual = modes.most_common(1)[0][0] if modes else ""
    odd = {mode: count for mode, count in modes.items() if mode != usual}
    alpha = sum(count for mode, count in modes.items() if "alpha" in mode)
    if not odd and not alpha:
        return
    numbers = tuple(n for n, one in audit.readable() if one.mode in odd or "alpha" in one.mode)
    held = ", ".join(f"{count:,} {mode}" for mode, count in modes.most_common())
    fix = "litescore makes them alike"
    fix += "; alpha is dropped, whatever is below it is seen" if alpha else ""
    yield Finding("color-mode", False, len(numbers), f"colours are stored as {held}", fix, numbers)


def _images(count: int, word: str = "") -> str:
    noun = f"{word} image" if word else "image"
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _images_are(count: int) -> str:
    return f"{_images(count)} {'is' if count == 1 else 'are'}"
