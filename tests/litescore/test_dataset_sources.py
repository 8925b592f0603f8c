"""One data set in every form: the same labels, classes, parts and digest."""

from __future__ import annotations

import multiprocessing
import pickle
import tracemalloc
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from litescore import dataset
from litescore.dataset import SPLITS, Dataset
from litescore.errors import DataError
from litescore.looks import looks
from tests.litescore.labelled import (
    COUNTS,
    FORMS,
    csv_of,
    files,
    rows_of,
    tarred,
    write_classes,
    write_parts,
    zipped,
)
from tests.rig.seaweed import S3


@pytest.fixture
def undivided(tmp_path: Path) -> Path:
    """Class folders."""
    return write_classes(tmp_path / "photos")


@pytest.fixture
def divided(tmp_path: Path) -> Path:
    """Class folders in three parts."""
    return write_parts(tmp_path / "photos")


def assert_same(place: str | Path, folder: Path, *splits: str) -> None:
    """Each split of both has the same labels, classes and pictures."""
    found, wanted = dataset.source(place), dataset.source(folder)
    assert found.parts == wanted.parts
    for split in splits:
        one, other = found.part(split), wanted.part(split)
        assert (one.labels, one.split) == (other.labels, other.split)
        np.testing.assert_array_equal(one.classes, other.classes)
        assert one.digest() == other.digest()


@pytest.mark.parametrize("form", FORMS)
def test_class_folders_in_every_form(undivided: Path, tmp_path: Path, form: str) -> None:
    """The held-out fifth is the same one, too."""
    place = FORMS[form](undivided, tmp_path)
    assert_same(place, undivided, "all", "train", "test")
    assert dataset.load(place, "all").labels == ("10", "7", "ant", "bee big")


@pytest.mark.parametrize("form", FORMS)
def test_parts_in_every_form(divided: Path, tmp_path: Path, form: str) -> None:
    """train, val and test stay what they are."""
    place = FORMS[form](divided, tmp_path)
    assert_same(place, divided, "all", *SPLITS)
    assert dataset.source(place).parts == SPLITS


def upload(s3: S3, bucket: str, folder: Path, prefix: str) -> str:
    """The folder's files below a prefix, as a URL that ends in `/`."""
    for file in files(folder):
        key = f"{prefix}/{file.relative_to(folder).as_posix()}"
        s3.client.put_object(Bucket=bucket, Key=key, Body=file.read_bytes())
    return f"s3://{bucket}/{prefix}/"


def put(s3: S3, bucket: str, path: Path) -> str:
    """A file as an object, as a URL."""
    s3.client.put_object(Bucket=bucket, Key=f"held/{path.name}", Body=path.read_bytes())
    return f"s3://{bucket}/held/{path.name}"


@pytest.fixture
def cloud(s3: S3, monkeypatch: pytest.MonkeyPatch) -> S3:
    """S3 as this process' environment names it."""
    for name, value in s3.environ.items():
        monkeypatch.setenv(name, value)
    return s3


def test_class_folders_in_a_bucket(cloud: S3, bucket: str, undivided: Path, tmp_path: Path) -> None:
    """A prefix, with and without its last `/`; archives and manifests that lie in S3; a manifest here
    of pictures there.
    """
    url = upload(cloud, bucket, undivided, "my photos")
    archive = put(cloud, bucket, zipped(undivided, tmp_path / "a.zip", "top"))
    packed = put(cloud, bucket, tarred(undivided, tmp_path / "a.tar.gz"))
    here = csv_of(rows_of(undivided, url), tmp_path / "here.csv")
    there = put(cloud, bucket, csv_of(rows_of(undivided, "../my photos/"), tmp_path / "up.csv"))
    with pytest.raises(DataError, match=r"up.csv line 2: '../my photos/.* is no path below"):
        dataset.load(there)
    beside = csv_of(rows_of(undivided, "my photos/"), tmp_path / "beside.csv")
    cloud.client.put_object(Bucket=bucket, Key="beside.csv", Body=beside.read_bytes())
    for place in (url, url[:-1], archive, packed, here, f"s3://{bucket}/beside.csv"):
        assert_same(str(place), undivided, "all", "train", "test")
    assert dataset.load(url, "test").name == "my photos"
    assert dataset.load(url, "all").where(0) == f"{url}10/00.png"


def test_parts_in_a_bucket(cloud: S3, bucket: str, divided: Path) -> None:
    """Parts below a prefix."""
    assert_same(upload(cloud, bucket, divided, "p"), divided, "all", *SPLITS)


