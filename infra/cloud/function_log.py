"""What the function told its log about itself: the metrics that each invocation ends with.

They are read from the log, not from CloudWatch's metrics: those come minutes later, and no local
cloud takes them out of a log.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from infra.cloud.account import Account
from infra.cloud.refusals import told
from infra.cloud.stack import Stack

# As lambda_handler.events names the form of a backfill's batches.
BACKFILL = "Distributed Map"
_PHRASE = '"CloudWatchMetrics"'
_FAILED = "failed_"
# A busy function writes more than anyone waits for.
PAGES = 50


@dataclass(frozen=True)
class Told:
    """Sums over invocations.

    statuses      images by status: scored, failed, superseded
    kinds         failed images by kind
    milliseconds  all the time that the invocations took
    cold_starts   invocations that had to start an environment
    whole         False where the log holds more than was read
    """

    invocations: int
    statuses: Counter[str]
    kinds: Counter[str]
    milliseconds: float
    cold_starts: int
    whole: bool = True

    @property
    def images(self) -> int:
        """Of any status, superseded ones too."""
        return self.statuses.total()

    @property
    def milliseconds_an_image(self) -> float | None:
        """None where none was scored."""
        return self.milliseconds / self.images if self.images else None

    @property
    def images_a_second(self) -> float | None:
        """Of one function at work, not of all together."""
        return self.images * 1000 / self.milliseconds if self.milliseconds else None


def read(
    account: Account,
    stack: Stack,
    since: datetime,
    *,
    form: str | None = None,
    pages: int = PAGES,
) -> Told:
    """The sums since a time, of one form of event or of all, from so many pages of the log at most.
    Raises ConfigurationError with AWS's reason where the log cannot be read.
    """
    statuses, kinds = Counter[str](), Counter[str]()
    invocations, milliseconds, cold = 0, 0.0, 0
    lines = Lines(account, stack, since, pages)
    for values in lines:
        if form is not None and values.get("form") != form:
            continue
        invocations += 1
        milliseconds += float(values["milliseconds"])
        cold += int(values.get("cold_start", 0))
        for status in ("scored", "failed", "superseded"):
            statuses[status] += int(values.get(status, 0))
        for name, value in values.items():
            if name.startswith(_FAILED):
                kinds[name.removeprefix(_FAILED)] += int(value)
    return Told(invocations, statuses, kinds, milliseconds, cold, lines.whole)


class Lines:
    """The lines of metrics since a time, the first first; `whole` says whether that was all."""

    def __init__(self, account: Account, stack: Stack, since: datetime, pages: int) -> None:
        self._group = stack.outputs["LogGroup"]
        self._logs = account.client("logs")
        self._since = int(since.timestamp() * 1000)
        self._pages = pages
        self.whole = True

    def __iter__(self) -> Iterator[dict[str, Any]]:
        words = {"logGroupName": self._group, "startTime": self._since, "filterPattern": _PHRASE}
        with told(f"cannot read the log {self._group}"):
            pages = self._logs.get_paginator("filter_log_events").paginate(**words)
            for number, page in enumerate(pages, 1):
                for event in page["events"]:
                    yield from _values(event["message"])
                if number == self._pages:
                    self.whole = "nextToken" not in page
                    return


def _values(message: str) -> Iterator[dict[str, Any]]:
    # ministack keeps all that an invocation printed as one message.
    for line in message.splitlines():
        if "CloudWatchMetrics" not in line:
            continue
        try:
            values = json.loads(line)
        except ValueError:
            continue
        if isinstance(values, dict) and "milliseconds" in values:
            yield values
