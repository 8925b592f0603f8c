"""Archives and folders that cannot be used: one line that names file, value and fix."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from litescore import dataset
from litescore.errors import DataError
from tests.litescore.conftest import Say
from tests.litescore.labelled import (
    refused,
    tarred,
    write_classes,
    write_parts,
    zipped,
)
from tests.litescore.packed import ARCHIVES, Pack
from tests.rig.full import full

# Prints how many images there are, or why they cannot be used.
_LOAD = """
import sys
from litescore import dataset, errors
try:
    print(len(dataset.load(sys.argv[1], "all")))
except errors.ConfigurationError as error:
    print(error)
"""
ONE = {"ant/0.png": b"a", "bee/0.png": b"b", "bee/1.png": b"c"}


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Class folders."""
    return write_classes(tmp_path / "photos")


@pytest.mark.parametrize(("name", "pack"), ARCHIVES)
@pytest.mark.parametrize("member", ["../up.png", "/root.png", "ant/../../up.png", "C:/up.png"])
def test_members_that_lead_out(tmp_path: Path, name: str, pack: Pack, member: str) -> None:
    """Nothing is ever written there; such an archive is not believed in anything else either."""
    place = tmp_path / name
    place.write_bytes(pack(ONE | {member: b"x"}))
    refused(place, f"member '{re.escape(member)}' leads out of the archive: leave it out")


def test_two_members_of_one_name(tmp_path: Path) -> None:
    """Which of them is meant nobody can say."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ONE:
            archive.writestr(name, b"x")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("bee/1.png", b"x")
    refused(tmp_path / "a.zip", r"two members are called 'bee/1\.png': leave one out")
    with tarfile.open(tmp_path / "a.tar", "w") as packed:
        for name in (*ONE, "./bee/1.png"):
            packed.addfile(tarfile.TarInfo(name), io.BytesIO())
    refused(tmp_path / "a.tar", r"two members are called 'bee/1\.png': leave one out")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_links_in_a_tar(tmp_path: Path, kind: bytes) -> None:
    """Of either sort."""
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        entry = tarfile.TarInfo("ant/0.png")
        entry.type, entry.linkname = kind, "/etc/passwd"
        archive.addfile(entry)
    refused(tmp_path / "a.tar", r"member 'ant/0\.png' is a link: pack the file itself")


def test_links_in_a_zip(tmp_path: Path) -> None:
    """Whose text would be the picture."""
    entry = zipfile.ZipInfo("ant/0.png")
    entry.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(entry, "/etc/passwd")
    refused(tmp_path / "a.zip", r"member 'ant/0\.png' is a link: pack the file itself")


def test_members_that_are_too_large(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Named with the setting that bounds them."""
    monkeypatch.setenv("LITESCORE_MAX_BYTES", "20")
    for place in (zipped(photos, tmp_path / "a.zip"), tarred(photos, tmp_path / "a.tar")):
        refused(place, r"member '.*\.png' has \d\d bytes, LITESCORE_MAX_BYTES is 20")


