"""Why a model sees pictures differently than its owner's code does: each way of feeding it that
people mix up is tried through the Keras model, and the one that explains most is named.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from export import graph
from export.preprocess import PREPROCESSES, Preprocess
from export.source import Source
from litescore.contract import RESIZES
from litescore.dataset import Dataset

# What is left of the distance, at most, when a change explains it; what is rounding alone.
_EXPLAINS = 0.5
_ROUNDING = 0.005
_MOST_CHANGES = 2
# Distances that differ by less are the same.
_TIE = 0.001
# Share of the pictures whose classes must have changed places together.
_MOVED = 0.9


@dataclass(frozen=True)
class Evidence:
    """What someone's code made of pictures: classes int64[n], and their scores float32[n], 0..1,
    or None where those are unknown.
    """

    source: Source
    pictures: Dataset
    classes: NDArray[np.int64]
    scores: NDArray[np.float32] | None

    def take(self, indices: NDArray[np.intp]) -> Evidence:
        """Of these pictures only."""
        scores = None if self.scores is None else self.scores[indices]
        return replace(
            self, pictures=self.pictures.take(indices), classes=self.classes[indices], scores=scores
        )

    def agrees(self, answers: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Whether the best class of float32[n, classes] is theirs; of a tie one is enough."""
        same: NDArray[np.bool_] = self._score_of(answers) >= answers.max(axis=1)
        return same

    def apart(self, answers: NDArray[np.float32]) -> NDArray[np.float32] | None:
        """How far the score of their class is from theirs, float32[n]."""
        if self.scores is None:
            return None
        difference: NDArray[np.float32] = np.abs(self._score_of(answers) - self.scores)
        return difference

    def distance(self, answers: NDArray[np.float32]) -> float:
        """0..1: the mean of `apart`, or the share that does not agree where scores are unknown."""
        apart = self.apart(answers)
        return float((~self.agrees(answers)).mean() if apart is None else apart.mean())

    def _score_of(self, answers: NDArray[np.float32]) -> NDArray[np.float32]:
        scores: NDArray[np.float32] = answers[np.arange(len(answers)), self.classes]
        return scores


@dataclass(frozen=True)
class _Feeding:
    """A way from picture to model, and what was changed to come to it."""

    preprocess: Preprocess
    resize: str
    interpolation: str
    changes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Found:
    """A feeding, what Keras answers when it is fed so, float32[n, classes], and the last changes
    that would explain as much.
    """

    feeding: _Feeding
    answers: NDArray[np.float32]
    ties: tuple[str, ...] = ()


def likeliest(evidence: Evidence, keras: NDArray[np.float32]) -> str:
    """The cause that explains most, as a sentence; of those that explain as much the simplest, and
    then the others.

    keras  float32[n, classes]: what the Keras model answers as it was described
    """
    found = _search(evidence, keras)
    agreement = float(evidence.agrees(found.answers).mean())
    order, moved = _other_order(evidence, keras)
    if order is not None and moved > agreement:
        return order
    if not found.feeding.changes:
        return "none found: neither colour order, scaling nor resize explains it"
    ties = [*found.ties, *([order] if order is not None and moved == agreement else [])]
    return (
        f"{' and '.join(found.feeding.changes)}: so fed, the Keras model agrees on "
        f"{agreement:.0%} of {len(keras)} pictures tried, instead of "
        f"{evidence.agrees(keras).mean():.0%}"
        + (f"; as well explained by {', or by '.join(ties)}" if ties else "")
    )


def _search(evidence: Evidence, keras: NDArray[np.float32]) -> _Found:
    """The feeding that explains most: one change at a time, each halving what was left."""
    contract = evidence.source.contract
    now = _Feeding(_preprocess(evidence.source), contract.resize, contract.interpolation)
    best = _Found(now, keras)
    left = evidence.distance(keras)
    while len(best.feeding.changes) < _MOST_CHANGES and left > _ROUNDING:
        found = _next(evidence, best.feeding)
        if evidence.distance(found.answers) > _EXPLAINS * left:
            break
        best, left = found, evidence.distance(found.answers)
    return best


