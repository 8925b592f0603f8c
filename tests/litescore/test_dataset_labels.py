"""Class names are names: numbers, accents, emoji, slashes; their order, and what they match."""

from __future__ import annotations

import json
import unicodedata
import zipfile
from pathlib import Path

import numpy as np
import pytest

from litescore import contract, dataset, image
from litescore.contract import Contract
from litescore.errors import DataError
from tests.litescore import tiny
from tests.litescore.labelled import COUNTS, csv_of, json_lines_of, rows_of, write_classes, zipped

NFC = "caf\u00e9"
NFD = "cafe\u0301"


@pytest.mark.parametrize(
    ("names", "order"),
    [
        (("7", "3"), ("3", "7")),
        (("2", "10", "0", "1"), ("0", "1", "10", "2")),
        (("Zebra", "ant", "\U0001f98a fox", "big cat"), ("Zebra", "ant", "big cat", "\U0001f98a fox")),
    ],
)  # fmt: skip
def test_names_in_order_of_names(
    tmp_path: Path, names: tuple[str, ...], order: tuple[str, ...]
) -> None:
    """A folder called 7 is the class 7, be it the second of two; in a manifest too."""
    folder = write_classes(tmp_path / "photos", dict.fromkeys(names, 5))
    whole = dataset.load(folder, "all")
    assert whole.labels == order
    for picture, number in zip(whole.images, whole.classes, strict=True):
        assert isinstance(picture, dataset.Picture)
        assert picture.path.split("/")[0] == order[number]
    listed = dataset.load(csv_of(rows_of(folder), folder / "list.csv"), "all")
    assert listed.labels == order
    assert listed.digest() == whole.digest()


def test_numbers_in_json_are_names(tmp_path: Path) -> None:
    """3 and 7 are the same two classes as "3" and "7"; what is no whole number is refused."""
    folder = write_classes(tmp_path, {"3": 5, "7": 5})
    rows = [row | {"label": int(row["label"])} for row in rows_of(folder)]
    listed = dataset.load(json_lines_of(rows, folder / "list.jsonl"), "all")
    assert listed.labels == ("3", "7")
    assert listed.digest() == dataset.load(folder, "all").digest()
    for wrong in (3.0, True, ["3"]):
        (folder / "list.jsonl").write_text(json.dumps(rows[0] | {"label": wrong}))
        with pytest.raises(DataError, match=r"list\.jsonl line 1: label .* is no text: put it in"):
            dataset.load(folder / "list.jsonl")


def test_digits_match_a_models_labels_by_name(tmp_path: Path) -> None:
    """Of a model of ten digits, folders 7 and 3 are its classes 7 and 3."""
    whole = dataset.load(write_classes(tmp_path, {"7": 2, "3": 2}), "all")
    digits = tuple(str(digit) for digit in range(10))
    assert whole.classes_for(digits).tolist() == [3, 3, 7, 7]
    assert whole.classes_for(("10", "7", "3")).tolist() == [2, 2, 1, 1]


def test_slashes_belong_to_a_label(tmp_path: Path) -> None:
    """A manifest may name a class as Fashion-MNIST does, and a model file keeps it."""
    folder = write_classes(tmp_path / "photos", {"a": 5, "b": 5})
    names = {"a": "T-shirt/top", "b": "Hüte & \U0001f3a9"}
    rows = [row | {"label": names[row["label"]]} for row in rows_of(folder)]
    whole = dataset.load(csv_of(rows, folder / "list.csv"), "all")
    assert whole.labels == ("Hüte & \U0001f3a9", "T-shirt/top")
    held = Contract(whole.labels, "gray", 4, 3)
    file = contract.append(tiny.build((4, 3, 1), dtype="uint8", classes=2), held)
    assert contract.read(file).labels == whole.labels


def test_accents_count_once(tmp_path: Path) -> None:
    """macOS takes accents apart, in labels and in file names: the classes and the held-out pictures
    are those of the folder that was typed.
    """
    typed = write_classes(tmp_path / "typed", {"ant": 5, NFC: 5})
    for number in range(5):
        pixels = np.full((4, 3), 200 + number, np.uint8)
        # Composed, the accent sorts behind z; taken apart, before.
        name = f"{'éz'[number % 2]}{number}.png"
        (typed / NFC / name).write_bytes(image.encode_png(pixels))
    apart = tmp_path / "apart.zip"
    with zipfile.ZipFile(apart, "w") as archive:
        for file in typed.rglob("*.png"):
            name = file.relative_to(typed).as_posix()
            archive.write(file, unicodedata.normalize("NFD", name))
    assert NFD in dataset.source(apart).part("all").images[-1].path
    for split in ("all", "train", "test"):
        one, other = dataset.load(apart, split), dataset.load(typed, split)
        assert one.labels == ("ant", NFC)
        assert one.digest() == other.digest()
    assert dataset.load(apart, "all").classes_for(("x", NFD, "ant")).max() == 2


def test_macos_archives_are_utf8_unsaid(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names without the flag that says so; what lies in __MACOSX is no class."""
    folder = write_classes(tmp_path / "photos", {"ant": 5, NFC: 5})
    (folder / "__MACOSX" / NFC).mkdir(parents=True)
    (folder / "__MACOSX" / NFC / "._00.png").write_bytes(b"\0\5\x16\7")
    encode = zipfile.ZipInfo._encodeFilenameFlags  # type: ignore[attr-defined]
    monkeypatch.setattr(zipfile.ZipInfo, "_encodeFilenameFlags", lambda info: (encode(info)[0], 0))
    archive = zipped(folder, tmp_path / "mac.zip", "My photos")
    with zipfile.ZipFile(archive) as held:
        assert not any(NFC in name for name in held.namelist())
    assert dataset.load(archive, "all").labels == ("ant", NFC)
    assert dataset.load(archive).digest() == dataset.load(folder).digest()


def test_folders_of_macos_are_no_classes(tmp_path: Path) -> None:
    """Beside the folder that wraps all they are named again, empty."""
    archive = zipped(write_classes(tmp_path / "photos"), tmp_path / "mac.zip", "My photos")
    with zipfile.ZipFile(archive, "a") as held:
        held.writestr("__MACOSX/My photos/dog/", b"")
    assert "dog" not in dataset.load(archive, "all").labels


def test_blanks_around_a_label_do_not_count(tmp_path: Path) -> None:
    """As in labels.txt, whose lines lose them."""
    folder = write_classes(tmp_path, COUNTS)
    rows = [row | {"label": f" {row['label']}\t"} for row in rows_of(folder)]
    whole = dataset.load(csv_of(rows, folder / "list.csv"))
    assert whole.labels == dataset.load(folder).labels
