"""Labelled images in folders: which are found, which are for testing, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from litescore import dataset, image
from litescore.contract import Contract
from litescore.dataset import Dataset, Picture
from litescore.errors import DataError, UsageError
from litescore.view import View
from tests.litescore.pictures import FLAG, encode

COUNTS = {"ant": 10, "bee": 25, "cat": 7}


def fill(folder: Path, counts: dict[str, int] | None = None) -> Path:
    """A class folder of small pictures, each of another gray."""
    for label, count in (counts or COUNTS).items():
        (folder / label).mkdir(parents=True)
        for number in range(count):
            pixels = np.full((4, 3), len(label) * 40 + number, np.uint8)
            (folder / label / f"{number:02}.png").write_bytes(image.encode_png(pixels))
    return folder


def paths(data: Dataset) -> list[Path]:
    """The files of a data set of files."""
    return [Path(str(one)) for one in data.images if isinstance(one, Picture)]


def test_classes_are_folders_in_order_of_name(tmp_path: Path) -> None:
    """Each image has its folder's class, however deep it lies."""
    fill(tmp_path)
    (tmp_path / "bee" / "deep").mkdir()
    (tmp_path / "bee" / "deep" / "x.PNG").write_bytes(encode(FLAG))
    whole = dataset.load(tmp_path, "all")
    assert whole.labels == ("ant", "bee", "cat")
    assert whole.name == tmp_path.name
    assert np.bincount(whole.classes).tolist() == [10, 26, 7]
    for path, number in zip(paths(whole), whole.classes, strict=True):
        assert path.relative_to(tmp_path).parts[0] == whole.labels[number]


def test_what_is_no_picture_is_left_out(tmp_path: Path) -> None:
    """Notes, hidden folders and what macOS leaves beside pictures are not images."""
    fill(tmp_path)
    (tmp_path / "ant" / "notes.txt").write_text("ants")
    (tmp_path / "ant" / "._00.png").write_bytes(b"\0\5\x16\7")
    (tmp_path / ".cache").mkdir()
    (tmp_path / "README.md").write_text("animals")
    whole = dataset.load(tmp_path, "all")
    assert whole.labels == ("ant", "bee", "cat")
    assert len(whole) == 42


def test_a_fifth_of_each_class_is_held_out(tmp_path: Path) -> None:
    """`test` is a fifth of each class, `train` the rest: nothing twice, nothing lost."""
    fill(tmp_path)
    train, test = dataset.load(tmp_path, "train"), dataset.load(tmp_path, "test")
    assert np.bincount(test.classes).tolist() == [2, 5, 1]
    assert np.bincount(train.classes).tolist() == [8, 20, 6]
    assert sorted(paths(train) + paths(test)) == sorted(paths(dataset.load(tmp_path, "all")))
    assert (train.split, test.split) == ("train", "test")


def test_the_held_out_fifth_is_always_the_same(tmp_path: Path) -> None:
    """Loaded again, from another place too: the same files. Another seed draws others."""
    first = dataset.load(fill(tmp_path / "one"), "test")
    again = dataset.load(tmp_path / "one", "test")
    moved = dataset.load(fill(tmp_path / "two"), "test")
    assert paths(first) == paths(again)
    assert [p.name for p in paths(first)] == [p.name for p in paths(moved)]
    other = dataset.load(tmp_path / "one", "test", seed=1)
    assert [p.name for p in paths(first)] != [p.name for p in paths(other)]
    drawn = ["04.png", "06.png", "02.png", "11.png", "14.png", "19.png", "23.png", "06.png"]
    assert [p.name for p in paths(first)] == drawn


def test_split_folders_keep_their_parts(tmp_path: Path) -> None:
    """train, val and test as they lie; classes are those of training, in its order."""
    for split, counts in (("train", COUNTS), ("val", {"bee": 2}), ("test", {"ant": 1, "cat": 3})):
        fill(tmp_path / split, counts)
    train, val, test = (dataset.load(tmp_path, split) for split in dataset.SPLITS)
    assert train.labels == val.labels == test.labels == ("ant", "bee", "cat")
    assert (len(train), len(val), len(test)) == (42, 2, 4)
    assert val.classes.tolist() == [1, 1]
    assert test.classes.tolist() == [0, 2, 2, 2]
    assert len(dataset.load(tmp_path, "all")) == 48


def test_a_test_folder_alone(tmp_path: Path) -> None:
    """Data to evaluate on, without any to train on."""
    fill(tmp_path / "test")
    assert len(dataset.load(tmp_path, "test")) == len(dataset.load(tmp_path, "all")) == 42
    with pytest.raises(DataError, match=r"has no folder 'train' \(it has test\)"):
        dataset.load(tmp_path, "train")


