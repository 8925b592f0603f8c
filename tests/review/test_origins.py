"""Folders that are reviewed into one place, and the ways to write where a folder is."""

from __future__ import annotations

from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import pytest

from litescore import image
from litescore.review import items
from litescore.review.desk import Desk
from litescore.review.labels import Labels
from tests.review.conftest import LABELS, Kept


def taken(folder: Path, color: int) -> Path:
    """A folder with the picture 0001.png, without a record."""
    folder.mkdir()
    (folder / "0001.png").write_bytes(image.encode_png(np.full((8, 8, 3), color, np.uint8)))
    return folder


def opened(folder: object, out: Path, *, move: bool = False) -> Desk:
    out.mkdir(exist_ok=True)
    return Desk(str(folder), items.listed(str(folder)), Labels(LABELS), out, move=move)


@pytest.mark.parametrize("move", [False, True], ids=["copy", "move"])
def test_two_folders_into_one_place(tmp_path: Path, move: bool) -> None:
    """Pictures of one name in two folders are two: the second waits when the first is decided, undo
    touches its own, and both come into the data set.
    """
    monday, tuesday = taken(tmp_path / "monday", 10), taken(tmp_path / "tuesday", 20)
    out = tmp_path / "out"
    desk = opened(monday, out, move=move)
    desk.decide(desk.waiting()[0].id, "red")
    desk = opened(tuesday, out, move=move)
    assert (desk.left, desk.done, desk.undoable()) == (1, 0, None)
    for _ in range(2):
        desk.decide(desk.waiting()[0].id, "red")
        assert len(list((out / "red").iterdir())) == 2
        step = desk.undoable()
        assert step is not None
        desk.undo(step.name)
        assert len(list((out / "red").iterdir())) == 1


def test_one_folder_written_in_several_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However a folder is written, a picture in it has one id, also when its parent is reviewed."""
    folder = taken(tmp_path / "monday", 10)
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    ways = [folder, f"file://{folder}", "monday", "monday/", "./monday", "link", "."]
    (id_,) = {item.id for way in ways for item in items.listed(str(way))}
    assert {items.one(str(way), "0001.png").id for way in ways[:-1]} == {id_}


def test_moved_from_a_file_url(kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a file:// folder pictures are moved and put back as of a path."""
    monkeypatch.chdir(tmp_path)
    desk = opened(f"file://{kept.folder}", kept.out, move=True)
    desk.decide(kept.ids[0], "red")
    assert {path.stem for path in kept.folder.rglob("*.png")} == set(kept.ids[1:])
    step = desk.undoable()
    assert step is not None
    desk.undo(step.name)
    assert {path.stem for path in kept.folder.rglob("*.png")} == set(kept.ids)
    assert {path.name for path in tmp_path.iterdir()} == {"kept", "kept-reviewed"}


def test_paths_below_a_folder_on_each_system() -> None:
    """The path below the folder has neither a drive nor backslashes that separate; a parent with a
    dot hides nothing; a backslash that is part of a name stays.
    """
    windows = PureWindowsPath(r"C:\.data\kept")
    assert items.below(windows, r"C:\.data\kept\dt=1\a.png") == "dt=1/a.png"
    assert items.below(PureWindowsPath("kept"), r"kept\a.png") == "a.png"
    assert items.below(PurePosixPath("/.data/kept"), r"/.data/kept/dt=1/a\b.png") == r"dt=1/a\b.png"


def test_a_backslash_in_a_name(tmp_path: Path) -> None:
    """A picture whose name holds a backslash is found again where it was."""
    folder = taken(tmp_path / "kept", 10)
    (folder / "0001.png").rename(folder / "a\\b.png")
    (item,) = items.listed(str(folder))
    assert items.one(str(folder), item.path) == item


def test_moved_and_gone_on_with_from_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A review with --move that is started again from another folder, where the same words name other
    pictures, leaves those alone; with other words for its own it undoes.
    """
    for name, color in (("a", 10), ("b", 20)):
        (tmp_path / name).mkdir()
        taken(tmp_path / name / "kept", color)
    out = tmp_path / "out"
    monkeypatch.chdir(tmp_path / "a")
    desk = opened("kept", out, move=True)
    desk.decide(desk.waiting()[0].id, "red")
    taken(tmp_path / "a" / "next", 30)
    monkeypatch.chdir(tmp_path / "b")
    assert opened("kept", out, move=True).left == 1
    assert (tmp_path / "b" / "kept" / "0001.png").exists()
    # A picture is what makes it a folder that can be reviewed.
    (tmp_path / "a" / "next" / "0001.png").rename(tmp_path / "a" / "kept" / "0002.png")
    desk = opened("../a/kept/", out, move=True)
    assert (desk.left, desk.done) == (1, 1)
    step = desk.undoable()
    assert step is not None
    desk.undo(step.name)
    assert (tmp_path / "a" / "kept" / "0001.png").exists()
    assert not list(out.glob("*/*.png"))


def test_a_new_picture_under_the_name_of_one_that_left(tmp_path: Path) -> None:
    """What was moved is not removed again at the next start, when another lies there by then."""
    folder, out = taken(tmp_path / "kept", 10), tmp_path / "out"
    desk = opened(folder, out, move=True)
    desk.decide(desk.waiting()[0].id, "red")
    (folder / "0001.png").write_bytes(b"another")
    opened(folder, out, move=True)
    assert (folder / "0001.png").read_bytes() == b"another"


@pytest.mark.parametrize("label", ["red", None])
def test_undone_when_another_has_its_name(tmp_path: Path, label: str | None) -> None:
    """It is in no class then, and still there."""
    folder, out = taken(tmp_path / "kept", 10), tmp_path / "out"
    before = (folder / "0001.png").read_bytes()
    desk = opened(folder, out, move=True)
    desk.decide(desk.waiting()[0].id, label)
    (folder / "0001.png").write_bytes(b"another")
    step = desk.undoable()
    assert step is not None
    desk.undo(step.name)
    (left,) = out.rglob("*.png")
    assert (left.parent.name, left.read_bytes()) == (".rejected", before)
    assert (folder / "0001.png").read_bytes() == b"another"
