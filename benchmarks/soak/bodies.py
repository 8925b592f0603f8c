"""What lies in the bucket: good images, poison of every kind, shards; and what must come of each."""

from __future__ import annotations

import gzip
import io
import random
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litescore.dataset import Dataset
from litescore.image import encode_png
from litescore.record import Record, Subject
from litescore.scorer import Scorer

# What the function is told to take at most, so that a body over it need not be large.
MAX_BYTES = 1_000_000
# Keys that a bucket's policy denies to the function begin so.
DENIED = "denied/"

_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Answer:
    """What a record must say: label and score, or the kind of failure."""

    label: str | None = None
    score: float | None = None
    kind: str | None = None

    @classmethod
    def of(cls, record: Record) -> Answer:
        return cls(record.label, record.score, record.kind)


@dataclass(frozen=True)
class Body:
    """An object's bytes, and the answer for each image in it: by member, None for the object."""

    data: bytes
    answers: Mapping[str | None, Answer]
    suffix: str = ".png"

    @classmethod
    def failing(cls, data: bytes, kind: str, suffix: str = ".png") -> Body:
        """A body of which nothing can be scored."""
        return cls(data, {None: Answer(kind=kind)}, suffix)


class Stock:
    """Bodies to draw from: `images` as PNG files, with what `scorer` answers in this process."""

    def __init__(self, images: Dataset, scorer: Scorer, rng: random.Random) -> None:
        self._rng = rng
        self._tensors = images.tensors(scorer.contract)
        labels = scorer.contract.labels
        self._answers = [
            Answer.of(Record.scored(Subject(""), row, labels=labels, model=scorer.digest))
            for row in scorer.probabilities(self._tensors)
        ]

    def good(self) -> Body:
        """An image that is scored."""
        png, answer = self._one()
        return Body(png, {None: answer})

    def poison(self, number: int) -> Body:
        """An image that never is: each kind in its turn."""
        png = self._one()[0]
        # A text chunk makes files differ, so that no two have one ETag.
        note = _chunk(b"tEXt", b"number\0%d" % number)
        turns = (
            (png[: len(png) // 2], "corrupt"),
            (b"", "corrupt"),
            (_PNG + self._rng.randbytes(200), "corrupt"),
            (b"no picture, number %d" % number, "unsupported"),
            (b"%%PDF-1.7\n%d" % number, "unsupported"),
            (_bomb() + note, "too-large"),
            (png + self._rng.randbytes(MAX_BYTES), "too-large"),
        )
        return Body.failing(*turns[number % len(turns)])

    def denied(self) -> Body:
        """An image that only the bucket's policy keeps from being scored."""
        return Body.failing(self._one()[0], "forbidden")

    def shard(self, number: int) -> Body:
        """A shard: good ones and broken ones of each form in their turn."""
        turns = (self._zip, self._npz, self._idx, self._mixed_zip, self._cut_zip, self._zip_bomb)
        return turns[number % len(turns)](number)

    def _one(self) -> tuple[bytes, Answer]:
        index = self._rng.randrange(len(self._tensors))
        return encode_png(self._tensors[index]), self._answers[index]

    def _zip(self, number: int) -> Body:
        names = [f"{number}/é {n}+%2B.png" for n in range(9)] + ["../../up.png"]
        ones = {name: self._one() for name in names}
        answers: dict[str | None, Answer] = {name: answer for name, (_, answer) in ones.items()}
        return Body(_packed({name: png for name, (png, _) in ones.items()}), answers, ".zip")

    def _mixed_zip(self, number: int) -> Body:
        png, answer = self._one()
        members = {
            "good.png": png,
            f"text {number}.png": b"no picture",
            "inner.zip": _packed({"deep.png": png}),
        }
        broken = Answer(kind="unsupported")
        answers: dict[str | None, Answer] = {
            "good.png": answer,
            f"text {number}.png": broken,
            "inner.zip": broken,
        }
        return Body(_packed(members), answers, ".zip")

    def _cut_zip(self, number: int) -> Body:
        whole = self._zip(number).data
        return Body.failing(whole[: len(whole) // 2], "corrupt", ".zip")

    def _zip_bomb(self, number: int) -> Body:
        members = {f"{number}.png": bytes(50 * MAX_BYTES)}
        return Body.failing(_packed(members), "too-large", ".zip")

    def _npz(self, number: int) -> Body:
        rows, answers = self._rows(20 + number % 20)
        file = io.BytesIO()
        np.savez_compressed(file, x_test=rows)
        return Body(file.getvalue(), {f"x_test[{n}]": a for n, a in enumerate(answers)}, ".npz")

    def _idx(self, number: int) -> Body:
        rows, answers = self._rows(20 + number % 20)
        data = struct.pack(">HBB3I", 0, 8, 3, *rows.shape) + rows.tobytes()
        members: dict[str | None, Answer] = {str(n): a for n, a in enumerate(answers)}
        return Body(gzip.compress(data, mtime=0), members, "-idx3-ubyte.gz")

    def _rows(self, count: int) -> tuple[NDArray[np.uint8], list[Answer]]:
        chosen = [self._rng.randrange(len(self._tensors)) for _ in range(count)]
        return self._tensors[chosen][..., 0], [self._answers[index] for index in chosen]


def _packed(members: Mapping[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _bomb() -> bytes:
    """A PNG that claims 900 million pixels in a few bytes."""
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0)
    return _PNG + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(b""))


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
