"""Labels become class folders that every system and `litescore train` take for what they are."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest

from litescore import dataset, image, review_commands
from litescore.errors import UsageError
from litescore.review import items
from litescore.review.desk import Desk
from litescore.review.labels import Labels, folder_of
from tests.edge.conftest import RED, plain
from tests.review.conftest import Kept

HOSTILE = (
    "../../etc/passwd",
    "..",
    ".",
    ".hidden",
    "/absolute",
    "C:\\windows",
    "a/b",
    "a\\b",
    "con",
    "NUL.txt",
    "COM1",
    "trailing.",
    "trailing ",
    " ",
    "a\x00b",
    "a\nb",
    "\x1b[31m",
    "x" * 300,
    "ü" * 200,
    "train-images-idx3-ubyte",
    "all.npz",
    "__MACOSX",
    "decisions.jsonl",
    "train",
    "test",
    "\udcff",
    "人",
)


@pytest.mark.parametrize("label", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_labels_are_class_folders(label: str, tmp_path: Path) -> None:
    """Whatever a label is, its folder is one folder below the root, on every system, and reading the
    data set finds its picture in it, beside another class.
    """
    name = folder_of(label)
    path = tmp_path / name
    assert path.parent == tmp_path
    assert path.resolve().parent == tmp_path.resolve()
    assert not PureWindowsPath(name).is_reserved()
    assert PureWindowsPath(name).parts == (name,)
    assert name == name.strip().rstrip(".")
    assert len(name.encode()) < 120
    for folder in (name, "other class"):
        for number in range(5):
            (tmp_path / folder).mkdir(exist_ok=True)
            (tmp_path / folder / f"{number}.png").write_bytes(image.encode_png(plain(RED)))
    found = dataset.load(tmp_path, "all")
    assert sorted(found.labels) == sorted([name, "other class"])
    assert len(found) == 10


def test_two_labels_never_share_a_folder() -> None:
    """`Shoe` and `shoe` would on some systems, `a/b` and `a_b` on all: refused, naming both."""
    for first, second in (("Shoe", "shoe"), ("a/b", "a_b"), ("a:b", "a?b")):
        for labels in ([first, second], [second, first]):
            with pytest.raises(UsageError, match="would share the class folder"):
                Labels(labels)


def test_a_new_label_only_where_allowed() -> None:
    """A label that a person types is refused unless new ones are allowed, and where it is none."""
    with pytest.raises(UsageError, match="--allow-new-labels"):
        Labels(["red"]).add("pink")
    labels = Labels(["red"], may_grow=True)
    labels.add("pink")
    assert list(labels) == ["red", "pink"]
    for words in ("", " pink", "a\nb", "x" * 101, "\x1b[31m", "Pink"):
        with pytest.raises(UsageError):
            labels.add(words)
    assert list(labels) == ["red", "pink"]


def test_a_typed_label_in_the_next_review(kept: Kept) -> None:
    """A label that was typed, and whose folder is named otherwise, is offered again as it was typed;
    its folder is no label beside it, and a folder that a person made is one.
    """
    kept.out.mkdir()
    found = items.listed(str(kept.folder))
    desk = Desk(str(kept.folder), found, Labels(["red"], may_grow=True), kept.out)
    desk.decide(kept.ids[0], "T-shirt/top", new=True)
    (kept.out / "pink").mkdir()
    labels = review_commands._labels([], kept.out, None, None, may_grow=False)
    assert list(labels) == ["T-shirt/top", "pink"]
    desk = Desk(str(kept.folder), found, labels, kept.out)
    desk.decide(kept.ids[1], "T-shirt/top")
    assert kept.files() == {"T-shirt_top": sorted(kept.ids[:2])}
