"""What goes wrong with decoded images on disk: damage, processes that end or wait, a full disk."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from litescore import dataset
from litescore.dataset import Dataset
from litescore.errors import ConfigurationError, DataError
from tests.trainer.cached import HELD, pixels_of, said_of
from tests.trainer.pictures import photograph, write_folder
from trainer.images import cache, decoding, entry, workers

ROOT = Path(__file__).parents[2]


def flip(path: Path, place: int, bit: int = 0) -> None:
    with path.open("r+b") as file:
        file.seek(place, os.SEEK_END if place < 0 else os.SEEK_SET)
        (value,) = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([value ^ 1 << bit]))


DAMAGES = {
    "a bit of an image": (lambda path: flip(path, -1), "decoding 1 of 48 images again"),
    "a bit of a digest": (lambda path: flip(path.with_name("rows.npy"), -20), "decoding 1 of 48"),
    "a bit of the header": (lambda path: flip(path, 1), "decoding 48 of 48"),
    "an end that is missing": (lambda path: os.truncate(path, 9000), "decoding 48 of 48"),
    "a file that is missing": (lambda path: path.with_name("rows.npy").unlink(), "48 of 48"),
    "a file that is empty": (lambda path: path.write_bytes(b""), "decoding 48 of 48"),
}


@pytest.mark.parametrize("damage", list(DAMAGES))
def test_a_damaged_entry_is_mended(photos: Dataset, tmp_path: Path, damage: str) -> None:
    """It is never believed; only what is damaged is decoded again, and a line says so."""
    root = tmp_path / "cache"
    assert said_of(photos, root) == []
    do, words = DAMAGES[damage]
    do(pixels_of(root))
    (said,) = said_of(photos, root)
    assert "is damaged" in said
    assert words in said
    assert said_of(photos, root) == []


def test_a_header_may_say_anything(photos: Dataset, tmp_path: Path) -> None:
    """Whichever of its bits is turned: it is no entry, or has the pixels that were there."""
    held = cache.tensors(photos, HELD, root=tmp_path)
    folder, digests = pixels_of(tmp_path).parent, np.load(pixels_of(tmp_path).with_name("rows.npy"))
    for place in range(0, 8 * 128, 5):
        flip(folder / "pixels.npy", place // 8, place % 8)
        good = entry.good(folder, digests["digest"], held.shape)
        assert not good.any() or (entry.mapped(folder) == held).all()
        flip(folder / "pixels.npy", place // 8, place % 8)
    assert entry.good(folder, digests["digest"], held.shape).all()


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux tells what is open")
@pytest.mark.parametrize("damaged", [False, True])
def test_no_file_is_open_when_its_folder_gets_another_name(
    photos: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damaged: bool
) -> None:
    """Windows refuses it: neither when an entry is whole, nor when one is taken apart."""
    root, fds, rename = tmp_path / "cache", Path("/proc/self/fd"), Path.rename
    renamed: list[Path] = []
    if damaged:
        cache.tensors(photos, HELD, root=root)
        flip(pixels_of(root), -1)

    def watched(self: Path, target: Path) -> Path:
        renamed.append(self)
        opened = [str(one.readlink()) for one in fds.iterdir() if one.is_symlink()]
        maps = Path("/proc/self/maps").read_text().splitlines()
        assert not [one for one in (*opened, *maps) if f"{self}/" in one]
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", watched)
    cache.tensors(photos, HELD, root=root)
    assert len(renamed) == 1 + damaged


def test_pictures_that_cannot_be_decoded_are_all_named(photos: Dataset, tmp_path: Path) -> None:
    """And what can be is kept for when they are mended or gone."""
    for index in (3, 40):
        # Of a JPEG the header is read at first.
        photograph("red", index, (64, 64)).save(held := io.BytesIO(), "JPEG")
        Path(photos.where(index)).write_bytes(held.getvalue()[:-300])
    with pytest.raises(DataError, match=r"\.png.*; .*\.png"):
        cache.tensors(photos, HELD, root=tmp_path / "cache")
    whole = [index for index in range(48) if index not in (3, 40)]
    said: list[str] = []
    cache.tensors(
        photos.take(whole), HELD, root=tmp_path / "cache", watch=lambda d, *_: said.append(d)
    )
    assert "decoding" not in said
    assert not list((tmp_path / "cache").rglob("*.part"))


@contextmanager
def building(source: Path, root: Path, *few: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has decoded its first lot and waits for a line (see tests.trainer.cached)."""
    command = [sys.executable, "-m", "tests.trainer.cached", str(source), str(root), *few]
    pipe, alone = subprocess.PIPE, hasattr(os, "killpg")
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=pipe,
        stdout=pipe,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=alone,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline().strip().isdigit()
        try:
            yield child
        except BaseException:
            os.killpg(child.pid, signal.SIGKILL) if alone else child.kill()
            raise