def test_parts_by_other_names_are_no_classes(tmp_path: Path) -> None:
    """`Training` and `Testing` would be two classes of everything: they are refused."""
    fill(tmp_path / "Training")
    fill(tmp_path / "Testing")
    with pytest.raises(DataError, match="holds folders of folders: name its parts train, val,"):
        dataset.load(tmp_path, "all")


def test_a_missing_split_folder_is_named(tmp_path: Path) -> None:
    """What is there is said too."""
    fill(tmp_path / "train")
    with pytest.raises(DataError, match=r"has no folder 'test' \(it has train\)"):
        dataset.load(tmp_path, "test")


def test_a_class_that_training_lacks_is_refused(tmp_path: Path) -> None:
    """No model can have learned it."""
    fill(tmp_path / "train")
    fill(tmp_path / "test", {"ant": 1, "dog": 2, "eel": 1})
    with pytest.raises(DataError, match="classes that training lacks: dog, eel"):
        dataset.load(tmp_path, "test")


def test_val_of_a_plain_class_folder_is_refused(tmp_path: Path) -> None:
    """A fifth is held out, not two of them."""
    with pytest.raises(DataError, match="no split 'val'"):
        dataset.load(fill(tmp_path), "val")


def test_an_unknown_split_is_wrong_usage(tmp_path: Path) -> None:
    """The known ones are listed."""
    with pytest.raises(UsageError, match="unknown split 'tset': one of train, val, test, all"):
        dataset.load(fill(tmp_path), "tset")


def test_nothing_there(tmp_path: Path) -> None:
    """A path that does not exist, and an empty folder."""
    with pytest.raises(DataError, match=r"no data at .*nowhere: no such file or folder"):
        dataset.load(tmp_path / "nowhere")
    with pytest.raises(DataError, match="has no class folders: one folder a class"):
        dataset.load(tmp_path)


def test_pictures_without_class_folders(tmp_path: Path) -> None:
    """Loose pictures have no labels."""
    (tmp_path / "a.png").write_bytes(encode(FLAG))
    with pytest.raises(DataError, match="has no class folders"):
        dataset.load(tmp_path)


def test_one_class_folder(tmp_path: Path) -> None:
    """One class is nothing to tell apart; it is named."""
    with pytest.raises(DataError, match=r"one class only \(ant\)"):
        dataset.load(fill(tmp_path, {"ant": 3}))


def test_an_empty_class_folder(tmp_path: Path) -> None:
    """The folder without pictures is named."""
    fill(tmp_path)
    (tmp_path / "dog").mkdir()
    (tmp_path / "dog" / "notes.txt").write_text("dogs")
    with pytest.raises(DataError, match=r"dog holds no images"):
        dataset.load(tmp_path)


@pytest.mark.parametrize("content", [b"", b"text called .png", encode(FLAG)[:60]])
def test_a_broken_picture_is_named(tmp_path: Path, content: bytes) -> None:
    """Training and evaluation stop at it, with its path and what to do."""
    fill(tmp_path)
    (tmp_path / "bee" / "07.png").write_bytes(content)
    whole = dataset.load(tmp_path, "all")
    with pytest.raises(DataError, match=r"bee.07\.png: .*; remove it or mend it"):
        whole.tensors(Contract(whole.labels, "gray", 4, 3))


def test_tensors_are_what_fit_makes_of_each(tmp_path: Path) -> None:
    """In order, from files and from arrays."""
    whole = dataset.load(fill(tmp_path), "all")
    wanted = Contract(whole.labels, "rgb", 5, 6)
    tensors = whole.tensors(wanted)
    assert (tensors.shape, tensors.dtype) == ((42, 5, 6, 3), np.uint8)
    pictures = [image.decode(path.read_bytes()) for path in paths(whole)]
    np.testing.assert_array_equal(tensors, [image.fit(one, wanted) for one in pictures])
    arrays = np.stack([np.asarray(one) for one in pictures])
    from_arrays = Dataset("x", "all", whole.labels, whole.classes, arrays).tensors(wanted)
    np.testing.assert_array_equal(from_arrays, tensors)


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 1), (4, 3, 3)])
def test_arrays_of_the_models_size_are_passed_on(shape: tuple[int, ...]) -> None:
    """Not copied: a data set of a gigabyte stays one gigabyte."""
    images = np.random.default_rng(0).integers(0, 256, (6, *shape), np.uint8)
    data = Dataset("x", "all", ("a", "b"), np.zeros(6, np.int64), images)
    tensors = data.tensors(
        Contract(("a", "b"), "rgb" if shape[-1] == 3 and len(shape) == 3 else "gray", 4, 3)
    )
    assert np.shares_memory(tensors, images)
    np.testing.assert_array_equal(tensors.reshape(images.shape), images)


