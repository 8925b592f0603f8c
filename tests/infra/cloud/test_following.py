"""A stack followed to its end, where AWS is slower and less tidy than a local cloud.

CloudFormation is played from a script here: the local one does all in a moment, never reports a
status of before the start, and stops at the first failure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from infra.cloud.deployment import following

CONFLICT = {"ValidationStatusReason": "Resource 'shoes-output' already exists."}
ARN = "arn:aws:cloudformation:eu-west-1:000000000000:stack/shoes/1"


class Scripted:
    """CloudFormation as it answers each time that it is looked at: (new events, the status)."""

    def __init__(self, *looks: tuple[Sequence[tuple[str, str, str]], str]) -> None:
        self._looks = list(looks)
        self._events: list[dict[str, str]] = []
        self._status = ""

    def get_paginator(self, _name: str) -> Scripted:
        return self

    def paginate(self, StackName: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        if self._looks:
            new, self._status = self._looks.pop(0)
            for resource, status, reason in new:
                self._events.insert(0, _event(len(self._events), resource, status, reason))
        for event in self._events:
            yield {"StackEvents": [event]}

    def describe_events(self, StackName: str, **_: object) -> dict[str, Any]:  # noqa: N803
        return {"OperationEvents": [{}, {"LogicalResourceId": "Out", **CONFLICT}]}

    def describe_stacks(self, StackName: str) -> dict[str, Any]:  # noqa: N803
        return {"Stacks": [{"StackStatus": self._status}]}


def _event(number: int, resource: str, status: str, reason: str) -> dict[str, str]:
    whole = resource == "shoes"
    return {
        "EventId": str(number),
        "StackId": ARN,
        "LogicalResourceId": resource,
        "PhysicalResourceId": ARN if whole else resource,
        "ResourceType": "AWS::CloudFormation::Stack" if whole else "AWS::SQS::Queue",
        "ResourceStatus": status,
        "ResourceStatusReason": reason,
    }


def followed(cloud: Scripted, before: frozenset[str]) -> tuple[following.End, list[str]]:
    """How it ended, and what was told."""
    told: list[str] = []

    def tell(event: following.Event) -> None:
        told.append(f"{event.resource} {event.status}")

    def client(_service: str) -> Scripted:
        return cloud

    return following.follow(client, ARN, before, tell, pause=0), told


def test_a_status_of_before_the_start_is_not_the_end() -> None:
    """An update that has not begun looks like one that is over; its own events tell them apart."""
    old = ([("shoes", "CREATE_COMPLETE", "")], "CREATE_COMPLETE")
    cloud = Scripted(
        old,
        ([], "CREATE_COMPLETE"),
        ([("shoes", "UPDATE_IN_PROGRESS", "")], "UPDATE_IN_PROGRESS"),
        ([("Queue", "UPDATE_COMPLETE", "")], "UPDATE_IN_PROGRESS"),
        ([("shoes", "UPDATE_COMPLETE", "")], "UPDATE_COMPLETE"),
    )
    before = following.begun(lambda _: cloud, ARN)
    end, told = followed(cloud, before)
    assert (end.status, end.good) == ("UPDATE_COMPLETE", True)
    assert told == ["shoes UPDATE_IN_PROGRESS", "Queue UPDATE_COMPLETE", "shoes UPDATE_COMPLETE"]


def test_the_first_cause_is_what_counts() -> None:
    """Not what was stopped because of it, and not what failed later; the way back is waited for."""
    cloud = Scripted(
        ([("shoes", "CREATE_IN_PROGRESS", "")], "CREATE_IN_PROGRESS"),
        (
            [
                ("Log", "CREATE_FAILED", "Resource creation cancelled"),
                ("Queue", "CREATE_FAILED", "no more\n  queues"),
                ("Topic", "CREATE_FAILED", "later"),
                ("shoes", "CREATE_FAILED", "some failed: [Queue, Topic]"),
            ],
            "ROLLBACK_IN_PROGRESS",
        ),
        ([("shoes", "ROLLBACK_COMPLETE", "")], "ROLLBACK_COMPLETE"),
    )
    end, told = followed(cloud, frozenset())
    assert end == following.End("ROLLBACK_COMPLETE", "Queue: no more queues")
    assert not end.good
    assert told[-1] == "shoes ROLLBACK_COMPLETE"


@pytest.mark.parametrize("status", ["ROLLBACK_FAILED", "UPDATE_ROLLBACK_COMPLETE"])
def test_a_rollback_is_no_good_end(status: str) -> None:
    """Also where no event says why, as after a deployment that somebody cancelled."""
    end, _ = followed(Scripted(([("shoes", status, "")], status)), frozenset())
    assert not end.good


def test_what_the_check_before_the_start_found_is_the_cause() -> None:
    """The event says no more than how many things are wrong."""
    reason = "Validation failed with 1 error(s). Call DescribeEvents to retrieve the full list"
    events = [("shoes", "CREATE_FAILED", reason), ("shoes", "ROLLBACK_COMPLETE", "")]
    end, _ = followed(Scripted((events, "ROLLBACK_COMPLETE")), frozenset())
    assert end.cause == "Out: Resource 'shoes-output' already exists."
