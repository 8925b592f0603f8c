"""The dead letters sent back to the queue, and a look at them before."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from infra.cloud import refusals
from infra.cloud.account import Account
from infra.cloud.dead_letters import Letter, peek
from infra.cloud.refusals import told
from infra.cloud.stack import Stack
from litescore.errors import ConfigurationError

# ministack knows no move tasks.
_UNAVAILABLE = (
    "InvalidAction",
    "UnsupportedOperation",
    "AWS.SimpleQueueService.UnsupportedOperation",
)
_PAUSE = 1.0
_BATCH = 10
# Seconds that a letter is hidden while it is moved: it comes back should we be killed.
_HIDDEN = 60


@dataclass(frozen=True)
class Waiting:
    """What lies in the dead-letter queue: how many letters, and a few of them."""

    count: int
    letters: tuple[Letter, ...] = ()


@dataclass(frozen=True)
class Moved:
    """How many of how many letters were sent back."""

    done: int
    total: int


def look(account: Account, stack: Stack) -> Waiting:
    """The dead letters of a stack. Raises ConfigurationError with AWS's reason."""
    with told(f"cannot look at the dead letters of stack {stack.name}"):
        _, count = _queue(account, stack.outputs["DeadLetterQueueUrl"])
        return Waiting(count, peek(account, stack) if count else ())


def send_back(account: Account, stack: Stack, most: int | None = None) -> Iterator[Moved]:
    """Move the dead letters to the queue, at most `most` of them; says how far it is.

    SQS moves them by itself. It cannot move a part: that, and where there are no move tasks, is done
    here, each letter with its attributes and sent before it is deleted, so that one may come twice
    and none is lost. Raises ConfigurationError with AWS's reason; what was moved stays moved.
    """
    with told(f"cannot send back the dead letters of stack {stack.name}"):
        source, count = _queue(account, stack.outputs["DeadLetterQueueUrl"])
        if most is None and _task(account, stack, source):
            yield from _watch(account, source, count)
        else:
            yield from _carry(account, stack, min(count, most or count))


def _queue(account: Account, url: str) -> tuple[str, int]:
    """ARN, and how many messages can be received."""
    names = ["QueueArn", "ApproximateNumberOfMessages"]
    found = account.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    attributes = found["Attributes"]
    return attributes["QueueArn"], int(attributes["ApproximateNumberOfMessages"])


def _task(account: Account, stack: Stack, source: str) -> bool:
    """Begin a move task; False where SQS knows none."""
    from botocore.exceptions import ClientError

    target, _ = _queue(account, stack.outputs["QueueUrl"])
    try:
        account.client("sqs").start_message_move_task(SourceArn=source, DestinationArn=target)
    except ClientError as error:
        if refusals.code(error) in _UNAVAILABLE:
            return False
        raise
    return True


def _watch(account: Account, source: str, count: int) -> Iterator[Moved]:
    while True:
        found = account.client("sqs").list_message_move_tasks(SourceArn=source, MaxResults=1)
        # It may be some moments until SQS lists what it has begun.
        task: dict[str, Any] = next(iter(found["Results"]), {"Status": "RUNNING"})
        done = int(task.get("ApproximateNumberOfMessagesMoved", 0))
        yield Moved(done, int(task.get("ApproximateNumberOfMessagesToMove") or count))
        if task["Status"] == "COMPLETED":
            return
        if task["Status"] in ("FAILED", "CANCELLED"):
            why = task.get("FailureReason", "no reason given")
            raise ConfigurationError(
                f"SQS moved {done} dead letters and then {task['Status'].lower()}: {why}"
            )
        time.sleep(_PAUSE)


def _carry(account: Account, stack: Stack, count: int) -> Iterator[Moved]:
    sqs = account.client("sqs")
    source, target = stack.outputs["DeadLetterQueueUrl"], stack.outputs["QueueUrl"]
    done = 0
    while done < count:
        found = sqs.receive_message(
            QueueUrl=source,
            MaxNumberOfMessages=min(_BATCH, count - done),
            VisibilityTimeout=_HIDDEN,
            WaitTimeSeconds=1,
            MessageAttributeNames=["All"],
        )
        messages = found.get("Messages", [])
        for message in messages:
            attributes = message.get("MessageAttributes", {})
            sqs.send_message(
                QueueUrl=target, MessageBody=message["Body"], MessageAttributes=attributes
            )
            sqs.delete_message(QueueUrl=source, ReceiptHandle=message["ReceiptHandle"])
            done += 1
            yield Moved(done, count)
        if not messages:
            return
