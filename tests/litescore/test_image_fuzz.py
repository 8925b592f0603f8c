"""Damaged and hostile bytes, on the way that batch scoring takes: a tensor, a refusal of a known
kind, or (of shards) members that are either; within bounds of time and memory.
"""

from __future__ import annotations

import gzip
import io
import resource
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as fuzzing
from hypothesis import strategies as st
from PIL import Image

from litescore import image, shards
from litescore.contract import JPEGS, RESIZES, Contract
from litescore.errors import PermanentError
from litescore.image import PixelBudget
from litescore.settings import Settings
from litescore.view import WHOLE, View
from tests.litescore.packed import ARCHIVES, idx_of, npz_of
from tests.litescore.pictures import DEEP, FORMATS, chunk, encode, photograph, tiled

# litescore.image sees to both; pytest sets filters of its own.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning:PIL"),
    pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning"),
]

KINDS = {"corrupt", "unsupported", "too-large"}
# A few pixels more than PICTURE has: one that a changed number makes larger is refused.
LIMITS = Settings(max_pixels=6_000, max_bytes=2**20, max_shard_bytes=2**24)
# What one example may take: a thousand times what it does, and what the C library reserves ahead.
DEADLINE = timedelta(seconds=5)
ROOM = 400 * 2**20

PICTURE = photograph(97, 61)
TURNED = Image.Exif()
TURNED[0x0112] = 6
PICTURES = {kind: encode(PICTURE, kind) for kind in FORMATS} | {
    "progressive": encode(PICTURE, "JPEG", progressive=True, exif=TURNED),
    "cmyk": encode(PICTURE.convert("CMYK"), "JPEG"),
    "mpo": encode(PICTURE, "MPO", save_all=True, append_images=[PICTURE]),
    "palette": encode(PICTURE.quantize(16), transparency=bytes(16)),
    "deep": encode(Image.fromarray(DEEP)),
    "apng": encode(PICTURE, save_all=True, append_images=[PICTURE.rotate(90)]),
    "gif": encode(PICTURE, "GIF", save_all=True, append_images=[PICTURE.rotate(90)]),
    "webp": encode(PICTURE, "WEBP", save_all=True, append_images=[PICTURE.rotate(90)]),
    "lossless": encode(PICTURE, "WEBP", lossless=True),
    "bitmap": encode(PICTURE.quantize(16), "BMP"),
    "plain": b"P3 2 2 255 " + b" ".join(b"%d" % n for n in range(12)),
    "bits": b"P1 4 2 1 0 1 0 1 1 0 1",
    "big tiff": encode(PICTURE, "TIFF", big_tiff=True),
    "tiles": tiled("<", False, (16,)),
} | {
    name: encode(PICTURE.convert("1" if name == "group4" else "RGB"), "TIFF", compression=name)
    for name in ("tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits", "group4")
}  # fmt: skip
FILES = {f"{n}/{kind}.png": data for n, (kind, data) in enumerate(PICTURES.items()) if n < 6}
STACK = np.random.default_rng(0).integers(0, 256, (7, 12, 9), np.uint8)
SHARDS = {name: pack(FILES) for name, pack in ARCHIVES} | {
    "m.npz": npz_of(x_train=STACK, y_train=np.arange(7)),
    "a-idx3-ubyte": idx_of(STACK),
    "a-idx4-ubyte.gz": gzip.compress(idx_of(np.repeat(STACK[..., None], 3, 3))),
}
# Numbers that sizes and offsets overflow at.
EDGES = (
    b"\0", b"\0\0\0\0", b"\xff\xff", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f",
    b"\x80\0\0\0", b"\0\0\0\x80", b"\0\x40", b"\x40\0", b"\xff" * 8,
)  # fmt: skip
CONTRACTS = [
    Contract(("a", "b"), color, 8, 8, resize=resize, jpeg=jpeg, view=view)
    for color in ("rgb", "gray")
    for resize in RESIZES
    for jpeg in JPEGS
    for view in (WHOLE, View(90, True, (0.1, 0.2, 0.7, 0.3), True))
]


@st.composite
def damaged(draw: st.DrawFn, whole: dict[str, bytes]) -> tuple[str, bytes]:
    """A name, and its bytes after some harm: changed, cut, left out, doubled, or gone over into
    those of another.
    """
    name = draw(st.sampled_from(sorted(whole)))
    data = bytearray(whole[name])
    for _ in range(draw(st.integers(0, 4))):
        # Half of it in the head, where the sizes are.
        last = max(0, len(data) - 1)
        at = draw(st.integers(0, min(last, 300)) | st.integers(0, last))
        what = draw(st.integers(0, 5))
        if what == 0:
            data[at : at + 1] = draw(st.binary(min_size=1, max_size=4))
        elif what == 1:
            edge = draw(st.sampled_from(EDGES))
            data[at : at + len(edge)] = edge
        elif what == 2:
            del data[at:]
        elif what == 3:
            del data[at : at + draw(st.integers(1, 64))]
        elif what == 4:
            data[at:at] = data[at : at + draw(st.integers(1, 64))]
        else:
            other = whole[draw(st.sampled_from(sorted(whole)))]
            data[at:] = other[draw(st.integers(0, len(other))) :]
    return name, bytes(data)