def test_what_is_missing_in_a_bucket(
    cloud: S3, bucket: str, undivided: Path, tmp_path: Path
) -> None:
    """An empty prefix, an object that is not there, missing and changed pictures."""
    with pytest.raises(DataError, match=rf"no data at s3://{bucket}/none/: no object"):
        dataset.load(f"s3://{bucket}/none")
    with pytest.raises(DataError, match=r"no data at s3://.*/none.zip: no such object"):
        dataset.load(f"s3://{bucket}/none.zip")
    url = upload(cloud, bucket, undivided, "photos")
    rows = [*rows_of(undivided, url), {"path": f"{url}ant/99.png", "label": "ant"}]
    with pytest.raises(DataError, match=r"names 1 file that is not there: s3://.*/ant/99\.png;"):
        dataset.load(csv_of(rows, tmp_path / "list.csv"))
    whole = dataset.load(url, "all")
    cloud.client.put_object(Bucket=bucket, Key="photos/10/00.png", Body=b"another")
    with pytest.raises(DataError, match=r"cannot use s3://.*/photos/10/00\.png: .*remove it"):
        whole.content(0)


def test_idx_files_in_a_bucket_are_refused(cloud: S3, bucket: str) -> None:
    """With the way out, where class folders would be missed."""
    for name in ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"):
        cloud.client.put_object(Bucket=bucket, Key=f"digits/{name}", Body=b"any")
    with pytest.raises(DataError, match="holds IDX files, which are read from a folder only"):
        dataset.load(f"s3://{bucket}/digits")


@pytest.mark.parametrize("form", ["zip", "tar", "tar.gz", "csv"])
def test_pictures_are_read_from_threads_and_elsewhere(
    undivided: Path, tmp_path: Path, form: str
) -> None:
    """Pickled, a data set says the same; threads do not disturb each other."""
    whole = dataset.load(FORMS[form](undivided, tmp_path), "all")
    copy: Dataset = pickle.loads(pickle.dumps(whole))
    wanted = [path.read_bytes() for path in sorted(files(undivided)) if path.suffix == ".png"]
    with ThreadPoolExecutor(8) as threads:
        for _ in range(5):
            assert list(threads.map(copy.content, range(len(copy)))) == wanted
    assert copy.images == whole.images


def test_other_processes_read_the_same_copy(undivided: Path, tmp_path: Path) -> None:
    """What was unpacked once, for this process, is there for those that it starts."""
    place = tarred(undivided, tmp_path / "p.tar.gz")
    whole = dataset.load(place, "all")
    assert dataset.load(place, "all").images == whole.images
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn) as process:
        assert process.submit(whole.digest).result() == whole.digest()


def test_a_picture_says_where_it_is(undivided: Path, tmp_path: Path) -> None:
    """For people, below the root, and by a cheap identity that is new when the file is."""
    (picture, *_) = dataset.load(undivided, "all").images
    assert str(picture) == str(undivided / "10" / "00.png")
    assert (picture.path, picture.name) == ("10/00.png", "00.png")
    (packed, *_) = dataset.load(zipped(undivided, tmp_path / "p.zip", "top"), "all").images
    assert (str(packed), packed.path) == (f"{tmp_path / 'p.zip'}: 10/00.png", "10/00.png")
    (undivided / "10" / "00.png").write_bytes(b"longer than it was" * 9)
    (again, *_) = dataset.load(undivided, "all").images
    assert again.path == picture.path
    assert again.identity != picture.identity


def test_headers_are_read_in_every_form(undivided: Path, tmp_path: Path) -> None:
    """Sizes and colours are found in an archive as in a folder."""
    packed = dataset.load(zipped(undivided, tmp_path / "p.zip"), "all")
    assert {(look.height, look.width, look.gray) for look in looks(packed)} == {(4, 3, True)}


def test_no_bytes_are_held(tmp_path: Path) -> None:
    """What lists an archive of 16 MB takes a fraction of it, and reading leaves nothing behind."""
    folder = tmp_path / "big"
    for label in ("a", "b"):
        (folder / label).mkdir(parents=True)
        for number in range(80):
            noise = np.random.default_rng(number).bytes(100_000)
            (folder / label / f"{number}.png").write_bytes(noise)
    for form in ("zip", "tar", "tar.gz"):
        place = FORMS[form](folder, tmp_path)
        tracemalloc.start()
        dataset.load(place, "all").digest()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        # Each thread that reads, 32 at most, holds one picture, packed and unpacked.
        assert peak < 10_000_000


def test_train_and_val_hold_a_test_part_out(tmp_path: Path) -> None:
    """Without a test part a fifth of training is held out; validation stays as it is."""
    root = write_parts(tmp_path, ("train", "val"))
    plain = dataset.source(root / "train")
    found = dataset.source(root)
    assert found.parts == ("train", "val")
    assert found.part("train").digest() == plain.part("train").digest()
    assert found.part("test").digest() == plain.part("test").digest()
    assert len(found.part("val")) == sum(COUNTS.values())
    assert np.asarray(found.part("val").pixels(0))[0, 0] == 200
