"""From labelled images to tensors: parts, colour, size, and what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from litescore import dataset, image
from litescore.errors import ConfigurationError, DataError, UsageError
from litescore.view import WHOLE, View
from tests.trainer.pictures import photograph, write_folder, write_idx_set
from trainer.images import memory
from trainer.images.splits import contract_for, load


def test_a_class_folder_is_cut_in_three(colors: Path) -> None:
    """A fifth of each class is held out for the test, the validation is drawn from the rest."""
    parts = load(colors, 0.25, seed=0, size=16)
    assert parts.validation is not None
    assert [np.bincount(part.classes).tolist() for part in (parts.train, parts.test)] == [
        [14, 14],
        [5, 5],
    ]
    assert np.bincount(parts.validation.classes).tolist() == [5, 5]
    assert parts.contract.labels == ("blue", "red")


def test_train_validation_and_test_share_no_image(tmp_path: Path) -> None:
    """Every image lands in one part only."""
    parts = load(write_idx_set(tmp_path / "noise"), 0.25, seed=3)
    assert parts.validation is not None
    seen = [
        tensor.tobytes()
        for part in (parts.train, parts.validation, parts.test)
        for tensor in part.tensors
    ]
    assert len(seen) == len(set(seen)) == 30


def test_a_folder_with_its_own_validation_part_keeps_it(tmp_path: Path) -> None:
    """`root/{train,val,test}/<class>/*`: nothing is drawn from the training images."""
    for split, count in (("train", 8), ("val", 4), ("test", 3)):
        write_folder(tmp_path / split, {"red": count, "blue": count}, size=(8, 8), first=count)
    parts = load(tmp_path, 0.25, seed=0)
    assert parts.own
    assert parts.validation is not None
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (16, 8, 6)


def test_the_validation_part_follows_the_seed(tmp_path: Path) -> None:
    """The same seed draws the same images, another seed others."""
    root = write_idx_set(tmp_path / "noise", train=200)
    drawn = [load(root, 0.2, seed=seed).validation for seed in (0, 0, 1)]
    assert all(part is not None for part in drawn)
    first, again, other = (part.tensors for part in drawn if part is not None)
    assert (first == again).all()
    assert (first != other).any()


def test_tensors_come_from_the_floors_own_preprocessing(colors: Path) -> None:
    """A model learns from the very pixels that it will be asked about."""
    parts = load(colors, 0.25, seed=0, size=16)
    held = dataset.load(colors, "test")
    assert isinstance(held.images, tuple)
    own = image.fit(image.decode(held.images[3].read()), parts.contract)
    assert (parts.test.tensors[3] == own).all()


def test_uniform_images_keep_their_size(tmp_path: Path) -> None:
    """Height and width are the images' own, square or not."""
    root = write_folder(tmp_path / "uniform", {"red": 3, "blue": 3}, size=(20, 14))
    contract = contract_for(dataset.load(root, "all"), color=None, size=None)
    assert (contract.width, contract.height, contract.color) == (20, 14, "rgb")


def test_a_turned_photograph_counts_as_it_is_seen(tmp_path: Path) -> None:
    """EXIF orientation 6 turns a 14 x 20 file into a 20 x 14 picture."""
    root = write_folder(tmp_path / "turned", {"red": 2, "blue": 2}, size=(20, 14))
    exif = Image.Exif()
    exif[0x0112] = 6
    photograph("red", 9, (14, 20)).save(root / "red" / "9.jpg", exif=exif)
    contract = contract_for(dataset.load(root, "all"), color=None, size=None)
    assert (contract.width, contract.height) == (20, 14)


def test_images_of_different_sizes_become_224(colors: Path) -> None:
    """The default of the classifiers that photographs usually meet."""
    contract = contract_for(dataset.load(colors, "all"), color=None, size=None)
    assert (contract.width, contract.height) == (224, 224)


