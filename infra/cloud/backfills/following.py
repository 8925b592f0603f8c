"""A run followed to its end, and what came of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from infra.cloud import function_log
from infra.cloud.account import Account
from infra.cloud.backfills import runs
from infra.cloud.backfills.price import Rate
from infra.cloud.backfills.runs import Failure, Progress, Run
from infra.cloud.function_log import Told
from infra.cloud.stack import Stack
from litescore.errors import ConfigurationError

# Seconds between two looks: AWS counts them, and its numbers are a few seconds old.
_LOCAL, _AWS = 0.5, 3.0
# Times that a log which still grows is read again.
_LATE = 5


@dataclass(frozen=True)
class Result:
    """What came of a run.

    told      what the function's log says about the time of the run, None where it cannot be read
    dollars   what it cost, about
    failures  the first batches that failed
    listed    where all of them are listed, None where none failed
    """

    run: Run
    progress: Progress
    dollars: float
    told: Told | None
    failures: tuple[Failure, ...]
    listed: str | None

    @property
    def exit_code(self) -> int:
        """0, or 1 where batches or single images failed."""
        whole = self.progress.status == runs.SUCCEEDED and not self.progress.failed
        return 0 if whole and not (self.told and self.told.statuses["failed"]) else 1

    def as_dict(self) -> dict[str, Any]:
        """For machines."""
        progress, records = self.progress, self.told
        return {
            "name": self.run.name,
            "arn": self.run.arn,
            "status": progress.status,
            "reason": progress.reason or None,
            "images": {
                "total": progress.total,
                "succeeded": progress.succeeded,
                "failed": progress.failed,
            },
            "records": dict(records.statuses) if records else None,
            "failed_kinds": dict(records.kinds) if records else None,
            "dollars": round(self.dollars, 6),
            "failures": [vars(one) for one in self.failures],
            "failed_list": self.listed,
        }


def follow(account: Account, run: Run) -> Iterator[Progress]:
    """Look until it has ended; the last that comes out has."""
    pause = _LOCAL if account.local else _AWS
    while True:
        progress = runs.look(account, run)
        yield progress
        if progress.ended:
            return
        time.sleep(pause)


def result(account: Account, stack: Stack, run: Run, progress: Progress, rate: Rate) -> Result:
    """What came of a run that has ended.

    Raises ConfigurationError, with the state machine's reason, for one that failed before it scored
    anything: its list or bucket could not be read, or every batch failed.
    """
    failures = tuple(runs.failures(account, progress))
    if progress.reason and not progress.succeeded and progress.status != "ABORTED":
        why = failures[0].reason if failures else progress.reason
        raise ConfigurationError(f"backfill {run.name} failed: {why}")
    told = _told(account, stack, run)
    listed = runs.failed_list(stack, progress)
    dollars = _measured(rate, told).dollars(progress.done)
    return Result(run, progress, dollars, told, failures, listed)


def _measured(rate: Rate, told: Told | None) -> Rate:
    """By what this very run took, where the log says it."""
    milliseconds = told.milliseconds_an_image if told else None
    return replace(rate, milliseconds=milliseconds, measured=True) if milliseconds else rate


def _told(account: Account, stack: Stack, run: Run) -> Told | None:
    """What the log says, once it says no more: its last lines come some seconds late."""
    try:
        found = function_log.read(account, stack, run.start, form=function_log.BACKFILL)
        for _ in range(0 if account.local else _LATE):
            time.sleep(_AWS)
            before = found.invocations
            found = function_log.read(account, stack, run.start, form=function_log.BACKFILL)
            if found.invocations == before:
                break
    except ConfigurationError:
        return None
    return found


class Pace:
    """Images a second since the first look, and how long the rest takes at that."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._before: int | None = None

    def rate(self, progress: Progress) -> float:
        """Images a second; 0 before there are any."""
        if self._before is None:
            self._before = progress.done
        seconds = time.monotonic() - self._start
        return (progress.done - self._before) / seconds if seconds > 0 else 0.0

    def left(self, progress: Progress) -> float | None:
        """Seconds, None where nobody knows."""
        rate = self.rate(progress)
        return (progress.total - progress.done) / rate if rate else None
