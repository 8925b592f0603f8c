"""Shards that are made to harm: bombs, lies about sizes, holes, members that lead backwards."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import tracemalloc

import numpy as np
import pytest

from litescore.shards import archives
from tests.litescore.packed import ARCHIVES, Pack, idx_of, npz_of, tar_gz_of, tar_of, zip_of
from tests.litescore.unpacked import PICTURES, contents


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
