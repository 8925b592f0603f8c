"""Tasks of an S3 Batch Operations job, schema 1.0 and 2.0, and the result of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from lambda_handler.fields import (
    Event,
    form_decoded,
    is_marker,
    list_field,
    shown,
    subject,
    text_field,
)
from litescore.batch import Outcome
from litescore.errors import UnknownEvent
from litescore.record import Subject

SUCCEEDED, AGAIN, FAILED = "Succeeded", "TemporaryFailure", "PermanentFailure"
# What names the bucket, by schema: an ARN, or since directory buckets the name.
_BUCKET = {"1.0": "s3BucketArn", "2.0": "s3Bucket"}
# Letters of a result that the completion report keeps.
_LONGEST = 1024


@dataclass(frozen=True)
class Task:
    """One task: its id and its subject (None for a folder marker), or why it could not be read."""

    id: str
    subject: Subject | None = None
    unreadable: str | None = None


@dataclass
class Verdict:
    """What became of a subject: one record, or as many as a shard has members."""

    statuses: Counter[str] = field(default_factory=Counter)
    text: str = ""

    def count(self, outcome: Outcome) -> None:
        """Add an outcome; `text` is of one that went wrong, if any did."""
        status = outcome.record.status if outcome.record else "left"
        # What went wrong first is told before what went well.
        if not self.statuses[status] and (status != "scored" or not self.text):
            self.text = _text(outcome)
        self.statuses[status] += 1

    @property
    def code(self) -> str:
        """AWS's word: to be tried again while anything is left, else failed if anything is."""
        if self.statuses["left"]:
            return AGAIN
        return FAILED if self.statuses["failed"] else SUCCEEDED

    def __str__(self) -> str:
        if self.statuses.total() == 1:
            return self.text
        counts = ", ".join(f"{n} {status}" for status, n in sorted(self.statuses.items()) if n)
        return f"{counts}: {self.text}"


def tasks(event: Event) -> tuple[Task, ...]:
    """The tasks of an event; one that cannot be read does not hide its neighbours.

    Raises UnknownEvent for another schema, and for a task without an id to answer to.
    """
    schema = text_field(event, "invocationSchemaVersion")
    if schema not in _BUCKET:
        raise UnknownEvent(
            f"S3 Batch Operations of schema {shown(schema)}: {' and '.join(_BUCKET)} are understood"
        )
    return tuple(_read(task, _BUCKET[schema]) for task in list_field(event, "tasks"))


def reply(event: Event, done: Iterable[Task], verdicts: dict[Subject, Verdict]) -> dict[str, Any]:
    """The result of each task: scored, to be tried again, or never."""
    return {
        "invocationSchemaVersion": event["invocationSchemaVersion"],
        # Whatever this reply might miss is asked again: nothing is lost by it.
        "treatMissingKeysAs": AGAIN,
        "invocationId": event.get("invocationId"),
        "results": [_result(task, verdicts) for task in done],
    }


def _read(task: Any, bucket: str) -> Task:
    name = text_field(task, "taskId")
    try:
        key = form_decoded(text_field(task, "s3Key"))
        if is_marker(key):
            return Task(name)
        # arn:aws:s3:::bucket, or with a region and an account in it.
        holder = text_field(task, bucket).rpartition(":")[2]
        return Task(name, subject(holder, key, version=task.get("s3VersionId")))
    except UnknownEvent as error:
        return Task(name, unreadable=str(error))


def _result(task: Task, verdicts: dict[Subject, Verdict]) -> dict[str, str]:
    if task.unreadable:
        code, text = FAILED, task.unreadable
    elif task.subject is None:
        code, text = SUCCEEDED, "a folder marker, not scored"
    elif verdict := verdicts.get(task.subject):
        code, text = verdict.code, str(verdict)
    else:
        code, text = SUCCEEDED, "holds no image"
    return {"taskId": task.id, "resultCode": code, "resultString": text[:_LONGEST]}


def _text(outcome: Outcome) -> str:
    record = outcome.record
    if record is None:
        return str(outcome.retry)
    if record.status == "scored":
        return f"{record.label} {record.score}"
    return f"{record.kind or record.status}: {record.reason}"