def test_uniform_photographs_keep_their_size_too(tmp_path: Path) -> None:
    """However large: a model of another size is the user's to ask for."""
    root = write_folder(tmp_path / "camera", {"red": 1, "blue": 1}, size=(800, 600))
    contract = contract_for(dataset.load(root, "all"), color=None, size=None)
    assert (contract.width, contract.height) == (800, 600)


def test_color_is_gray_only_where_all_are(tmp_path: Path) -> None:
    """One colour picture among gray ones makes it rgb."""
    root = write_folder(tmp_path / "gray", {"red": 2, "blue": 2}, size=(8, 8))
    for path in root.rglob("*.png"):
        Image.open(path).convert("L").save(path)
    assert contract_for(dataset.load(root, "all"), color=None, size=None).color == "gray"
    photograph("red", 9, (8, 8)).save(root / "red" / "9.png")
    assert contract_for(dataset.load(root, "all"), color=None, size=None).color == "rgb"


def test_color_and_size_can_be_given(colors: Path) -> None:
    """What is given counts, whatever the images are."""
    contract = contract_for(dataset.load(colors, "all"), color="gray", size=10)
    assert (contract.width, contract.height, contract.color) == (10, 10, "gray")


def test_a_file_that_is_no_image_is_named(colors: Path) -> None:
    """Also with the size given; the message says what to do."""
    (colors / "red" / "notes.png").write_text("not a picture")
    with pytest.raises(DataError, match=r"notes\.png.*not an image.*remove it or mend it"):
        load(colors, 0.25, seed=0)


def test_a_truncated_image_is_named(colors: Path) -> None:
    """Its header is whole, its pixels are not."""
    path = colors / "red" / "0.png"
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match=r"red/0\.png"):
        load(colors, 0.25, seed=0, size=16)


def test_one_class_is_refused(tmp_path: Path) -> None:
    """There is nothing to tell apart."""
    with pytest.raises(DataError, match=r"one class only \(red\)"):
        load(write_folder(tmp_path / "one", {"red": 4}), 0.25, seed=0)


@pytest.mark.parametrize("name", ["empty", "absent"])
def test_an_empty_or_missing_folder_is_refused(tmp_path: Path, name: str) -> None:
    """The folder is named."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=name):
        load(tmp_path / name, 0.25, seed=0)


def test_more_than_memory_holds_is_refused_at_once(colors: Path) -> None:
    """A step of all 28 images of 16,384 x 16,384 pixels: each value twice as it comes and once as
    float32, beside TensorFlow; the way out is named.
    """
    with pytest.raises(DataError, match=r"135\.5 GB of memory.*smaller --size or.* --batch"):
        load(colors, 0.25, seed=0, size=16384)


def test_images_in_memory_count(tmp_path: Path) -> None:
    """Arrays as they were found, and what was drawn of them; a map and a second view do not."""
    plain = load(write_idx_set(tmp_path / "noise", train=200), 0, seed=0)
    drawn = load(tmp_path / "noise", 0.2, seed=0)
    mapped = load(tmp_path / "noise", 0.2, seed=0, size=9, cache=tmp_path / "cache")
    image = 6 * 6
    none = [
        memory.beside_a_step(one.contract, batch=8, images=len(one.train), held=0)
        for one in (plain, drawn, mapped)
    ]
    extra = [
        one.beside_a_step(8) - base for one, base in zip((plain, drawn, mapped), none, strict=True)
    ]
    assert extra == [210 * image, 410 * image, 210 * image]


def test_a_span_counts(tmp_path: Path) -> None:
    """Twice, of a twentieth of an epoch, of 64 MB at most and a batch at least."""
    contract = contract_for(dataset.load(write_idx_set(tmp_path), "all"), color=None, size=1000)
    base = memory.beside_a_step(contract, batch=0, images=0, held=0)
    spans = [
        memory.beside_a_step(contract, batch=batch, images=images, held=5) - base - 5
        for batch, images in ((1, 40), (8, 40), (1, 10**6), (100, 10**6))
    ]
    assert spans == [4 * 10**6, 16 * 10**6, 2 * 2**26, 200 * 10**6]
    memory.check_memory(contract, batch=8, images=40, memory=base + 48 * 10**6)
    with pytest.raises(DataError, match=r"0\.3 GB of memory, this machine has 0\.3"):
        memory.check_memory(contract, batch=8, images=40, memory=base + 48 * 10**6 - 1)


def test_more_than_the_disk_holds_is_refused_at_once(
    colors: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All parts are counted together, before a picture is decoded. No test can fill a disk without
    being root: what the system says of it is made up.
    """
    said = shutil._ntuple_diskusage(10**9, 10**9 - 30_000, 30_000)  # type: ignore[attr-defined]
    monkeypatch.setattr(memory.shutil, "disk_usage", lambda _: said)
    cache = tmp_path / "cache"
    with pytest.raises(
        ConfigurationError,
        match=r"48 decoded images of 16 x 16.*36,864 bytes.*cache.*30,000 bytes.*--cache.*--size",
    ):
        load(colors, 0.25, seed=0, size=16, cache=cache)
    assert not cache.exists()
    assert len(load(colors, 0.25, seed=0, size=14, cache=cache).train) == 28


