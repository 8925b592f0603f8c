"""A record: one scored, failed or superseded image as one JSON line.

The same fields in a terminal, on Lambda and on a Raspberry Pi (which adds `frame` and `decision`).
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring as _quoted
from math import isfinite
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from litescore.contract import Contract
from litescore.errors import ConfigurationError, PermanentError, SupersededError

SCHEMA = 1
STATUSES = ("scored", "failed", "superseded")

# Of what is counted and compared, the types that JSON gives.
_NONE = type(None)
_KINDS: dict[str, type | tuple[type, ...]] = {
    "id": str,
    "source": str,
    "model": str,
    "at": str,
    "label": (str, _NONE),
    "score": (float, int, _NONE),
    "frame": (dict, _NONE),
    "decision": (dict, _NONE),
}

# Made once: for a small image making an encoder costs as much as using it.
_LINE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class Subject(NamedTuple):
    """The image that a record is about.

    source   `s3://bucket/` and the raw key (never percent-encoded), or a path
    member   name inside a shard (zip, tar, npz, idx), else None
    etag     unquoted ETag; for a local file size and mtime; for a frame device, boot and number
    version  S3 version id; serves for reading only, since event forms disagree about it
    """

    source: str
    member: str | None = None
    etag: str | None = None
    version: str | None = None

    def identity(self, model: str) -> str:
        """SHA-256 (hex) of model, source, member and ETag: the same image and model, the same id."""
        parts = (model, self.source, self.member, self.etag)
        text = ", ".join(["null" if part is None else _quoted(part) for part in parts])
        return hashlib.sha256(_utf8(f"[{text}]").encode()).hexdigest()


class Record(NamedTuple):
    """One line of output.

    label and score are the best class and its probability; `top` lists the best few, best first, a
    tie going to the lowest index; of a multilabel model it lists every label that holds, which may
    be none. `kind` and `reason` say why an image failed. `model` is the
    SHA-256 of the model file, `at` the time of scoring (UTC, RFC 3339). A camera's records say in
    `frame` which frame it was, and in `decision` what the frames up to it come to.
    """

    id: str
    source: str
    member: str | None
    etag: str | None
    version: str | None
    status: str
    label: str | None
    score: float | None
    top: tuple[Mapping[str, Any], ...]
    kind: str | None
    reason: str | None
    model: str
    at: str
    frame: Mapping[str, Any] | None = None
    decision: Mapping[str, Any] | None = None
    v: int = SCHEMA

    @classmethod
    def scored(
        cls,
        subject: Subject,
        probabilities: NDArray[np.float32],
        *,
        labels: Sequence[str],
        model: str,
        top: int = 3,
        threshold: float | None = None,
        frame: Mapping[str, Any] | None = None,
        decision: Mapping[str, Any] | None = None,
        at: str | None = None,
    ) -> Record:
        """`probabilities` are float32[classes], each 0..1; `top` is how many labels to list, or
        `threshold` the probability from which on they are listed; `at` the time, now by default.
        """
        best = rank(probabilities[None], top, threshold)[0]
        return cls.ranked(
            subject,
            probabilities,
            best,
            labels=labels,
            model=model,
            threshold=threshold,
            frame=frame,
            decision=decision,
            at=at,
        )

    @classmethod
    def ranked(
        cls,
        subject: Subject,
        probabilities: NDArray[np.float32],
        best: NDArray[np.intp],
        *,
        labels: Sequence[str],
        model: str,
        threshold: float | None = None,
        frame: Mapping[str, Any] | None = None,
        decision: Mapping[str, Any] | None = None,
        at: str | None = None,
    ) -> Record:
        """As `scored`, for a row of what `rank` found for a whole batch at once, at the time `at`."""
        listed = best if threshold is None else best[probabilities[best] >= threshold]
        return cls._of(
            subject,
            "scored",
            model,
            frame,
            label=labels[best[0]],
            score=_shortest(probabilities[best[0]]),
            top=tuple({"label": labels[i], "score": _shortest(probabilities[i])} for i in listed),
            decision=decision,
            at=at,
        )

    @classmethod
    def failed(
        cls,
        subject: Subject,
        error: PermanentError,
        *,
        model: str,
        frame: Mapping[str, Any] | None = None,
    ) -> Record:
        """The record of an image that no retry will score."""
        return cls._of(subject, "failed", model, frame, kind=error.kind, reason=error.reason)

    @classmethod
    def superseded(cls, subject: Subject, error: SupersededError, *, model: str) -> Record:
        """The record of an object that changed since it was named."""
        return cls._of(subject, "superseded", model, None, reason=str(error))

    @classmethod
    def _of(
        cls,
        subject: Subject,
        status: str,
        model: str,
        frame: Mapping[str, Any] | None,
        *,
        label: str | None = None,
        score: float | None = None,
        top: tuple[Mapping[str, Any], ...] = (),
        kind: str | None = None,
        reason: str | None = None,
        decision: Mapping[str, Any] | None = None,
        at: str | None = None,
    ) -> Record:
        return cls(
            id=subject.identity(model),
            source=subject.source,
            member=subject.member,
            etag=subject.etag,
            version=subject.version,
            status=status,
            label=label,
            score=score,
            top=top,
            kind=kind,
            reason=reason,
            model=model,
            at=at or now(),
            frame=frame,
            decision=decision,
        )

    @property
    def rank(self) -> tuple[int, str]:
        """Of records with one id the one of the highest rank holds: scored, failed, superseded;
        then the latest.
        """
        return (-STATUSES.index(self.status), self.at)

    def to_json(self) -> str:
        """One line of JSON, without the newline."""
        values = {"v": self.v} | self._asdict()
        for name in ("frame", "decision"):
            if values[name] is None:
                del values[name]
        return _utf8(_LINE.encode(values))

    @classmethod
    def from_json(cls, line: str | bytes) -> Record:
        """The record that `to_json` wrote. Raises ConfigurationError for any other line."""
        try:
            values = json.loads(line)
            if values.pop("v") != SCHEMA or values["status"] not in STATUSES:
                raise ValueError
            values["top"] = tuple(values["top"])
            return cls(**values)
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ConfigurationError(
                f"not a litescore record of schema {SCHEMA}: {line[:80]!r}"
            ) from None


def check(values: Mapping[str, Any]) -> None:
    """Raises ValueError for a record's values that would break whoever counts them."""
    for name, kind in _KINDS.items():
        if not isinstance(values.get(name), kind):
            raise ValueError(f"{name} {values.get(name)!r}")
    if values["score"] is not None and not isfinite(values["score"]):
        raise ValueError(f"score {values['score']}")


