"""What waits in a queue: numbers as AWS gives them, and messages looked at without being taken."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import Any
from urllib.parse import unquote_plus, urlencode

_SHOWN = 20
_TEXT = 300
_NUMBERS = {
    "visible": "ApproximateNumberOfMessages",
    "in_flight": "ApproximateNumberOfMessagesNotVisible",
}


def depth(sqs: Any, url: str) -> dict[str, int]:
    """Messages that can be received, and that somebody has received and not yet deleted."""
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return {name: int(found[attribute]) for name, attribute in _NUMBERS.items()}


def peeked(endpoint: str, url: str) -> list[dict[str, Any]]:
    """The messages of a queue, the oldest first, by ministack's own window.

    SQS has no way to look: receiving hides a message for a while and counts as a delivery, of which
    a message has five.
    """
    query = urlencode({"QueueUrl": url})
    # No proxy of the user's stands between two processes of one machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{endpoint}/_ministack/sqs/messages?{query}", timeout=10) as answer:
        accounts = json.load(answer)["messages"]
    messages = [
        message
        for regions in accounts.values()
        for queues in regions.values()
        for queue in queues.values()
        for message in queue
    ]
    return sorted(messages, key=lambda message: message["SentTimestamp"])


def oldest(messages: list[dict[str, Any]]) -> float | None:
    """Seconds since the oldest was sent; None where there is none."""
    return max(0.0, time.time() - messages[0]["SentTimestamp"]) if messages else None


def letters(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Dead letters as the page shows them, the last first."""
    return [
        {
            "id": message["MessageId"],
            "at": message["SentTimestamp"],
            "about": about(message["Body"]),
            "body": message["Body"][:_TEXT],
        }
        for message in messages[: -_SHOWN - 1 : -1]
    ]


def about(body: str) -> str:
    """The objects that a message announces; "" for a message of another kind."""
    try:
        records = json.loads(body)["Records"]
        names = (
            (one["s3"]["bucket"]["name"], unquote_plus(one["s3"]["object"]["key"]))
            for one in records
        )
        return ", ".join(f"s3://{bucket}/{key}" for bucket, key in names)
    except (ValueError, KeyError, TypeError):
        return ""
