"""Labels become class folders that every system and `litescore train` take for what they are."""

from __future__ import annotations

from pathlib import Path, PureWindowsPath

import pytest

from litescore import dataset, image
from litescore.errors import UsageError
from litescore.review.labels import Labels, folder_of
from tests.edge.conftest import RED, plain

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
