"""Shards: whole ones, broken ones and hostile ones."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as fuzzing
from hypothesis import strategies as st

from litescore import shards
from litescore.errors import PermanentError
from litescore.settings import Settings
from litescore.shards import archives
from litescore.shards.member import Member
from tests.litescore.conftest import picture_bytes
from tests.litescore.packed import ARCHIVES, Pack, idx_of, npz_of, tar_gz_of, tar_of, zip_of

PICTURES = {f"{name}/{n} é+%.png": picture_bytes(n) for n, name in enumerate(("a", "b", "../../c"))}
ARRAY = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)


def contents(name: str, data: bytes, **limits: int) -> dict[str | None, object]:
    """Member -> bytes, pixels as a list, or `kind: reason`."""
    found: dict[str | None, object] = {}
    for member in shards.members(name, data, Settings(**limits)):  # type: ignore[arg-type]
        content = member.content
        found[member.name] = (
            content.tolist()
            if isinstance(content, np.ndarray)
            else str(content)
            if isinstance(content, PermanentError)
            else content
        )
    return found


@pytest.mark.parametrize(("name", "pack"), ARCHIVES)
def test_archives_give_their_pictures(name: str, pack: Pack) -> None:
    """In order and whole; what is no picture is left out, names that climb are only names."""
    others = {"labels.txt": b"a\nb", "a/.hidden.png": b"", "__MACOSX/a/0.png": b"", "a/0.json": b""}
    found = contents(name, pack(others | PICTURES))
    assert found == PICTURES
    assert list(found) == list(PICTURES)


def test_arrays_by_index() -> None:
    """Keras' names in .npz, whatever lies beside them; one array; IDX, packed or not."""
    rows = ARRAY.tolist()
    both = npz_of(y_test=np.arange(5), x_test=ARRAY, x_train=ARRAY[:1])
    assert contents("m.npz", both) == {
        **{f"x_test[{n}]": row for n, row in enumerate(rows)},
        "x_train[0]": rows[0],
    }
    one = npz_of(labels=np.arange(5, dtype=np.uint8), images=ARRAY)
    assert contents("m.npz", one) == {f"images[{n}]": row for n, row in enumerate(rows)}
    indexed = {str(n): row for n, row in enumerate(rows)}
    assert contents("t10k-images-idx3-ubyte", idx_of(ARRAY)) == indexed
    assert contents("t10k-images-idx3-ubyte.gz", gzip.compress(idx_of(ARRAY))) == indexed
    colored = np.repeat(ARRAY[..., None], 3, axis=3)
    assert contents("m.npz", npz_of(x=colored))["x[4]"] == colored[4].tolist()


def test_of_members_with_one_name_the_last_holds() -> None:
    """As it would on a disk: one record, not two with one id."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("a.png", b"old")
        archive.writestr("a.png", b"new")
    (held,) = shards.members("s.zip", buffer.getvalue(), Settings())
    assert held == Member("a.png", b"new")


@pytest.mark.parametrize(("name", "pack"), ARCHIVES)
def test_members_that_are_refused_stand_beside_others(name: str, pack: Pack) -> None:
    """Archives in archives, and what is too large, by its declared size."""
    inner = {"in.zip": zip_of(PICTURES), "in.tar.gz": b"x", "big.png": b"\0" * 3001, "ok.png": b"x"}
    assert contents(name, pack(inner), max_bytes=3000) == {
        "in.zip": "unsupported: an archive inside an archive: give it by itself",
        "in.tar.gz": "unsupported: an archive inside an archive: give it by itself",
        "big.png": "too-large: 3,001 bytes, the limit is 3,000",
        "ok.png": b"x",
    }


@pytest.mark.parametrize(("name", "pack"), ARCHIVES)
def test_bombs_are_not_unpacked(name: str, pack: Pack) -> None:
    """Four pictures of 20 MB of zeros each, packed to a thousandth: one refusal, little memory."""
    bomb = pack({f"{n}.png": bytes(20_000_000) for n in range(4)})
    limits = {"max_bytes": 2**20, "max_shard_bytes": 50_000_000}
    tracemalloc.start()
    found = contents(name, bomb, **limits)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert str(found[None]).startswith("too-large: unpacks to more than ")
    assert peak < 8_000_000
    assert not any(isinstance(content, bytes) for content in found.values())


def test_what_is_passed_over_is_not_unpacked_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text of 60 MB beside pictures, above the limit. The stream is watched, for only the time
    would tell that it was unpacked to the end.
    """
    furthest = 0

    class Watched(gzip.GzipFile):
        def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
            nonlocal furthest
            furthest = max(furthest, offset)
            return super().seek(offset, whence)

    monkeypatch.setattr(archives, "ungzipped", lambda data: Watched(fileobj=io.BytesIO(data)))
    data = tar_gz_of({"a.txt": bytes(1000), "b.txt": bytes(60_000_000), **PICTURES})
    found = contents("s.tar.gz", data, max_shard_bytes=10**6)
    assert str(found[None]).startswith("too-large: ")
    assert 0 < furthest < 10**6


