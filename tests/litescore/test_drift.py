"""How far histograms are apart: hand-computed bits, and by simulation how far chance goes."""

from __future__ import annotations

from math import inf, log

import numpy as np
import pytest
from numpy.typing import NDArray

from litescore.drift import DRIFTED, FEW, TESTED, UNTOLD, drift, noise

LN2 = log(2)


@pytest.mark.parametrize(
    ("ours", "theirs", "bits"),
    [
        ({"a": 3, "b": 1}, {"a": 30, "b": 10}, 0.0),
        ({"a": 7}, {"b": 2}, 1.0),
        # Half of (1/2 log2 2/3 + 1/2 log2 2) and half of log2 4/3.
        ({"a": 5, "b": 5}, {"a": 9, "b": 0}, 0.3112781),
        ({"a": 5, "b": 5, "c": 0}, {"a": 9}, 0.3112781),
    ],
)
def test_bits(ours: dict[str, int], theirs: dict[str, int], bits: float) -> None:
    """The same from both sides, whatever the numbers of images."""
    assert drift(ours, theirs).bits == pytest.approx(bits, abs=1e-7)
    assert drift(theirs, ours).bits == pytest.approx(bits, abs=1e-7)


def test_parts() -> None:
    """What adds most comes first, with both shares; together they are all of it."""
    found = drift({"a": 50, "b": 45, "c": 5}, {"a": 10, "b": 45, "c": 45})
    assert [part.name for part in found.parts] == ["c", "a", "b"]
    assert (found.parts[1].ours, found.parts[1].theirs) == (0.5, 0.1)
    assert sum(part.bits for part in found.parts) == pytest.approx(found.bits)
    assert found.parts[2].bits == 0.0


def test_noise_by_hand() -> None:
    """Ten places: 0.999 of chi-square of 9 is 27.88, and 1.4 times that for sparse ones."""
    assert noise(10, 1000, 1000) == pytest.approx(1.4 * 27.88 * 0.002 / (8 * LN2), rel=0.01)
    assert noise(10, None, 1000) == pytest.approx(noise(10, 1000, 1000) / 2)
    assert noise(1, 5, 5) == 0.0
    assert noise(10, 0, 5) == noise(10, 5, 0) == inf


def bits_of(
    shares: NDArray[np.float64], n: int, m: int, times: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Divergences of `times` pairs of samples of one histogram, and how many places each has."""
    rng = np.random.default_rng(0)
    ours, theirs = rng.multinomial(n, shares, times), rng.multinomial(m, shares, times)
    p, q = ours / n, theirs / m
    mean = np.maximum((p + q) / 2, 1e-12)
    terms = [x * np.log2(np.maximum(x, 1e-12) / mean) / 2 for x in (p, q)]
    return np.sum(terms, axis=(0, 2)), ((ours + theirs) > 0).sum(axis=1)


SHAPES = {
    "equal": np.full(10, 0.1),
    "two": np.array([0.99, 0.01]),
    "steep": 0.5 ** np.arange(1, 21) / (1 - 0.5**20),
    "falling": (1 / np.arange(1, 21)) / (1 / np.arange(1, 21)).sum(),
    "a hundred": np.full(100, 0.01),
    "rare": np.append(0.9, np.full(99, 0.1 / 99)),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("n", "m"), [(20, 10_000), (100, 10_000), (1000, 10_000), (300, 300)])
def test_chance_alone_stays_below_the_noise(shape: str, n: int, m: int) -> None:
    """Of 2,000 pairs of samples of the same histogram at most 0.3 % are above it, of 0.1 % meant."""
    bits, places = bits_of(SHAPES[shape], n, m, 2000)
    bounds = np.array([noise(k, n, m) for k in range(len(SHAPES[shape]) + 1)])[places]
    assert (bits > bounds).mean() <= 0.003


@pytest.mark.parametrize(("n", "m"), [(1000, 10_000), (10_000, 10_000)])
def test_the_mean_of_chance(n: int, m: int) -> None:
    """(k - 1) (1/n + 1/m) / (8 ln 2) bits where every place holds many."""
    bits, _ = bits_of(SHAPES["equal"], n, m, 4000)
    assert bits.mean() == pytest.approx(9 * (1 / n + 1 / m) / (8 * LN2), rel=0.03)


def test_what_is_simulated_is_what_is_told() -> None:
    """The simulation's own arithmetic is the module's."""
    rng = np.random.default_rng(0)
    ours, theirs = (rng.multinomial(n, SHAPES["falling"], 3)[0] for n in (50, 70))
    rng = np.random.default_rng(0)
    counted = [dict(zip("abcdefghijklmnopqrst", map(int, c), strict=True)) for c in (ours, theirs)]
    p, q = ours / 50, theirs / 70
    mean = (p + q) / 2
    told = sum((x[x > 0] * np.log2(x[x > 0] / mean[x > 0])).sum() / 2 for x in (p, q))
    assert drift(*counted).bits == pytest.approx(told)


TESTED_ON = dict.fromkeys("abcdefghij", 1000)


@pytest.mark.parametrize(
    ("ours", "theirs", "said"),
    [
        # All 20 images of one label: 0.6 bits, and yet nothing that 20 images could tell.
        ({"a": 20}, TESTED_ON, FEW),
        ({"a": 140}, TESTED_ON, FEW),
        ({"a": 160}, TESTED_ON, DRIFTED),
        (dict.fromkeys("abcdefghij", 100), TESTED_ON, TESTED),
        ({"a": 200, "b": 100, "c": 100, "d": 100}, TESTED_ON, DRIFTED),
        ({"a": 10_000}, dict.fromkeys("abcdefghij", 2), UNTOLD),
    ],
)
def test_verdicts(ours: dict[str, int], theirs: dict[str, int], said: str) -> None:
    """No alarm before there are images enough for it, and none that no image could end."""
    assert drift(ours, theirs).verdict(0.05) == said


def test_the_alarm_is_what_one_says() -> None:
    """1 never rings, 0 is never sure."""
    found = drift({"a": 9000, "b": 1000}, {"b": 10_000})
    assert found.verdict(0.5) == DRIFTED
    assert found.verdict(1.0) == TESTED
    assert found.verdict(0.0) == UNTOLD
