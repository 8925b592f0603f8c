"""Backfills: executions of the state machine, where the stack has one."""

from __future__ import annotations

import json
from typing import Any

from infra.cloud.account import Account
from infra.cloud.stack import Stack

_SHOWN = 5


class Backfills:
    """The last few; what a finished one was about is asked once."""

    def __init__(self, account: Account, stack: Stack) -> None:
        self._account = account
        self._machine = stack.outputs.get("BackfillArn")
        self._about: dict[str, str] = {}

    def look(self) -> list[dict[str, Any]]:
        """The last first."""
        if not self._machine:
            return []
        machines = self._account.client("stepfunctions")
        found = machines.list_executions(stateMachineArn=self._machine, maxResults=_SHOWN)
        return [self._told(machines, one) for one in found["executions"][:_SHOWN]]

    def _told(self, machines: Any, one: dict[str, Any]) -> dict[str, Any]:
        arn = one["executionArn"]
        if arn not in self._about:
            asked = machines.describe_execution(executionArn=arn)["input"]
            self._about[arn] = about(asked)
        stopped = one.get("stopDate")
        return {
            "name": one["name"],
            "status": one["status"].lower(),
            "about": self._about[arn],
            "begun": one["startDate"].timestamp(),
            "ended": stopped.timestamp() if stopped else None,
        }


def about(asked: str) -> str:
    """What an execution's input names, for people."""
    try:
        wanted = json.loads(asked)
        place = f"s3://{wanted['bucket']}/{wanted['prefix']}"
        way = wanted["from"]
    except (ValueError, KeyError, TypeError):
        return asked[:100]
    return place if way == "objects" else f"{way} of {place}"
