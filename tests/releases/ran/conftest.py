"""Releases that know their test images, and records of what they scored."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from litescore import answered, carried, contract
from litescore.errors import PermanentError
from litescore.record import Record, Subject
from litescore.releases import publishing
from litescore.releases.publishing import Gate, Publisher
from tests.releases.conftest import LABELS, make_model

DAY = "2026-11-28T"


def probabilities(counts: Iterable[int], sure: float = 0.9) -> np.ndarray[Any, np.dtype[Any]]:
    """So many images of each label, each with this probability of it."""
    rows = np.eye(len(LABELS), dtype=np.float32).repeat(tuple(counts), axis=0)
    rest = (1 - sure) / (len(LABELS) - 1)
    spread: np.ndarray[Any, np.dtype[Any]] = rows * np.float32(sure - rest) + np.float32(rest)
    return spread


def make_tested(number: int, counts: Iterable[int] = (400, 400, 200), sure: float = 0.9) -> bytes:
    """A model file that keeps what it answered to its test images."""
    file = make_model(number)
    held = contract.read(file)
    assert held is not None
    accuracy = dict(held.accuracy) | answered.facts(probabilities(counts, sure))
    return contract.append(
        contract.strip(file), replace(held, accuracy=accuracy), carried.read(file).golden
    )


def publish(publisher: Publisher, file: bytes, channel: str = "stable", share: int = 100) -> str:
    """Its digest."""
    moved = publishing.publish(publisher, file, channel, gate=Gate(), share=share)
    return moved.release.digest


def scored(
    model: str, name: str, label: int, score: float = 0.9, *, at: str = "09:00", etag: str = "e",
    frame: Mapping[str, Any] | None = None, changed: bool | None = None,
) -> Record:  # fmt: skip
    """A record of the image called so, as label number `label`."""
    row = np.full(len(LABELS), (1 - score) / (len(LABELS) - 1), np.float32)
    row[label] = score
    decision = None if changed is None else {"changed": changed}
    made = Record.scored(Subject(name, None, etag), row, labels=LABELS, model=model, frame=frame,
                         decision=decision)  # fmt: skip
    return made._replace(at=f"{DAY}{at}:00.000Z" if len(at) == 5 else at)


def failed(model: str, name: str, *, at: str = "09:00") -> Record:
    """A record of an image that could not be read."""
    made = Record.failed(Subject(name, None, "e"), PermanentError("corrupt", "no"), model=model)
    return made._replace(at=f"{DAY}{at}:00.000Z")


def on(device: str, number: int = 0) -> dict[str, Any]:
    """The frame of a record, as the edge loop writes it."""
    return {"device": device, "boot": "b", "run": 7, "number": number}