@pytest.mark.parametrize(("name", "pack"), ARCHIVES)
def test_no_images_pack_to_a_two_hundredth(name: str, pack: Pack) -> None:
    """Within the limit of a shard, yet out of proportion; a plain tar is not packed."""
    found = contents(name, pack({"0.txt": bytes(60_000_000), **PICTURES}), max_bytes=10**6)
    if name == "s.tar":
        assert found == PICTURES
    else:
        assert str(found[None]).startswith("too-large: unpacks to more than ")


def test_entries_of_a_tar_are_not_kept() -> None:
    """Five thousand of them, of a kilobyte each in memory."""
    data = tar_of({f"{n}.txt": b"" for n in range(5000)} | PICTURES)
    tracemalloc.start()
    assert len(contents("s.tar", data)) == len(PICTURES)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000


def test_a_zip_that_lies_about_a_size() -> None:
    """Declared as 100 bytes, 50 million inside: corrupt, without the 50 million."""
    packed = bytearray(zip_of({"a.png": bytes(50_000_000), "b.png": b"good"}))
    for place, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", packed, packed.index(place) + offset, 100)
    tracemalloc.start()
    found = contents("s.zip", bytes(packed))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert str(found["a.png"]).startswith("corrupt: BadZipFile: Bad CRC-32")
    assert found["b.png"] == b"good"
    assert peak < 8_000_000


def test_arrays_that_unpack_to_too_much() -> None:
    """Said by their headers, before a row is read."""
    zeros = np.zeros((3000, 100, 100), np.uint8)
    refused = {None: "too-large: unpacks to more than 1,000,000 bytes"}
    assert contents("m.npz", npz_of(x_test=zeros), max_shard_bytes=10**6) == refused
    packed = gzip.compress(idx_of(zeros))
    assert contents("a-idx3-ubyte.gz", packed, max_shard_bytes=10**6) == refused
    assert contents("a-idx3-ubyte", idx_of(zeros), max_pixels=9999) == {
        None: "too-large: 100 x 100 pixels, of 9,999 in all"
    }


def test_headers_that_ask_for_gigabytes() -> None:
    """A tar whose long name is 300 MB of zeros."""
    entry = tarfile.TarInfo("././@LongLink")
    entry.type, entry.size = tarfile.GNUTYPE_LONGNAME, 300_000_000
    data = gzip.compress(entry.tobuf(tarfile.GNU_FORMAT) + bytes(300_000_512), compresslevel=1)
    tracemalloc.start()
    found = contents("s.tar.gz", data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30_000_000
    assert list(found) == [None]
    assert str(found[None]).startswith("too-large: ")


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE, holes: int = 0) -> bytes:
    """A tar header by hand: a size may be negative, holes are bytes of a sparse file's end."""
    data = bytearray(tarfile.TarInfo(name).tobuf(tarfile.GNU_FORMAT))
    data[156:157] = kind
    data[124:136] = size.to_bytes(12, "big", signed=True) if size < 0 else b"%011o\0" % size
    if holes:
        data[386:410] = b"%011o\0%011o\0" % (holes, 0)
        data[483:495] = b"%011o\0" % holes
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data)
    return bytes(data)


@pytest.mark.parametrize("name", ["a.txt", "a.png", "a.zip"])
@pytest.mark.parametrize("size", [-1, -512, -1024, -(2**40)])
def test_a_tar_that_leads_backwards(name: str, size: int) -> None:
    """A member of less than no bytes, which Python's tarfile read for ever until 2025."""
    data = header("ok.txt", 0) + header(name, size) + header("b.txt", 0) + bytes(10240)
    found = contents("s.tar", data)
    assert list(found) == [None]
    assert str(found[None]).startswith("corrupt: ")


def test_holes_in_a_tar_are_not_filled() -> None:
    """Twenty kilobytes stand for 1.2 gigabytes of zeros: each member is refused by itself."""
    sparse = [header(f"{n}.png", 0, tarfile.GNUTYPE_SPARSE, 60_000_000) for n in range(20)]
    found = contents("s.tar", b"".join(sparse) + tar_of({"b.png": b"good"}))
    assert found.pop("b.png") == b"good"
    assert set(found.values()) == {"unsupported: a file with holes: pack it without --sparse"}
    assert len(found) == 20


def test_encrypted_and_oddly_packed_members() -> None:
    """A zip with a password, and one packed by LZMA: each member fails alone."""
    data = bytearray(zip_of({"a.png": b"secret", "b.png": b"open"}))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert contents("s.zip", bytes(data)) == {
        "a.png": "unsupported: encrypted: pack it without a password",
        "b.png": b"open",
    }
    found = contents("s.zip", zip_of({"a.png": b"x"}, zipfile.ZIP_LZMA))
    assert found == {"a.png": "unsupported: packed by another method than deflate"}


