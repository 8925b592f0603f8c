"""Runs of the backfill's state machine: started, found again, looked at, stopped."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from infra.cloud.account import Account
from infra.cloud.backfills.scope import Work
from infra.cloud.refusals import told
from infra.cloud.stack import Stack
from litescore.errors import UsageError

RUNNING, SUCCEEDED = "RUNNING", "SUCCEEDED"
_FOLDER = "backfills"
_CAUSE = 300


@dataclass(frozen=True)
class Run:
    """A run: its ARN, its name, and since when it runs."""

    arn: str
    name: str
    start: datetime


@dataclass(frozen=True)
class Progress:
    """How far a run is, in images.

    status    RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED
    total     found so far: a long listing is read while the first images are scored
    failed    in batches that failed for good; what is wrong with an image itself is in its record
    map_run   ARN of what does the work, None before it begins
    reason    why the run failed, "" where it did not
    """

    status: str
    total: int = 0
    pending: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    map_run: str | None = None
    reason: str = ""

    @property
    def done(self) -> int:
        """Images that need nothing more, failed ones too."""
        return self.succeeded + self.failed

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen, well or not."""
        return self.status != RUNNING


@dataclass(frozen=True)
class Failure:
    """A batch that failed: its first image, how many, and why."""

    image: str
    images: int
    reason: str

    def __str__(self) -> str:
        more = f" and {self.images - 1} more" if self.images > 1 else ""
        return f"{self.image}{more}: {self.reason}"


def start(account: Account, stack: Stack, work: Work) -> Run:
    """Start a run. Raises ConfigurationError with AWS's reason."""
    now = datetime.now(UTC)
    name = f"{now:%Y%m%d-%H%M%S}-{work.source}-{uuid.uuid4().hex[:6]}"
    with told(f"cannot start a backfill of stack {stack.name}"):
        answer = account.client("stepfunctions").start_execution(
            stateMachineArn=_machine(stack), name=name, input=work.input()
        )
    return Run(answer["executionArn"], name, now)


def find(account: Account, stack: Stack, named: str) -> Run:
    """A run by its ARN or its name. Raises UsageError where the stack has none of that name."""
    prefix = f"{_machine(stack).replace(':stateMachine:', ':execution:')}:"
    arn = named if named.startswith("arn:") else f"{prefix}{named}"
    client = account.client("stepfunctions")
    with told(f"cannot look for backfill {named}"):
        try:
            found = client.describe_execution(executionArn=arn)
        except (client.exceptions.ExecutionDoesNotExist, client.exceptions.InvalidArn):
            raise UsageError(f"stack {stack.name} has no backfill {named}") from None
    return Run(arn, found["name"], _moment(found["startDate"]))


def running(account: Account, stack: Stack) -> list[Run]:
    """Those that run now, the newest first."""
    with told(f"cannot list the backfills of stack {stack.name}"):
        found = account.client("stepfunctions").list_executions(
            stateMachineArn=_machine(stack), statusFilter=RUNNING
        )
    return [
        Run(one["executionArn"], one["name"], _moment(one["startDate"]))
        for one in found["executions"]
    ]


def stop(account: Account, run: Run) -> None:
    """End a run; what is under way is finished, and its records are written."""
    with told(f"cannot stop backfill {run.name}"):
        account.client("stepfunctions").stop_execution(
            executionArn=run.arn, error="Stopped", cause="stopped by litescore backfill --stop"
        )


def look(account: Account, run: Run) -> Progress:
    """How far a run is now."""
    client = account.client("stepfunctions")
    with told(f"cannot look at backfill {run.name}"):
        execution = client.describe_execution(executionArn=run.arn)
        maps = client.list_map_runs(executionArn=run.arn)["mapRuns"]
        found = client.describe_map_run(mapRunArn=maps[0]["mapRunArn"]) if maps else None
    return _progress(execution, found)


def failures(account: Account, progress: Progress, most: int = 3) -> Iterator[Failure]:
    """The batches that failed first of those that are known, `most` of them."""
    if progress.map_run is None:
        return
    client = account.client("stepfunctions")
    with told("cannot look at the batches that failed"):
        listed = client.list_executions(
            mapRunArn=progress.map_run, statusFilter="FAILED", maxResults=most
        )
        for one in reversed(listed["executions"]):
            yield _failure(client.describe_execution(executionArn=one["executionArn"]))


def failed_list(stack: Stack, progress: Progress) -> str | None:
    """Where the state machine lists the batches that failed, None where none did."""
    if progress.map_run is None or not progress.failed:
        return None
    folder = progress.map_run.rpartition(":")[2]
    return f"s3://{stack.outputs['OutputBucket']}/{_FOLDER}/{folder}/FAILED_0.json"


def _machine(stack: Stack) -> str:
    if "BackfillArn" not in stack.outputs:
        raise UsageError(
            f"stack {stack.name} has no state machine: bring it up to date with `litescore deploy`"
        )
    return stack.outputs["BackfillArn"]


def _progress(execution: dict[str, Any], found: dict[str, Any] | None) -> Progress:
    reason = ""
    if execution["status"] not in (RUNNING, SUCCEEDED):
        parts = (execution.get("error"), execution.get("cause"))
        reason = ": ".join(_plain(part) for part in parts if part) or "no reason given"
    if found is None:
        return Progress(execution["status"], reason=reason)
    counts = found["itemCounts"]
    return Progress(
        status=execution["status"],
        total=counts["total"],
        pending=counts["pending"],
        running=counts["running"],
        succeeded=counts["succeeded"],
        failed=counts["failed"] + counts["timedOut"] + counts["aborted"],
        map_run=found["mapRunArn"],
        reason=reason,
    )


def _failure(child: dict[str, Any]) -> Failure:
    # An input that is too long is not told.
    given = json.loads(child.get("input") or "{}")
    items = given.get("Items", [given])
    first = items[0].get("row", items[0]) if items else {}
    image = f"s3://{first.get('Bucket', '')}/{first.get('Key', '')}"
    why = f"{child.get('error', '')}: {_plain(child.get('cause', ''))}"
    return Failure(image, len(items), why)


def _plain(text: str) -> str:
    """A cause for people: what the function raised comes as JSON, with a traceback."""
    try:
        held = json.loads(text)
        text = held["errorMessage"]
    except (ValueError, KeyError, TypeError):
        pass
    line = " ".join(str(text).split())
    return line if len(line) <= _CAUSE else f"{line[:_CAUSE]}..."


def _moment(found: datetime) -> datetime:
    return found.astimezone(UTC)
