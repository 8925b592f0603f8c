"""What CloudFormation's check before the start found: the failure itself only says that it did."""

from __future__ import annotations

from typing import Any

# The call that tells, as the failure of a change set and that of a stack name it.
_POINTER = "DescribeEvents"


def is_cause(reason: str) -> bool:
    """Whether a reason that CloudFormation gives only points to what the check found."""
    return _POINTER in reason


def first_found(cloud: Any, **where: str) -> str | None:
    """The first thing found wrong, as "Queue: Resource ... already exists."; None where it is not
    told. `where` is ChangeSetName (an ARN) for a change set, StackName for a stack.
    """
    from botocore.exceptions import ClientError

    try:
        events = cloud.describe_events(**where, Filters={"FailedEvents": True})["OperationEvents"]
    except ClientError:
        # Whoever may not ask is told at least that there is something.
        return None
    for event in events:
        # What it merely warns of stops nothing.
        if event.get("ValidationFailureMode") == "WARN":
            continue
        if reason := event.get("ValidationStatusReason"):
            name = event.get("LogicalResourceId")
            return f"{name}: {reason}" if name else str(reason)
    return None