def test_builders_of_one_entry_wait_for_each_other(colors: Path, tmp_path: Path) -> None:
    """The second one takes what the first has made, and no lock is left."""
    root, data = tmp_path / "cache", dataset.load(colors, "all")
    said: list[str] = []
    watched: list[str] = []
    with building(colors, root) as first:

        def go_on(words: str) -> None:
            said.append(words)
            assert first.stdin is not None
            first.stdin.close()

        watch = lambda doing, *_: watched.append(doing)  # noqa: E731
        held = cache.tensors(data, HELD, root=root, say=go_on, watch=watch)
    assert first.returncode == 0
    assert said == ["waiting for another process that decodes colors"]
    assert "decoding" not in watched
    np.testing.assert_array_equal(held, data.tensors(HELD))
    assert not list(root.rglob("*.lock"))


@pytest.mark.parametrize("by", ["SIGKILL", "SIGINT"])
@pytest.mark.skipif(not hasattr(os, "killpg"), reason="Windows has neither signal")
def test_a_process_that_ends_half_way(tmp_path: Path, by: str) -> None:
    """Its workers end too; the next one goes on from what it did."""
    root = tmp_path / "cache"
    data = dataset.load(write_folder(tmp_path / "many", {"red": 80, "blue": 80}), "all")
    with building(tmp_path / "many", root, "0") as child:
        if by == "SIGINT":
            os.killpg(child.pid, signal.SIGINT)
        else:
            child.kill()
        # To the end, which is there once every worker has closed it, too.
        said, _ = child.communicate(timeout=60)
    assert said.count("Traceback") == (by == "SIGINT")
    (unfinished,) = root.glob("*/*.part")
    counts: list[int] = []
    held = cache.tensors(
        data, HELD, root=root, watch=lambda d, n, _: counts.append(n) if d == "decoding" else None
    )
    assert counts[0] > 32  # more than the first lot: something was there
    np.testing.assert_array_equal(held, data.tensors(HELD))
    assert not unfinished.exists()


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows blocks no signals")
def test_ctrl_c_while_workers_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tells nothing of them: they are born with it blocked, and the calling process still hears it."""
    monkeypatch.setattr(workers, "FEW", 0)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    with workers.workers(1, 1) as shared:
        (blocked,) = shared.run(signal.pthread_sigmask, [(signal.SIG_BLOCK, ())])
    assert signal.SIGINT in blocked
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before


def test_a_folder_that_cannot_be_written(photos: Dataset, tmp_path: Path) -> None:
    """Is named, with the way out."""
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError, match=r"cannot keep .*file.*name another.*--cache"):
        cache.tensors(photos, HELD, root=tmp_path / "file" / "cache")


@contextmanager
def files_of(most: int) -> Iterator[None]:
    """No file may be larger."""
    resource = pytest.importorskip("resource", reason="only POSIX limits a file's size")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_disk_that_fills_up(photos: Dataset, tmp_path: Path) -> None:
    """Where no room could be taken beforehand, as on macOS."""
    digests = np.stack([np.frombuffer(sha256(photos.content(n)).digest(), "u1") for n in range(48)])
    making = entry.Unfinished(tmp_path, digests, (48, 24, 20, 3))
    lot = (photos, digests, np.arange(48), HELD, making.path, making.offset)
    refused = pytest.raises(ConfigurationError, match=r"cannot write decoded .*large; .*--cache")
    with files_of(20_000), refused:
        decoding.decode(*lot)
    assert len(decoding.decode(*lot).rows) == 48


def test_a_disk_that_takes_no_more(photos: Dataset, tmp_path: Path) -> None:
    """Where nobody could predict it: a limit on a file's size stands for a full disk, which only
    root could make.
    """
    refused = pytest.raises(ConfigurationError, match=r"cannot keep decoded images.*--cache")
    with files_of(20_000), refused:
        cache.tensors(photos, HELD, root=tmp_path / "cache")
    assert len(cache.tensors(photos, HELD, root=tmp_path / "cache")) == 48


def test_rows_are_read_by_digest_and_sum_only(tmp_path: Path) -> None:
    """Pixels that agree with no checksum are nobody's."""
    digests = np.arange(64, dtype=np.uint8).reshape(2, 32)
    making = entry.Unfinished(tmp_path / "e", digests, (2, 1, 2, 1))
    with making.path.open("r+b", buffering=0) as file:
        total = entry.write(file, making.offset, 1, np.full((1, 2, 1), 7, np.uint8))
    making.note([1], [total])
    assert entry.good(tmp_path / "e", digests, (2, 1, 2, 1)).tolist() == [False, True]
    assert not entry.good(tmp_path / "e", digests[::-1], (2, 1, 2, 1)).any()
    assert not entry.good(tmp_path / "e", digests, (2, 2, 1, 1)).any()
