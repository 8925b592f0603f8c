"""Messages of an SQS queue, and the reply that names those to deliver again."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from lambda_handler import notices
from lambda_handler.fields import Event, list_field, parsed
from litescore.errors import UnknownEvent
from litescore.record import Subject


@dataclass(frozen=True)
class Message:
    """One message: its id and the subjects it names, or why it could not be read."""

    id: str
    subjects: tuple[Subject, ...] = ()
    unreadable: str | None = None


def messages(event: Event) -> tuple[Message, ...]:
    """The messages of an SQS event; one that cannot be read does not hide its neighbours."""
    return tuple(_read(record) for record in list_field(event, "Records"))


def reply(delivered: Iterable[Message], again: Collection[Subject]) -> dict[str, Any]:
    """A partial batch response: the messages that could not be read, or whose subjects are among
    those to try again.
    """
    failures = [
        message.id
        for message in delivered
        if message.unreadable or any(subject in again for subject in message.subjects)
    ]
    return {"batchItemFailures": [{"itemIdentifier": name} for name in failures]}


def _read(record: Event) -> Message:
    name = str(record["messageId"])
    try:
        return Message(name, notices.announced(parsed(record["body"])))
    except UnknownEvent as error:
        return Message(name, unreadable=str(error))