@contextmanager
def little_memory() -> Iterator[None]:
    """The process gets no more than ROOM beside what it has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def outcome(data: bytes, contract: Contract) -> str:
    """`ok` or the kind of refusal; anything else comes out, and so does a lack of memory."""
    budget, refused = PixelBudget(LIMITS.max_pixels), None
    try:
        with little_memory():
            tensor = image.decode_to_tensor(
                data,
                contract,
                budget=budget,
                max_pixels=LIMITS.max_pixels,
                max_bytes=LIMITS.max_bytes,
            )
    except PermanentError as error:
        refused = error
    if refused is not None:
        return checked(refused)
    assert (tensor.shape, tensor.dtype) == ((8, 8, contract.channels), np.uint8)
    with Image.open(io.BytesIO(data)) as picture:
        assert picture.width * picture.height <= LIMITS.max_pixels
    return "ok"


def checked(refused: PermanentError) -> str:
    """Its kind, if it is one that a user can do something about."""
    assert refused.kind in KINDS
    assert "memory" not in refused.reason.lower()
    assert "\n" not in refused.reason
    return refused.kind


fuzzed = fuzzing(deadline=DEADLINE, suppress_health_check=[HealthCheck.data_too_large])


@pytest.mark.parametrize("kind", PICTURES)
def test_whole_pictures_are_read(kind: str) -> None:
    """What is damaged below is read when it is not."""
    assert {outcome(PICTURES[kind], contract) for contract in CONTRACTS} == {"ok"}


@pytest.fixture(scope="module")
def bombs() -> dict[str, bytes]:
    """Small files that unpack, or say that they do, to hundreds of times what they are."""
    zeros = zlib.compress(bytes(2**26), 9)
    whole = encode(PICTURE)
    head, rest = whole[:33], whole[33:]
    webp = b"WEBPVP8X\x0a\0\0\0\2\0\0\0\xfe\x3f\0\xfe\x3f\0" + encode(PICTURE, "WEBP")[12:]
    return {
        "text": head + chunk(b"zTXt", b"a\0\0" + zeros) + rest,
        "international text": head + chunk(b"iTXt", b"a\0\1\0\0\0" + zeros) + rest,
        "profile": head + chunk(b"iCCP", b"a\0\0" + zeros) + rest,
        "more rows than there are": head + chunk(b"IDAT", zeros) + rest[-12:],
        "tiles": tiled("<", False, (32768,)),
        "canvas": b"RIFF" + struct.pack("<I", len(webp)) + webp,
        "screen": b"GIF89a\xff\xff\xff\xff" + PICTURES["GIF"][10:],
    }


@pytest.mark.parametrize(
    ("name", "becomes"),
    [
        ("text", "corrupt"),
        ("international text", "corrupt"),
        ("profile", "corrupt"),
        ("more rows than there are", "ok"),
        ("tiles", "too-large"),
        ("canvas", "too-large"),
        ("screen", "too-large"),
    ],
)
def test_bombs_do_not_go_off(bombs: dict[str, bytes], name: str, becomes: str) -> None:
    """Refused, or read no further than the picture goes; see test_hostile_shards for archives."""
    begun = time.thread_time()
    assert outcome(bombs[name], CONTRACTS[0]) == becomes
    assert time.thread_time() - begun < DEADLINE.total_seconds()


@given(damaged(PICTURES), st.sampled_from(CONTRACTS))
@fuzzing(fuzzed, max_examples=1500)
def test_damaged_pictures(picture: tuple[str, bytes], contract: Contract) -> None:
    """Refused or read, by any contract."""
    outcome(picture[1], contract)


@given(damaged(SHARDS), st.sampled_from(sorted(SHARDS)))
@fuzzing(fuzzed, max_examples=500)
def test_damaged_shards(shard: tuple[str, bytes], other: str) -> None:
    """Members, of which each is refused or read; under its own name or that of another kind."""
    name, data = shard
    for source in (name, other):
        with little_memory():
            found = list(shards.members(source, data, LIMITS))
        assert found
        for member in found:
            if isinstance(member.content, PermanentError):
                checked(member.content)
            elif isinstance(member.content, bytes):
                outcome(member.content, CONTRACTS[0])
            else:
                assert image.fit(member.content, CONTRACTS[0]).shape == (8, 8, 3)
