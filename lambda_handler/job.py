"""One invocation: subjects through the pipeline, records to the output, outcomes to the reply."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from lambda_handler import events
from litescore import batch, output
from litescore.batch import Outcome
from litescore.errors import ConfigurationError, TransientError
from litescore.output import Summary
from litescore.record import Subject
from litescore.scorer import Scorer
from litescore.settings import Settings, processors

log = logging.getLogger("litescore")

_MODEL = "model.tflite"
# Seconds kept for writing records and for AWS to take the reply.
_FLUSH = 2.0
_DENIED = "forbidden"


@cache
def settings() -> Settings:
    """The environment, read once."""
    return Settings.read()


@cache
def prepare() -> Scorer:
    """The scorer, loaded once for as long as the environment lives.

    LITESCORE_MODEL is a path or s3:// URL; without it `model.tflite` beside this package counts,
    where `litescore package` puts it.
    """
    place = settings().model or str(Path(__file__).resolve().parent.parent / _MODEL)
    return Scorer(
        place,
        threads=processors(),
        batch=settings().batch,
        sha256=settings().model_sha256,
    )


def run(event: Any, context: Any) -> Any:
    """The reply to an event; see `lambda_handler.handler`."""
    kind = events.classify(event)
    if kind == events.TEST:
        return {"ok": True}
    if kind == events.SQS:
        return _answer_queue(events.messages(event), context)
    if kind == events.S3:
        return _answer_notification(events.notified(event), context)
    return _answer_call(events.requested(event), context)


def _answer_queue(messages: tuple[events.Message, ...], context: Any) -> dict[str, Any]:
    """A partial batch response: the messages to deliver again."""
    for message in messages:
        if message.unreadable:
            log.error("message %s cannot be read: %s", message.id, message.unreadable)
    summary = _score((s for message in messages for s in message.subjects), context)
    again = {outcome.asked for outcome in summary.retry}
    failures = [m.id for m in messages if m.unreadable or not again.isdisjoint(m.subjects)]
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failures]}


def _answer_notification(subjects: tuple[Subject, ...], context: Any) -> dict[str, Any]:
    summary = _score(subjects, context)
    if summary.retry:
        # The one way to have an asynchronous event delivered again. What was written stays: the
        # same records make the same names.
        raise TransientError(f"{len(summary.retry)} images left: {summary.retry[0].retry}")
    return summary.as_json()


def _answer_call(subjects: Iterable[Subject], context: Any) -> dict[str, Any]:
    return _score(subjects, context).as_json()


def _score(subjects: Iterable[Subject], context: Any) -> Summary:
    place = settings().output
    if not place:
        raise ConfigurationError(
            "LITESCORE_OUTPUT is not set: where records go, s3://bucket/prefix/"
        )
    outcomes = batch.run(
        subjects, prepare(), settings=settings(), out_of_time=_out_of_time(context)
    )
    summary = output.write_all(_refuse_all_denied(outcomes), place)
    log.info("%s", summary.sentence(place))
    return summary


def _refuse_all_denied(outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """Pass outcomes on, holding denied ones back until another image could be read.

    One closed object fails alone. When every object is denied, records would say for ever that
    images cannot be scored which a policy keeps from us today: raises ConfigurationError.
    """
    held: list[Outcome] = []
    readable = False
    for outcome in outcomes:
        held.append(outcome)
        readable = readable or not _denied(outcome)
        if readable:
            yield from held
            held.clear()
    if held:
        raise ConfigurationError(
            f"every object is denied, {held[0].asked.source} first: grant s3:GetObject on its "
            "bucket to the function's role"
        )


def _denied(outcome: Outcome) -> bool:
    return outcome.record is not None and outcome.record.kind == _DENIED


def _out_of_time(context: Any) -> Callable[[], bool]:
    """Whether the time left no longer covers the slowest step so far, twice, and the flush."""
    remaining = getattr(context, "get_remaining_time_in_millis", None)
    last, slowest = time.monotonic(), 0.0

    def late() -> bool:
        nonlocal last, slowest
        now = time.monotonic()
        slowest, last = max(slowest, now - last), now
        return remaining is not None and remaining() / 1000 < 2 * slowest + _FLUSH

    return late
