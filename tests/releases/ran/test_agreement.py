"""Two releases on the same images, by hand; what is not the same image; memory."""

from __future__ import annotations

import pytest

from litescore.ran import agreement
from litescore.ran.agreement import Agreement, Move
from litescore.record import Record
from tests.releases.ran.conftest import failed, on, scored

A, B, C = "a" * 64, "b" * 64, "c" * 64


def agreements(records: list[Record], order: tuple[str, ...] = (A, B, C)) -> list[Agreement]:
    with agreement.kept() as answers:
        for record in records:
            answers.add(record)
        return answers.agreements(order)


def test_by_hand() -> None:
    """Of five images four are of both: two the same, two others; the share, the distance, the moves."""
    records = [
        *(scored(A, name, 0, 0.9) for name in "uvwxy"),
        scored(B, "u", 0, 0.8), scored(B, "v", 0, 0.95),
        scored(B, "w", 2, 0.5), scored(B, "x", 2, 0.7), scored(B, "z", 1, 0.7),
    ]  # fmt: skip
    (found,) = agreements(records)
    assert (found.before, found.after, found.images, found.same) == (A, B, 4, 2)
    assert found.apart == pytest.approx((0.1 + 0.05 + 0.4 + 0.2) / 4)
    assert found.moves == (Move("ant", "cat", 2),)
    assert found.as_json()["share"] == 0.5


def test_the_most_frequent_moves_come_first() -> None:
    """Five at most; all are counted."""
    pairs = [(0, 1, 3), (1, 0, 5), (0, 2, 1), (2, 0, 1), (1, 2, 1), (2, 1, 1)]
    records = []
    for old, new, times in pairs:
        for number in range(times):
            name = f"{old}{new}{number}"
            records += [scored(A, name, old), scored(B, name, new)]
    (found,) = agreements(records)
    assert (found.images, found.same) == (12, 0)
    assert [move.images for move in found.moves] == [5, 3, 1, 1, 1]
    assert found.moves[0] == Move("bee", "ant", 5)


def test_what_is_not_the_same_image() -> None:
    """Another source, member or ETag; one that failed; a live camera's frame."""
    live = {"frame": on("pi", 3), "etag": "pi-b-7-3"}
    assert not agreements([
        scored(A, "a", 0), scored(B, "b", 0),
        scored(A, "c", 0), scored(B, "c", 0, etag="f"),
        scored(A, "d", 0), scored(B, "d", 0)._replace(member="1.png"),
        scored(A, "e", 0), failed(B, "e"),
        scored(A, "cam", 0, **live), scored(B, "cam", 0, **live),
    ])  # fmt: skip


def test_a_folder_that_two_devices_saw() -> None:
    """The edge loop's images of a folder have the file's own ETag: they are the same."""
    (found,) = agreements(
        [scored(A, "p", 0, frame=on("pi-1")), scored(B, "p", 0, frame=on("pi-2"))]
    )
    assert found.images == 1


def test_each_with_the_one_before_it_that_saw_the_same() -> None:
    """Not only with its neighbour; and by the order of the releases, not of the records."""
    records = [scored(C, "x", 0), scored(B, "y", 0), scored(A, "x", 1), scored(A, "y", 0)]
    found = agreements(records)
    assert [(one.before, one.after) for one in found] == [(A, B), (A, C)]
    (found,) = agreements(records[:1] + records[2:3], (C, A))
    assert (found.before, found.after) == (C, A)
