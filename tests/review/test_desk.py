"""Decisions on disk: what is logged and what lies where are one, at whatever instant it ends."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from litescore import dataset
from litescore.errors import ConfigurationError, DataError, UsageError
from litescore.review import items
from litescore.review.desk import Conflict, Desk
from litescore.review.labels import Labels
from tests.review.conftest import LABELS, Kept, keep


def opened(kept: Kept, *, move: bool = False, may_grow: bool = False) -> Desk:
    """As the command opens it."""
    kept.out.mkdir(exist_ok=True)
    labels = Labels(LABELS, may_grow=may_grow)
    found = items.listed(str(kept.folder))
    return Desk(str(kept.folder), found, labels, kept.out, move=move)


def decided(desk: Desk) -> dict[str, str | None]:
    return {one.id: one.label for one in desk.log.standing.values()}


def test_least_sure_first_and_each_where_it_belongs(kept: Kept) -> None:
    """Confirmed, corrected and thrown away: the pictures' bytes are in the class folders, the log
    says what the model said, and a new start goes on behind.
    """
    desk = opened(kept)
    assert [item.id for item in desk.waiting()] == kept.ids
    desk.decide(kept.ids[0], "red")
    desk.decide(kept.ids[1], "blue")
    desk.decide(kept.ids[2], None)
    assert kept.files() == {"red": [kept.ids[0]], "blue": [kept.ids[1]]}
    source = next(kept.folder.rglob(f"{kept.ids[1]}.png"))
    assert (kept.out / "blue" / source.name).read_bytes() == source.read_bytes()
    again = opened(kept)
    assert [item.id for item in again.waiting()] == kept.ids[3:]
    assert decided(again) == {kept.ids[0]: "red", kept.ids[1]: "blue", kept.ids[2]: None}
    lines = [json.loads(line) for line in (kept.out / "decisions.jsonl").read_text().splitlines()]
    assert [(one["n"], one["label"], one["model_label"]) for one in lines] == [
        (1, "red", "red"),
        (2, "blue", "green"),
        (3, None, "blue"),
    ]
    assert lines[1]["score"] == pytest.approx(0.45)
    assert lines[1]["model"] == "a" * 64
    assert lines[1]["rules"] == ["random:0.01"]


def test_undo_goes_back_step_by_step(kept: Kept) -> None:
    """Decisions and skips are undone in turn, also those of an earlier process; what was undone is
    first again and may be decided otherwise.
    """
    desk = opened(kept)
    desk.decide(kept.ids[0], "green")
    desk.skip(kept.ids[1])
    assert [item.id for item in desk.waiting()] == [*kept.ids[2:], kept.ids[1]]
    for _ in range(2):
        step = desk.undoable()
        assert step is not None
        desk.undo(step.name)
    assert [item.id for item in desk.waiting()] == kept.ids
    assert kept.files() == {}
    desk.decide(kept.ids[0], "green")
    desk.decide(kept.ids[1], None)
    desk = opened(kept)
    for _ in range(2):
        step = desk.undoable()
        assert step is not None
        desk.undo(step.name)
    assert desk.undoable() is None
    desk.decide(kept.ids[0], "blue")
    assert kept.files() == {"blue": [kept.ids[0]]}
    assert decided(opened(kept)) == {kept.ids[0]: "blue"}


def test_a_window_behind_the_other(kept: Kept) -> None:
    """The same said twice counts once; anything else on what is decided is a conflict, and so is an
    undo of what is not last.
    """
    desk = opened(kept)
    desk.decide(kept.ids[0], "red")
    desk.decide(kept.ids[0], "red")
    assert len((kept.out / "decisions.jsonl").read_text().splitlines()) == 1
    first = desk.undoable()
    assert first is not None
    for act in (
        lambda: desk.decide(kept.ids[0], "blue"),
        lambda: desk.decide(kept.ids[0], None),
        lambda: desk.skip(kept.ids[0]),
        lambda: desk.decide("nosuch", "red"),
    ):
        with pytest.raises(Conflict):
            act()
    desk.decide(kept.ids[1], "red")
    with pytest.raises(Conflict):
        desk.undo(first.name)
    assert decided(desk) == {kept.ids[0]: "red", kept.ids[1]: "red"}


def test_moved_and_back(kept: Kept) -> None:
    """With --move pictures leave the folder, thrown away ones too, none is deleted, and undo puts
    them back, also after a restart.
    """
    desk = opened(kept, move=True)
    desk.decide(kept.ids[0], "red")
    desk.decide(kept.ids[1], None)
    left = {path.stem for path in kept.folder.rglob("*.png")}
    assert left == set(kept.ids[2:])
    assert kept.files() == {".rejected": [kept.ids[1]], "red": [kept.ids[0]]}
    desk = opened(kept, move=True)
    assert (desk.done, desk.left) == (2, 4)
    for _ in range(2):
        step = desk.undoable()
        assert step is not None
        desk.undo(step.name)
    assert {path.stem for path in kept.folder.rglob("*.png")} == set(kept.ids)
    assert kept.files() == {}
    assert [item.id for item in desk.waiting()] == kept.ids
    assert desk.waiting()[0].score == pytest.approx(0.4)


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def killed_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], None]]:
    """Has the n-th change of the disk from now on be the last that does not happen."""
    left = [10**9]

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def call(*words: object, **values: object) -> object:
            left[0] -= 1
            if left[0] < 0:
                raise Killed
            return real(*words, **values)

        return call

    for name in ("fsync",):
        monkeypatch.setattr(os, name, counted(getattr(os, name)))
    for name in ("replace", "unlink", "rmdir", "mkdir"):
        monkeypatch.setattr(Path, name, counted(getattr(Path, name)))
    yield lambda n: left.__setitem__(0, n)
    left[0] = 10**9


@pytest.mark.parametrize("move", [False, True], ids=["copy", "move"])
def test_killed_at_every_step(
    kept: Kept, killed_at: Callable[[int], None], monkeypatch: pytest.MonkeyPatch, move: bool
) -> None:
    """Killed at each change of the disk in turn, while deciding and while undoing: the next start
    has every picture where the log says, once, and none is lost.
    """
    ends = 0
    for undoing in (False, True):
        for n in range(20):
            desk = opened(kept, move=move)
            if undoing:
                desk.decide(kept.ids[0], "green")
            killed_at(n)
            try:
                step = desk.undoable()
                desk.undo(step.name) if undoing and step else desk.decide(kept.ids[0], "green")
                ended = True
            except Killed:
                ended = False
                ends += 1
            finally:
                killed_at(10**9)
            desk = opened(kept, move=move)
            found = decided(desk)
            assert found in ({}, {kept.ids[0]: "green"})
            assert kept.files() == ({"green": [kept.ids[0]]} if found else {})
            assert not list(kept.out.rglob("*.part"))
            gone = bool(found) and move
            assert len(list(kept.folder.rglob("*.png"))) == 6 - gone
            if step := desk.undoable():
                desk.undo(step.name)
            if ended:
                break
        assert ended
    assert ends > 8


def test_half_a_line_and_another_tools_file(kept: Kept) -> None:
    """A line that a power cut left half is cut off and its number used again; a line that is none of
    ours is refused, and names the file and the line.
    """
    desk = opened(kept)
    desk.decide(kept.ids[0], "red")
    path = kept.out / "decisions.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"v":1,"n":2,"id":"')
    desk = opened(kept)
    assert decided(desk) == {kept.ids[0]: "red"}
    desk.decide(kept.ids[1], "green")
    assert path.read_bytes().startswith(whole)
    assert [json.loads(line)["n"] for line in path.read_bytes().splitlines()] == [1, 2]
    path.write_bytes(whole + b"{}\n")
    with pytest.raises(DataError, match=r"decisions\.jsonl, line 2, is no decision"):
        opened(kept)


def test_a_disk_that_takes_nothing(kept: Kept) -> None:
    """Where the class folder cannot be written nothing is decided, and it goes on once it can."""
    desk = opened(kept)
    (kept.out / "red").write_text("in the way")
    with pytest.raises(ConfigurationError, match="red"):
        desk.decide(kept.ids[0], "red")
    assert decided(opened(kept)) == {}
    (kept.out / "red").unlink()
    desk.decide(kept.ids[0], "red")
    # A folder where the picture is to be: logged already, and said to be undone.
    name = next(kept.folder.rglob(f"{kept.ids[1]}.png")).name
    (kept.out / "blue" / name).mkdir(parents=True)
    with pytest.raises(ConfigurationError, match="blue"):
        desk.decide(kept.ids[1], "blue")
    assert decided(opened(kept)) == {kept.ids[0]: "red"}
    desk.decide(kept.ids[1], "green")
    assert kept.files()["green"] == [kept.ids[1]]


def test_what_is_written_is_a_data_set(kept: Kept) -> None:
    """`litescore.dataset` reads classes and pictures, and nothing else that lies there."""
    desk = opened(kept, move=True, may_grow=True)
    for id_, label in zip(kept.ids, ("red", "green", "blue", "odd one", None, "red"), strict=True):
        desk.decide(id_, label, new=True)
    found = dataset.load(kept.out, "all")
    assert sorted(found.labels) == ["blue", "green", "odd one", "red"]
    assert len(found) == 5
    assert found.notes == ()


def test_records_that_lie(kept: Kept, tmp_path: Path) -> None:
    """Hostile and broken records: an id that leads out, labels and numbers that are none. Pictures
    without one come last, by names that no two share.
    """
    below = kept.folder / "dt=2026-11-29" / "0123456789ab"
    first = json.loads((below / f"{kept.ids[0]}.json").read_text())
    lies = {"id": "../../../x", "label": 7, "score": float("nan"), "model": None, "top": [1, {}]}
    (below / f"{kept.ids[0]}.json").write_text(json.dumps(first | lies))
    (below / f"{kept.ids[1]}.json").write_text("[1, 2")
    for place in ("a", "b"):
        (kept.folder / place).mkdir()
        (kept.folder / place / "same name!.png").write_bytes(b"no picture")
    desk = opened(kept)
    waiting = desk.waiting()
    assert [item.id for item in waiting[:4]] == kept.ids[2:]
    assert len({item.id for item in waiting}) == 8
    for item in waiting[4:]:
        assert (item.label, item.score, item.guesses) == (None, None, [])
        desk.decide(item.id, "red")
    assert len(kept.files()["red"]) == 4
    assert {path.name for path in tmp_path.iterdir()} == {"kept", "kept-reviewed"}


def test_an_empty_place(tmp_path: Path) -> None:
    """A folder without pictures, and none at all, are named."""
    (tmp_path / "note.txt").write_text("x")
    with pytest.raises(UsageError, match="no pictures at"):
        items.listed(str(tmp_path))
    with pytest.raises(ConfigurationError, match="nosuch"):
        items.listed(str(tmp_path / "nosuch"))


def test_labels_of_the_log_come_back(kept: Kept) -> None:
    """A label that was made in an earlier review is offered in the next one."""
    desk = opened(kept, may_grow=True)
    desk.decide(kept.ids[0], "pink", new=True)
    assert "pink" in opened(kept).labels
    with pytest.raises(UsageError, match="no such label"):
        opened(kept).decide(kept.ids[1], "mauve")


def test_one_frame_kept_twice_is_one(kept: Kept) -> None:
    """A frame that lies in two places, as after a copied folder, is decided once."""
    keep(kept.folder / "copy", 0, "red", 0.4)
    assert opened(kept).left == 6
