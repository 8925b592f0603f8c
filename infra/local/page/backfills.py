"""Backfills: executions of the state machine, where the stack has one."""

from __future__ import annotations

import json
from typing import Any

from infra.cloud.account import Account
from infra.cloud.backfills import runs
from infra.cloud.backfills.runs import Run
from infra.cloud.stack import Stack

_SHOWN = 5


class Backfills:
    """The last few; one that has ended is asked about once."""

    def __init__(self, account: Account, stack: Stack) -> None:
        self._account = account
        self._machine = stack.outputs.get("BackfillArn")
        self._ended: dict[str, dict[str, Any]] = {}

    def look(self) -> list[dict[str, Any]]:
        """The last first."""
        if not self._machine:
            return []
        machines = self._account.client("stepfunctions")
        found = machines.list_executions(stateMachineArn=self._machine, maxResults=_SHOWN)
        return [self._told(machines, one) for one in found["executions"][:_SHOWN]]

    def _told(self, machines: Any, one: dict[str, Any]) -> dict[str, Any]:
        arn = one["executionArn"]
        if arn in self._ended:
            return self._ended[arn]
        progress = runs.look(self._account, Run(arn, one["name"], one["startDate"]))
        stopped = one.get("stopDate")
        told = {
            "name": one["name"],
            "status": progress.status.lower(),
            "about": about(machines.describe_execution(executionArn=arn)["input"]),
            "done": progress.done,
            "total": progress.total,
            "failed": progress.failed,
            "reason": progress.reason,
            "begun": one["startDate"].timestamp(),
            "ended": stopped.timestamp() if stopped else None,
        }
        if stopped:
            self._ended[arn] = told
        return told


def about(asked: str) -> str:
    """What an execution's input names, for people."""
    try:
        wanted = json.loads(asked)
        place = f"s3://{wanted['bucket']}/{wanted['prefix']}"
        way = wanted["from"]
    except (ValueError, KeyError, TypeError):
        return asked[:100]
    return place if way == "objects" else f"{way} of {place}"
