"""The ways to get images scored that are held against each other."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

import lambda_handler
from benchmarks.batch.cases import Case
from lambda_handler import scoring
from litescore import batch, image, output, packing, store
from litescore.record import Record, Subject, now, rank
from litescore.scorer import Probabilities, Scorer
from litescore.settings import Settings, processors
from tests.lambda_handler import shapes

LIMIT = 10**8


def fetch_all(subjects: Iterable[Subject]) -> None:
    """Every object's bytes, one after the other."""
    for subject in subjects:
        store.read(subject, max_bytes=LIMIT)


def fetch_boto3(case: Case, subjects: Iterable[Subject]) -> None:
    """The same by boto3."""
    for subject in subjects:
        case.server.client.get_object(Bucket=case.bucket, Key=_key(case, subject))["Body"].read()


def decode_and_score(blobs: Sequence[bytes], scorer: Scorer) -> None:
    """From bytes in memory to probabilities, in batches."""
    c, budget = scorer.contract, image.PixelBudget()
    tensors = np.empty((scorer.batch, c.height, c.width, c.channels), np.uint8)
    for start in range(0, len(blobs), scorer.batch):
        part = blobs[start : start + scorer.batch]
        for row, blob in enumerate(part):
            tensors[row] = image.decode_to_tensor(blob, c, budget=budget)
        scorer.probabilities(tensors[: len(part)])


def records(case: Case, probabilities: Probabilities) -> None:
    """Of answers in memory a record each, and all of them packed as one object."""
    scorer, at = case.scorer, now()
    packer = packing.FORMS["jsonl.gz"]()
    for start in range(0, len(probabilities), scorer.batch):
        rows = probabilities[start : start + scorer.batch]
        for subject, row, best in zip(
            case.subjects[start:], rows, rank(rows, Settings().top, None), strict=False
        ):
            labels, model = scorer.contract.labels, scorer.digest
            packer.add(Record.ranked(subject, row, best, labels=labels, model=model, at=at))
    packer.finish()


def pipeline(case: Case, subjects: Sequence[Subject] | None = None) -> None:
    """What the command does with these subjects: records in a bucket, a fresh prefix each time."""
    outcomes = batch.run(subjects or case.subjects, case.scorer, settings=Settings())
    summary = output.write_all(outcomes, f"s3://{case.output}/{time.monotonic_ns()}")
    assert summary.scored > summary.failed + len(summary.retry) == 0, summary


def one_event(case: Case) -> list[Any]:
    """All objects in a direct call."""
    return [{"objects": [_named(case, subject) for subject in case.subjects]}]


def queue_events(case: Case, size: int = 100) -> list[Any]:
    """The objects as S3 announces them, so many messages to an invocation."""
    notes = [shapes.notification(case.bucket, _key(case, one)) for one in case.subjects]
    return [shapes.queued(*notes[start : start + size]) for start in range(0, len(notes), size)]


def map_events(case: Case, size: int = 500) -> list[Any]:
    """The objects as a Distributed Map lists them, so many to an invocation."""
    items = [{"Key": _key(case, one), "Etag": f'"{one.etag}"', "Size": 1} for one in case.subjects]
    batches = [items[start : start + size] for start in range(0, len(items), size)]
    return [{"Items": part, "BatchInput": {"bucket": case.bucket}} for part in batches]


@contextmanager
def handler_ready(case: Case) -> Iterator[None]:
    """The handler set up in this process with the case's model."""
    environ = dict(os.environ)
    # In place of a file: the same scorer, loaded once.
    os.environ["LITESCORE_OUTPUT"] = f"s3://{case.output}/"
    scoring.settings.cache_clear()
    prepare, scoring.prepare = scoring.prepare, lambda: case.scorer  # type: ignore[assignment]
    try:
        yield
    finally:
        scoring.prepare = prepare
        os.environ.clear()
        os.environ.update(environ)


def handler(case: Case, events: Sequence[Any]) -> None:
    """What Lambda runs, an invocation an event, a fresh prefix each time."""
    os.environ["LITESCORE_OUTPUT"] = f"s3://{case.output}/{time.monotonic_ns()}/"
    scoring.settings.cache_clear()
    for event in events:
        reply = lambda_handler.handler(event, None)
        assert not any(reply.get(left) for left in ("batchItemFailures", "left")), reply


def newcomer_keras(case: Case, subjects: Sequence[Subject]) -> None:
    """What tutorials show: an object, an image, a prediction."""
    for subject in subjects:
        tensor = _tutorial(case, subject).astype(np.float32)
        case.model.keras.predict(tensor, verbose=0)  # type: ignore[attr-defined]


class OneByOne:
    """The better tutorial: a TFLite interpreter made once, an invocation an object."""

    def __init__(self, case: Case) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._case = case
        self._run = Interpreter(model_content=case.model.file, num_threads=processors())
        self._run.allocate_tensors()
        self._input = self._run.get_input_details()[0]
        self._output = self._run.get_output_details()[0]["index"]

    def score(self, subjects: Sequence[Subject]) -> None:
        for subject in subjects:
            tensor = _tutorial(self._case, subject).astype(self._input["dtype"])
            self._run.set_tensor(self._input["index"], tensor)
            self._run.invoke()
            self._run.get_tensor(self._output).argmax()


def _tutorial(case: Case, subject: Subject) -> NDArray[np.uint8]:
    """An object through boto3 and Pillow: uint8[1, height, width, channels]."""
    c, key = case.scorer.contract, _key(case, subject)
    body = case.server.client.get_object(Bucket=case.bucket, Key=key)["Body"].read()
    picture = Image.open(io.BytesIO(body)).convert("L" if c.color == "gray" else "RGB")
    pixels = np.asarray(picture.resize((c.width, c.height)))
    return pixels.reshape(1, c.height, c.width, c.channels)


def _key(case: Case, subject: Subject) -> str:
    return subject.source.partition(f"{case.bucket}/")[2]


def _named(case: Case, subject: Subject) -> dict[str, str | None]:
    return {"bucket": case.bucket, "key": _key(case, subject), "etag": subject.etag}