def _next(evidence: Evidence, feeding: _Feeding) -> _Found:
    """The change that explains most, the simplest of those that explain as much."""
    channels = evidence.source.contract.channels
    tried = [_Found(one, _fed(evidence, one)) for one in _others(feeding, channels)]
    distances = [evidence.distance(one.answers) for one in tried]
    least = min(distances)
    best, *ties = (one for one, far in zip(tried, distances, strict=True) if far - least < _TIE)
    return replace(best, ties=tuple(one.feeding.changes[-1] for one in ties))


def _other_order(evidence: Evidence, keras: NDArray[np.float32]) -> tuple[str | None, float]:
    """Whether classes have only changed places, as from labels in another order: a sentence or
    None, and the share of pictures that this explains.
    """
    labels = evidence.source.contract.labels
    counts = np.zeros((len(labels), len(labels)), np.int64)
    np.add.at(counts, (evidence.classes, keras.argmax(axis=1)), 1)
    theirs = np.flatnonzero(counts.any(axis=1))
    ours = counts.argmax(axis=1)[theirs]
    moved = float(counts[theirs, ours].sum() / counts.sum())
    if len(np.unique(ours)) < len(theirs) or (ours == theirs).all() or moved < _MOVED:
        return None, moved
    first = int(np.flatnonzero(ours != theirs)[0])
    return (
        f"labels in another order: what they call {labels[theirs[first]]!r} is "
        f"{labels[ours[first]]!r} here, and on {moved:.0%} of {len(keras)} pictures tried classes "
        "have only changed places"
    ), moved


def _preprocess(source: Source) -> Preprocess:
    facts = source.facts.get("preprocess")
    return Preprocess.from_facts(facts) if facts else PREPROCESSES["none"]


def _others(feeding: _Feeding, channels: int) -> Iterator[_Feeding]:
    """Every way that differs from this one in one thing, the simplest first."""
    now = feeding.preprocess
    if channels == 3:
        order = "blue" if not now.bgr else "red"
        swapped = replace(now, bgr=not now.bgr)
        yield _changed(feeding, f"{order} first among the colours", preprocess=swapped)
    for resize in RESIZES:
        if resize != feeding.resize:
            yield _changed(feeding, f"--resize {resize}", resize=resize)
    if feeding.interpolation == "bilinear":
        yield _changed(feeding, "--antialias", interpolation="bilinear-antialias")
    else:
        yield _changed(feeding, "--no-antialias", interpolation="bilinear")
    for name, one in PREPROCESSES.items():
        if one != now and (channels == 3 or len(one.offset) == 1):
            yield _changed(feeding, f"scaling as --preprocess {name}", preprocess=one)


def _changed(feeding: _Feeding, words: str, **values: object) -> _Feeding:
    return replace(feeding, changes=(*feeding.changes, words), **values)  # type: ignore[arg-type]


def _fed(evidence: Evidence, feeding: _Feeding) -> NDArray[np.float32]:
    """float32[n, classes]: what the Keras model answers when it is fed so."""
    source = evidence.source
    # Pictures are scaled while they are decoded only where they are antialiased then.
    jpeg = "full" if feeding.interpolation == "bilinear" else source.contract.jpeg
    modes = {"resize": feeding.resize, "interpolation": feeding.interpolation, "jpeg": jpeg}
    wanted = replace(source.contract, **modes)  # type: ignore[arg-type]
    pixels = evidence.pictures.tensors(wanted).astype(np.float32)
    inside = _preprocess(source)
    if feeding.preprocess != inside:
        # The graph does its own preprocessing: these are the pixels that it turns into the other's.
        pixels = inside.undo(feeding.preprocess.apply(pixels))
    return graph.predict(source.model, source.contract, pixels)
