"""What records count to: statuses, how sure the model was, why images failed, some of each."""

from __future__ import annotations

import itertools

import numpy as np

from litescore import results
from tests.litescore.recorded import record, sure, unreadable


def test_counts() -> None:
    """Of statuses, labels, kinds of failure and models."""
    records = [record("a"), record("b"), record("c", "failed"), record("d", model="n")]
    counts = results.count(records)
    assert counts.images == 4
    assert counts.statuses == {"scored": 3, "failed": 1}
    assert counts.labels == {"bee": 3}
    assert counts.kinds == {"corrupt": 1}
    assert counts.models == {"m": 3, "n": 1}


def test_how_sure() -> None:
    """Ten equal steps; 1 is in the last."""
    scores = (0.0, 0.05, 0.1, 0.55, 0.99, 1.0)
    counts = results.count([sure(str(score), score) for score in scores])
    assert counts.confidences == [2, 1, 0, 0, 0, 1, 0, 0, 0, 2]


def test_the_least_sure() -> None:
    """So many as asked for, lowest first, of equals the first met."""
    scores = np.random.default_rng(0).integers(1, 50, 400) / 50
    records = [sure(str(number), score) for number, score in enumerate(scores)]
    counts = results.count(records, pictures=30)
    assert counts.least_sure == sorted(records, key=lambda one: one.score or 0)[:30]
    assert results.count(records, pictures=0).least_sure == []


def test_errors_by_reason() -> None:
    """Numbers and the image's own name make no new reason; another kind does."""
    records = [
        *(unreadable(f"{n}.png", f"truncated ({n} bytes)") for n in range(5)),
        *(unreadable(f"s3://b/{n}", f"no object s3://b/{n}", "gone") for n in range(7)),
        unreadable("x", "truncated (3 bytes)", "unsupported"),
    ]
    counts = results.count(records)
    causes = counts.most_frequent_causes
    assert [(one.kind, one.reason, one.images) for one in causes] == [
        ("gone", "no object s3://b/0", 7),
        ("corrupt", "truncated (0 bytes)", 5),
        ("unsupported", "truncated (3 bytes)", 1),
    ]
    assert [one.source for one in causes[1].examples] == ["0.png", "1.png", "2.png"]
    firsts = [one.source for one in counts.failed]
    assert firsts == ["s3://b/0", "0.png", "x", "s3://b/1", "1.png", "s3://b/2", "2.png"]


def test_too_many_reasons_are_one() -> None:
    """A reader that puts the file's own words into each reason does not fill the memory."""
    words = ("".join(letters) for letters in itertools.product("abcdefgh", repeat=3))
    counts = results.count(unreadable(word, f"begins {word[::-1]}!") for word in words)
    assert len(counts.causes) <= 201
    assert counts.most_frequent_causes[0].reason == "other reasons"
    assert sum(cause.images for cause in counts.causes.values()) == 512


def test_some_of_each_label() -> None:
    """In turns, the most frequent label first."""
    records = [sure(f"{label}{n}", 0.5, label) for label in "abc" for n in range(ord(label) - 95)]
    counts = results.count(records, pictures=7)
    assert [one.source for one in counts.of_each_label] == [
        "c0",
        "b0",
        "a0",
        "c1",
        "b1",
        "a1",
        "c2",
    ]