@pytest.mark.parametrize(
    ("name", "data"),
    [(name, pack(PICTURES)) for name, pack in ARCHIVES]
    + [
        ("m.npz", npz_of(x_test=ARRAY)),
        ("a-idx3-ubyte", idx_of(ARRAY)),
        ("a-idx3-ubyte.gz", gzip.compress(idx_of(ARRAY))),
    ],
)
@pytest.mark.parametrize("share", [0, 0.3, 0.6, 0.95])
def test_a_shard_cut_short_is_told(name: str, data: bytes, share: float) -> None:
    """Whatever came before the cut, the shard itself fails; nothing whole is invented."""
    cut = data[: int(len(data) * share)]
    if name == "s.tar" and share == 0.95:
        return  # in the zeros behind the end mark
    found = contents(name, cut)
    assert str(found.pop(None)).startswith(("corrupt: ", "unsupported: no images"))
    assert found.items() <= contents(name, data).items()


def test_a_tar_whose_second_header_is_broken() -> None:
    """tarfile ends there as if all were well; the shard has a record that says it is not."""
    data = bytearray(tar_of({"a.png": b"a", "b.png": b"b"}))
    data[data.index(b"b.png") + 148] ^= 0xFF
    found = contents("s.tar", bytes(data))
    assert list(found) == ["a.png", None]
    assert str(found[None]).startswith("corrupt: a broken header")


def test_a_gzip_whose_checksum_is_wrong() -> None:
    """It stands behind all members: they are told, and that the shard is not what was packed."""
    data = bytearray(tar_gz_of({**PICTURES, "text": bytes(200_000)}))
    data[-8] ^= 0xFF
    found = contents("s.tar.gz", bytes(data))
    assert found.keys() == {*PICTURES, None}
    assert str(found[None]).startswith("corrupt: BadGzipFile: CRC check failed")


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("s.zip", zip_of({}), "unsupported: no images inside"),
        ("s.tar", tar_of({"a.txt": b""}), "unsupported: no images inside"),
        ("s.zip", b"no zip", "corrupt: BadZipFile"),
        ("m.npz", npz_of(y_test=np.arange(3)), "unsupported: no images inside"),
        (
            "m.npz",
            npz_of(x_test=np.zeros((2, 4, 3))),
            "unsupported: x_test.npy is float64[2, 4, 3]",
        ),
        ("m.npz", npz_of(x_test=np.zeros(3, np.uint8)), "unsupported: uint8[3] is not"),
        ("m.npz", npz_of(x_test=np.array([{}])), "unsupported: x_test.npy is object[1]"),
        ("m.npz", npz_of(x_test=np.asfortranarray(ARRAY)), "unsupported: x_test.npy is uint8[5, 4"),
        ("a-idx3-ubyte", b"\0\0\x0d\x03" + bytes(12), "unsupported: not an IDX file"),
        ("a-idx3-ubyte", idx_of(ARRAY) + b"!", "corrupt: more bytes than uint8[5, 4, 3]"),
        ("a-idx3-ubyte", idx_of(np.zeros((2, 0, 3), np.uint8)), "too-large: 3 x 0 pixels"),
    ],
)
def test_shards_without_images(name: str, data: bytes, why: str) -> None:
    """The shard itself has the one record that says why."""
    assert str(contents(name, data)[None]).startswith(why)


@pytest.mark.parametrize("name", ["s.zip", "s.tar", "s.tar.gz", "m.npz", "a-idx3-ubyte.gz"])
@given(data=st.data())
@fuzzing(max_examples=60, deadline=None)
def test_bytes_of_any_sort(name: str, data: st.DataObject) -> None:
    """Noise, and whole shards with a few bytes changed: members or refusals, nothing else."""
    whole = bytearray(WHOLE[name])
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        whole[place] = data.draw(st.integers(0, 255))
    noise = data.draw(st.binary(max_size=40))
    assert contents(name, bytes(whole))
    assert contents(name, noise)


WHOLE = {name: pack(PICTURES) for name, pack in ARCHIVES} | {
    "m.npz": npz_of(x_test=ARRAY),
    "a-idx3-ubyte.gz": gzip.compress(idx_of(ARRAY)),
}


@pytest.mark.parametrize(
    "name", ["a.zip", "A.TAR", "b.tar.gz", "c.npz", "t10k-images-idx3-ubyte.gz"]
)
def test_names_of_shards(name: str) -> None:
    """The name alone says it."""
    assert shards.is_shard(f"s3://b/deep/{name}")
    assert not shards.is_shard(f"s3://b/{name}/x.png")