def test_all_that_cannot_be_used_is_listed_at_once(colors: Path) -> None:
    """Of every part, the first twenty by name, and how many more."""
    for path in (colors / "red").iterdir():
        path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(DataError, match=r"cannot use 24 of 48 .*red/.*and 4 more; remove") as told:
        load(colors, 0.25, seed=0, size=16)
    assert str(told.value).count(".png: corrupt") == 20


def test_a_folder_is_trained_on_as_its_jpegs_are_scored(colors: Path, tmp_path: Path) -> None:
    """Scaled by the decoder, in training too; arrays never were JPEGs here."""
    assert load(colors, 0, seed=0, size=16).contract.jpeg == "scaled"
    assert load(write_idx_set(tmp_path / "noise"), 0, seed=0).contract.jpeg == "full"


def test_the_regions_own_size(tmp_path: Path) -> None:
    """What the model sees of uniform frames has one size, which becomes the model's."""
    root = write_folder(tmp_path / "frames", {"red": 3, "blue": 3}, size=(40, 30))
    view = View(rotate=90, region=(3, 4, 20, 25))
    parts = load(root, 0, seed=0, view=view)
    assert (parts.contract.width, parts.contract.height, parts.contract.view) == (20, 25, view)
    assert str(parts).endswith("20 x 25 rgb pixels, seen by rotate 90, region 3,4,20,25, 2 classes")
    turned = contract_for(dataset.load(root, "all"), color=None, size=None, view=View(rotate=90))
    assert (turned.width, turned.height) == (30, 40)
    assert load(root, 0, seed=0, size=8, view=view).contract.width == 8


@pytest.mark.parametrize("size", [None, 16])
def test_a_frame_that_the_region_lies_outside_of(tmp_path: Path, size: int | None) -> None:
    """Is named before anything is trained, with both sizes."""
    root = write_folder(tmp_path / "frames", {"red": 3, "blue": 3}, size=(40, 30))
    with pytest.raises(DataError, match=r"blue/0\.png: the region 30,0,20,20 reaches to 50 x 20 "):
        load(root, 0, seed=0, size=size, view=View(region=(30, 0, 20, 20)))


def test_a_view_of_arrays_is_refused(tmp_path: Path) -> None:
    """No camera gave them; the default is no view."""
    root = write_idx_set(tmp_path / "noise")
    with pytest.raises(UsageError, match=r"noise holds arrays.* invert is for folders"):
        load(root, 0, seed=0, view=View(invert=True))
    assert load(root, 0, seed=0, view=View(rotate=0)).contract.view == WHOLE


def test_the_digest_reads_no_picture_again(colors: Path, tmp_path: Path) -> None:
    """It is that of the data set, and stands though the files are gone."""
    copied = tmp_path / "copied"
    shutil.copytree(colors, copied)
    parts = load(copied, 0.2, seed=1, cache=tmp_path / "cache")
    wanted = parts.source.digest()
    shutil.rmtree(copied)
    assert parts.digest() == wanted
