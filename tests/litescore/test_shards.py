"""Shards: whole ones, broken ones and such as hold nothing."""

from __future__ import annotations

import gzip
import io
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as fuzzing
from hypothesis import strategies as st

from litescore import shards
from litescore.settings import Settings
from litescore.shards.member import Member
from tests.litescore.packed import ARCHIVES, Pack, idx_of, npz_of, tar_gz_of, tar_of, zip_of
from tests.litescore.unpacked import ARRAY, PICTURES, contents


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
