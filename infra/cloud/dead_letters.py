"""A look at some dead letters: which images they name, and why those were handed back."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from urllib.parse import unquote_plus

from infra.cloud.account import Account
from infra.cloud.refusals import told
from infra.cloud.stack import Stack
from litescore.errors import ConfigurationError

_MOST = 10
_PAGES = 5
_WAIT = 1
# Of messages that the function could not read at all.
UNREADABLE = "not understood"


@dataclass(frozen=True)
class Letter:
    """A dead letter.

    what    the images that it names, or what it is
    sent    when it came to the queue first
    reason  what the function said of it last, None where its log does not tell
    """

    what: str
    sent: datetime
    reason: str | None = None


def peek(account: Account, stack: Stack) -> tuple[Letter, ...]:
    """Up to ten of them, the oldest first; they stay where they are."""
    found = account.client("sqs").receive_message(
        QueueUrl=stack.outputs["DeadLetterQueueUrl"],
        MaxNumberOfMessages=_MOST,
        # Seen and let go at once: hidden, they would not be moved.
        VisibilityTimeout=0,
        # A look without waiting asks some of SQS's servers only, and may find none of a few.
        WaitTimeSeconds=_WAIT,
        AttributeNames=["SentTimestamp"],
    )
    messages = found.get("Messages", [])
    letters = {}
    for message in messages:
        moment = int(message["Attributes"]["SentTimestamp"]) / 1000
        sent = datetime.fromtimestamp(moment, UTC)
        letters[message["MessageId"]] = (_sources(message["Body"]), sent)
    if not letters:
        return ()
    reasons = _reasons(account, stack, min(sent for _, sent in letters.values()), letters)
    ordered = sorted(letters.items(), key=lambda entry: entry[1][1])
    return tuple(
        Letter(_what(sources), sent, _reason(reasons, sources, name))
        for name, (sources, sent) in ordered
    )


def _what(sources: list[str]) -> str:
    if not sources:
        return UNREADABLE
    more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
    return f"{sources[0]}{more}"


def _reason(reasons: dict[str, str], sources: list[str], message: str) -> str | None:
    return next((reasons[name] for name in (*sources, message) if name in reasons), None)


def _sources(body: str) -> list[str]:
    """The images that a message names, as s3:// URLs; none for what is no event of S3's."""
    try:
        event = json.loads(body)
        if event.get("Type") == "Notification":
            event = json.loads(event["Message"])
        return list(_objects(event))
    except (ValueError, KeyError, TypeError, AttributeError):
        return []


def _objects(event: dict[str, Any]) -> Iterator[str]:
    if event.get("source") == "aws.s3":
        detail = event["detail"]
        yield f"s3://{detail['bucket']['name']}/{detail['object']['key']}"
    for record in event.get("Records", []):
        held = record["s3"]
        yield f"s3://{held['bucket']['name']}/{unquote_plus(held['object']['key'])}"


def _reasons(
    account: Account, stack: Stack, since: datetime, letters: Collection[str]
) -> dict[str, str]:
    """Image or message -> what the function's log says of it last."""
    logs, group = account.client("logs"), stack.outputs["LogGroup"]
    found: dict[str, str] = {}
    try:
        with told(f"cannot read the log {group}"):
            pages = logs.get_paginator("filter_log_events").paginate(
                logGroupName=group,
                startTime=int(since.timestamp() * 1000),
                # Of what is handed back, and of messages that cannot be read.
                filterPattern='"level"',
            )
            for page in islice(pages, _PAGES):
                for event in page["events"]:
                    found |= _said(event["message"], letters)
    except ConfigurationError:
        return {}
    return found


def _said(message: str, letters: Collection[str]) -> dict[str, str]:
    found = {}
    for line in message.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if not isinstance(said, dict):
            continue
        if said.get("status") == "left":
            found[str(said.get("source"))] = str(said.get("message"))
        elif said.get("messageId") in letters:
            found[str(said["messageId"])] = str(said.get("message"))
    return found
