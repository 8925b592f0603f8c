"""Shards, alone and through the pipeline: whole ones, broken ones and hostile ones."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import threading
import tracemalloc
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as fuzzing
from hypothesis import strategies as st
from numpy.typing import NDArray

from litescore import batch, image, shards, store
from litescore.errors import PermanentError
from litescore.record import Subject
from litescore.scorer import Scorer
from litescore.settings import Settings
from tests.litescore.conftest import picture_bytes

PICTURES = {f"{name}/{n} é+%.png": picture_bytes(n) for n, name in enumerate(("a", "b", "../../c"))}
ARRAY = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)


def zip_of(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Files as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tar_of(files: Mapping[str, bytes], mode: str = "w") -> bytes:
    """Files as a tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def tar_gz_of(files: Mapping[str, bytes]) -> bytes:
    """Files as a tar.gz."""
    return tar_of(files, "w:gz")


def npz_of(**arrays: NDArray[np.generic]) -> bytes:
    """Arrays as a packed .npz."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def idx_of(array: NDArray[np.uint8]) -> bytes:
    """An array as IDX."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


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


ARCHIVES = [("s.zip", zip_of), ("s.tar", tar_of), ("s.tar.gz", tar_gz_of), ("S.TGZ", tar_gz_of)]
Pack = Callable[[Mapping[str, bytes]], bytes]


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
    assert contents("s.zip", buffer.getvalue()) == {"a.png": b"new"}


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
    found = contents("s.tar.gz", data)
    assert list(found) == [None]
    assert str(found[None]).startswith("too-large: ")


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


@pytest.fixture
def scorer(small_model: Path) -> Scorer:
    return Scorer(small_model, batch=4)


@pytest.mark.parametrize(("name", "pack"), ARCHIVES)
def test_members_score_as_files_do(name: str, pack: Pack, scorer: Scorer, tmp_path: Path) -> None:
    """Labels and order of single files; each member its own id under the shard's ETag."""
    files = {f"{n:02}.png": picture_bytes(n) for n in range(30)}
    for file, data in files.items():
        (tmp_path / file).write_bytes(data)
    alone = [o.record for o in batch.run([Subject(str(tmp_path / f)) for f in files], scorer)]
    shard = tmp_path / name
    shard.write_bytes(pack(files))
    found = list(batch.run([Subject(str(shard))], scorer))
    records = [outcome.record for outcome in found if outcome.record]
    assert [r.member for r in records] == list(files)
    assert [r.top for r in records] == [r.top for r in alone if r]
    assert {r.etag for r in records} == {store.file_etag(shard)}
    assert len({r.id for r in records}) == 30
    assert {outcome.asked for outcome in found} == {Subject(str(shard))}
    assert all(outcome.modified for outcome in found)


def test_arrays_score_as_files_do(scorer: Scorer, tmp_path: Path) -> None:
    """Pixels of another size go through the same resize as a file's."""
    tall = np.random.default_rng(1).integers(0, 256, (6, 40, 20, 3), np.uint8)
    path = tmp_path / "m.npz"
    path.write_bytes(npz_of(x_test=tall))
    records = [outcome.record for outcome in batch.run([Subject(str(path))], scorer)]
    tensors = np.stack([image.fit(one, scorer.contract) for one in tall])
    best = scorer.probabilities(tensors).argmax(axis=1)
    assert [r.label for r in records if r] == [scorer.contract.labels[n] for n in best]


def test_poison_inside_a_shard_and_shards_among_files(scorer: Scorer, tmp_path: Path) -> None:
    """Every image has its outcome, in order, whatever lies around it."""
    (tmp_path / "s.zip").write_bytes(zip_of({"bad.png": b"bad", "good.png": picture_bytes(1)}))
    (tmp_path / "cut.tar").write_bytes(tar_of(PICTURES)[:700])
    (tmp_path / "x.png").write_bytes(picture_bytes(2))
    names = ["x.png", "s.zip", "gone.zip", "cut.tar", "x.png"]
    found = [o.record for o in batch.run([Subject(str(tmp_path / n)) for n in names], scorer)]
    assert [(r.member, r.kind) for r in found if r] == [
        (None, None), ("bad.png", "unsupported"), ("good.png", None),
        (None, "gone"), (None, "corrupt"), (None, None),
    ]  # fmt: skip


def test_a_shard_above_the_limit_is_not_read(scorer: Scorer, tmp_path: Path) -> None:
    """LITESCORE_MAX_SHARD_BYTES is the shards'; LITESCORE_MAX_BYTES does not hold for them."""
    path = tmp_path / "s.zip"
    path.write_bytes(zip_of({f"{n}.png": picture_bytes(n) for n in range(9)}))
    size = path.stat().st_size
    ok = batch.run([Subject(str(path))], scorer, settings=Settings(max_bytes=size // 2))
    assert {o.record.status for o in ok if o.record} == {"scored"}
    small = Settings(max_shard_bytes=size - 1)
    (refused,) = batch.run([Subject(str(path))], scorer, settings=small)
    assert refused.record is not None
    assert (refused.record.kind, refused.record.member) == ("too-large", None)


def test_a_shard_that_ran_out_of_time_comes_back_whole(scorer: Scorer, tmp_path: Path) -> None:
    """What is under way is scored; the shard is handed back once, and what follows it too."""
    path = tmp_path / "s.zip"
    path.write_bytes(zip_of({f"{n}.png": picture_bytes(n) for n in range(200)}))
    asked = [Subject(str(path)), Subject(str(tmp_path / "other.zip"))]
    late = threading.Event()
    found = []
    one_thread = Settings(threads=1)
    for outcome in batch.run(asked, scorer, settings=one_thread, out_of_time=late.is_set):
        found.append(outcome)
        late.set()
    assert 0 < sum(o.record is not None for o in found) < 100
    assert [o.asked for o in found if o.retry] == asked


def test_few_members_are_unpacked_ahead(
    scorer: Scorer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many images a shard holds, a window of them is in memory. The function is wrapped to
    be counted, for nothing outside tells how far it is.
    """
    path = tmp_path / "s.npz"
    path.write_bytes(npz_of(x=np.zeros((3000, 4, 3), np.uint8)))
    taken, real = 0, shards.members

    def counted(*words: object) -> object:
        nonlocal taken
        for member in real(*words):  # type: ignore[arg-type]
            taken += 1
            yield member

    monkeypatch.setattr(shards, "members", counted)
    ahead = 0
    outcomes = batch.run([Subject(str(path))], scorer, settings=Settings(threads=2))
    for number, _ in enumerate(outcomes, 1):
        ahead = max(ahead, taken - number)
    assert number == taken == 3000
    assert ahead <= 8 * 2 * 2 + 4 * scorer.batch + 8