def test_stored_arrays_and_a_view() -> None:
    """Those of the model's height and width are not viewed, be they of another colour; larger ones
    are pictures, and where the region lies outside of one it is named.
    """
    images = np.random.default_rng(0).integers(0, 256, (6, 4, 3, 3), np.uint8)
    data = Dataset("x", "all", ("a", "b"), np.zeros(6, np.int64), images)
    gray = Contract(("a", "b"), "gray", 4, 3)
    viewed = replace(gray, view=View(180, region=(1, 0, 2, 4), invert=True))
    np.testing.assert_array_equal(data.tensors(viewed), data.tensors(gray))
    taller = replace(viewed, height=2)
    expected = [image.fit(255 - one[::-1, ::-1][:, 1:], replace(gray, height=2)) for one in images]
    assert np.abs(data.tensors(taller).astype(int) - expected).max() <= 1  # inverted last
    with pytest.raises(DataError, match="cannot use array 0 of x: the region 2,0,2,4 reaches to"):
        data.tensors(replace(taller, view=View(region=(2, 0, 2, 4))))


def test_split_off_keeps_the_shares(tmp_path: Path) -> None:
    """A share of each class by seed; where there are two images, one on either side."""
    counts = {"a": 1, "b": 2, "c": 3, "d": 40}
    whole = dataset.load(fill(tmp_path, counts), "all")
    kept, away = dataset.split_off(whole, 0.1, seed=3)
    assert np.bincount(away.classes, minlength=4).tolist() == [0, 1, 1, 4]
    assert np.bincount(kept.classes).tolist() == [1, 1, 2, 36]
    assert not set(paths(kept)) & set(paths(away))
    again, other = (dataset.split_off(whole, 0.1, seed=seed)[1] for seed in (3, 4))
    assert paths(again) == paths(away)
    assert paths(other) != paths(away)


def test_take_keeps_order() -> None:
    """Images and classes at the indices, also twice."""
    data = Dataset(
        "x", "all", ("a", "b"), np.array([0, 1, 0]), np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
    )
    taken = data.take([2, 0, 2])
    assert isinstance(taken.images, np.ndarray)
    assert taken.images[:, 0, 0].tolist() == [8, 0, 8]
    assert taken.classes.tolist() == [0, 0, 0]


def test_classes_are_matched_by_name() -> None:
    """A model's own order of labels, also where it knows more of them."""
    data = Dataset("x", "all", ("ant", "bee"), np.array([0, 1, 1]), np.zeros((3, 2, 2), np.uint8))
    assert data.classes_for(("ant", "bee")).tolist() == [0, 1, 1]
    assert data.classes_for(("bee", "ant")).tolist() == [1, 0, 0]
    assert data.classes_for(("cat", "bee", "ant")).tolist() == [2, 1, 1]


def test_a_class_that_the_model_lacks_is_refused() -> None:
    """Both sides are named."""
    data = Dataset("x", "all", ("ant", "dog"), np.array([0, 1]), np.zeros((2, 2, 2), np.uint8))
    with pytest.raises(DataError, match=r"does not know: dog \(the model's are ant, bee"):
        data.classes_for(("ant", "bee"))


def test_the_digest_is_the_datas(tmp_path: Path) -> None:
    """The same data, the same digest, wherever it lies; a changed image, class or name changes it."""
    first = dataset.load(fill(tmp_path / "one"), "all").digest()
    assert dataset.load(fill(tmp_path / "two"), "all").digest() == first
    (tmp_path / "two" / "ant" / "00.png").write_bytes(encode(FLAG))
    assert dataset.load(tmp_path / "two", "all").digest() != first
    (tmp_path / "one" / "ant").rename(tmp_path / "one" / "aunt")
    assert dataset.load(tmp_path / "one", "all").digest() != first


def test_the_digest_of_arrays() -> None:
    """It sees shape, classes, names and every pixel, and not the memory's layout."""
    images = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    numbers = np.array([0, 1])

    def digest(
        pixels: object = images, classes: object = numbers, labels: object = ("a", "b")
    ) -> str:
        return Dataset("x", "all", labels, classes, pixels).digest()  # type: ignore[arg-type]

    assert digest() == "d67450f6f9cd1c585c5c0e4beb882937fb20c6f74145a5ea601777dac97018bf"
    assert digest(np.asfortranarray(images)) == digest()
    others = {
        digest(images.reshape(2, 4, 3)),
        digest(images ^ 1),
        digest(classes=1 - numbers),
        digest(labels=("a", "c")),
    }
    assert len(others | {digest()}) == 5