def test_odd_packing(photos: Path, tmp_path: Path) -> None:
    """What zip can do and no one needs."""
    place = tmp_path / "a.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("ant/0.png", b"x" * 100)
    refused(place, r"member 'ant/0\.png' is packed by another method than deflate: pack it again")
    data = bytearray(zipped(photos, place).read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    place.write_bytes(data)
    refused(place, "is encrypted: pack it without a password")
    for name in ("a.7z", "a.tar.bz2", "a.json", "a.rar"):
        (tmp_path / name).write_bytes(b"x")
        refused(tmp_path / name, r"is no file of images that is read: give a folder, \.zip, \.tar")


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_broken_archives(photos: Path, tmp_path: Path, name: str) -> None:
    """Cut short, or something else altogether."""
    make: Callable[[Path, Path], Path] = zipped if name.endswith("zip") else tarred
    whole = make(photos, tmp_path / name).read_bytes()
    for data in (whole[: len(whole) // 2], b"no archive" * 200, b""):
        (tmp_path / name).write_bytes(data)
        refused(tmp_path / name, f"cannot use .*{name}: ")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_broken_member_is_named(tmp_path: Path, method: int) -> None:
    """When it is read: its checksum is wrong, or the archive is another by now."""
    place = tmp_path / "a.zip"
    with zipfile.ZipFile(place, "w", method) as archive:
        for name in ONE:
            archive.writestr(name, b"some bytes" * 40)
    data = bytearray(place.read_bytes())
    data[50] ^= 1
    place.write_bytes(data)
    whole = dataset.load(place, "all")
    assert whole.content(1) == b"some bytes" * 40
    with pytest.raises(
        DataError, match=r"cannot use .*a\.zip: ant/0\.png: .*pack the archive again"
    ):
        whole.content(0)
    place.write_bytes(data + b"x")
    with pytest.raises(DataError, match=r"a\.zip was changed after it was listed: start again"):
        whole.content(1)


def test_a_lying_size_unpacks_no_further(tmp_path: Path) -> None:
    """A member that unpacks to more than it says stops a byte behind that."""
    place = tmp_path / "a.zip"
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ONE:
            archive.writestr(name, bytes(1_000_000))
    data = bytearray(place.read_bytes())
    data[data.index(b"PK\x01\x02") + 24 :][:4] = b""
    at = data.index(b"PK\x01\x02") + 24
    data = bytearray(place.read_bytes())
    data[at : at + 4] = (2000).to_bytes(4, "little")
    place.write_bytes(data)
    with pytest.raises(DataError, match=r"ant/0\.png: corrupt: its checksum is wrong"):
        dataset.load(place, "all").content(0)


def test_a_gzip_bomb(tmp_path: Path) -> None:
    """No pictures unpack to so much; the copy ends there."""
    place = tmp_path / "a.tar.gz"
    with tarfile.open(place, "w:gz") as archive:
        entry = tarfile.TarInfo("ant/0.png")
        entry.size = 40_000_000
        archive.addfile(entry, io.BytesIO(bytes(entry.size)))
    refused(place, r"unpacks to more than [\d,]+ bytes")


def test_a_full_disk(photos: Path, tmp_path: Path) -> None:
    """What has to be copied says where to, and how to name another place; what need not be is read."""
    (tmp_path / "full").mkdir()
    cramped = full(tmp_path / "full")
    places = (tarred(photos, tmp_path / "a.tgz"), zipped(photos, tmp_path / "a.zip"))
    done = [
        subprocess.run(
            [*cramped, sys.executable, "-c", _LOAD, place], capture_output=True, text=True
        )
        for place in places
    ]
    assert re.search(r"cannot copy \S+a\.tgz into the temporary folder: .*TMPDIR", done[0].stdout)
    assert done[1].stdout == "26\n"


def test_an_empty_class_in_an_archive(photos: Path, tmp_path: Path) -> None:
    """Where the archive names its folder."""
    place = zipped(photos, tmp_path / "a.zip")
    with zipfile.ZipFile(place, "a") as archive:
        archive.writestr("dog/", b"")
    refused(place, r"a\.zip/dog holds no images \(\.jpg, ")


def test_parts_by_other_names(tmp_path: Path) -> None:
    """`validation` beside `train` would be passed over in silence."""
    root = write_parts(tmp_path, ("train", "validation", "test"))
    refused(root, "has a folder 'validation' beside train, test: call it 'val', or take it away")


def test_what_is_left_out_is_told(photos: Path, tmp_path: Path) -> None:
    """Files that are not named like pictures, and pictures in no class folder, in any source."""
    for name in (
        "ant/notes.txt",
        "7/deep/a.pdf",
        "7/b.heic",
        "7/c.heic",
        "README",
        "ant/.DS_Store",
    ):
        (photos / name).write_bytes(b"x")
    (photos / "loose.png").write_bytes(b"x")
    wanted = (
        "4 files are left out, not named like pictures (.jpg, .jpeg, .png, ...): 7/b.heic, "
        "7/c.heic, 7/deep/a.pdf, ...",
        "1 file is left out, in no class folder: loose.png",
    )
    assert dataset.load(photos).notes == wanted
    assert dataset.load(zipped(photos, tmp_path / "a.zip"), "test").notes == wanted


def test_a_folder_that_may_not_be_listed(photos: Path, tmp_path: Path) -> None:
    """A class that vanishes would be worse than an error."""
    (photos / "ant" / "loop").symlink_to(photos)
    assert len(dataset.load(photos, "all")) > 0
    (photos / "ant" / "loop").unlink()
    (photos / "ant" / "gone.png").symlink_to(tmp_path / "nowhere.png")
    whole = dataset.load(photos, "all")
    number = [str(one).endswith("gone.png") for one in whole.images].index(True)
    with pytest.raises(DataError, match=r"cannot use .*gone\.png: .*; remove it or mend it"):
        whole.content(number)


def test_the_command_tells_what_is_left_out(small_model: Path, tmp_path: Path, say: Say) -> None:
    """`evaluate` of a zip: on standard error, so that --json stays JSON."""
    folder = write_classes(tmp_path / "p", {"ant": 5, "bee": 5, "cat": 5})
    (folder / "ant" / "a.heic").write_bytes(b"x")
    said = say("evaluate", small_model, "--data", zipped(folder, tmp_path / "p.zip"), "--json")
    assert said.code == 0
    assert said.err == (
        "1 file is left out, not named like pictures (.jpg, .jpeg, .png, ...): ant/a.heic\n"
    )