def now() -> str:
    """The time as a record bears it: UTC, RFC 3339, to the millisecond."""
    return moment(time.time())


def moment(seconds: float) -> str:
    """Seconds since 1970 as a record bears them."""
    whole, milli = divmod(int(seconds * 1000), 1000)
    return f"{_second(whole)}.{milli:03d}Z"


# A camera asks many times a second.
@lru_cache(1)
def _second(whole: int) -> str:
    return datetime.fromtimestamp(whole, UTC).isoformat(timespec="seconds")[:19]


def threshold_of(contract: Contract) -> float | None:
    """The probability from which on records list a label; None where they list the best few."""
    return contract.threshold if contract.output == "multilabel" else None


def rank(
    probabilities: NDArray[np.float32], top: int, threshold: float | None = None
) -> NDArray[np.intp]:
    """float32[n, classes] -> the indices [n, top] of the best classes, best first; a tie goes to
    the lowest index. All of them where a threshold says how many are listed.
    """
    order: NDArray[np.intp] = np.argsort(-probabilities, axis=1, kind="stable")
    return order[:, :top] if threshold is None else order


def _utf8(text: str) -> str:
    # A file name that is not UTF-8 holds lone surrogates: escaped, they stay valid JSON.
    return text if text.isascii() else text.encode(errors="backslashreplace").decode()


# An int8 model has 256 answers: finding one again is ten times faster than its decimal.
@lru_cache(4096)
def _shortest(value: np.float32) -> float:
    # `str` and not `repr`, which numpy 2 writes as np.float32(...): the shortest decimal that
    # gives the same float32 back.
    return float(str(value))
