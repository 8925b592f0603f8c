"""How a deployed job does: each part asked for by itself, so that one that is denied hides no other.

A part is what JSON holds. One that could not be had is `{"unknown": why}`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.cloud import function_log
from infra.cloud.account import Account
from infra.cloud.backfills import runs
from infra.cloud.newest_records import newest
from infra.cloud.refusals import told
from infra.cloud.stack import Stack
from litescore.errors import LitescoreError

UNKNOWN = "unknown"
_HOUR = 3600

Part = dict[str, Any]


def read(account: Account, stack: Stack, *, records: int = 5) -> dict[str, Part]:
    """Every part by its name, with up to so many of the newest records."""
    parts: dict[str, Callable[[], Part]] = {
        "queue": lambda: _queue(account, stack.outputs["QueueUrl"]),
        "dead_letters": lambda: _queue(account, stack.outputs["DeadLetterQueueUrl"]),
        "function": lambda: _function(account, stack),
        "last_hour": lambda: _last_hour(account, stack),
        "images": lambda: _images(account, stack),
        "backfills": lambda: _backfills(account, stack),
        "alarms": lambda: _alarms(account, stack),
        "records": lambda: {"newest": newest(account, stack, records)},
    }
    return {name: _tried(name, part) for name, part in parts.items()}


def _tried(name: str, part: Callable[[], Part]) -> Part:
    try:
        with told(name.replace("_", " ")):
            return part()
    except LitescoreError as error:
        return {UNKNOWN: str(error)}
    except KeyError as error:
        return {UNKNOWN: f"the stack has no output {error}: bring it up to date"}


def _queue(account: Account, url: str) -> Part:
    counts = {
        "waiting": "ApproximateNumberOfMessages",
        "in_flight": "ApproximateNumberOfMessagesNotVisible",
        "delayed": "ApproximateNumberOfMessagesDelayed",
    }
    found = account.client("sqs").get_queue_attributes(
        QueueUrl=url, AttributeNames=list(counts.values())
    )["Attributes"]
    messages: Part = {ours: int(found.get(theirs, 0)) for ours, theirs in counts.items()}
    return messages | {"oldest_seconds": _oldest(account, url.rsplit("/", 1)[-1])}


def _oldest(account: Account, queue: str) -> float | None:
    """Age of the oldest message; SQS tells it to CloudWatch only, a few minutes late."""
    points = _points(
        account, "AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", queue, "Maximum", 900
    )
    return max(points, key=lambda point: point["Timestamp"])["Maximum"] if points else None


def _function(account: Account, stack: Stack) -> Part:
    name = stack.outputs["FunctionName"]
    found = account.client("lambda").get_function_configuration(FunctionName=name)
    environ = found.get("Environment", {}).get("Variables", {})
    return {
        "name": name,
        "state": found.get("State"),
        "last_update": found.get("LastUpdateStatus"),
        "reason": found.get("StateReason") or found.get("LastUpdateStatusReason"),
        "modified": found.get("LastModified"),
        "runtime": found.get("Runtime"),
        "memory": found.get("MemorySize"),
        "timeout": found.get("Timeout"),
        "model": environ.get("LITESCORE_MODEL_SHA256")
        or stack.outputs.get("ModelSha256")
        or environ.get("LITESCORE_MODEL"),
    }


def _last_hour(account: Account, stack: Stack) -> Part:
    name = stack.outputs["FunctionName"]

    def total(metric: str) -> int | None:
        points = _points(account, "AWS/Lambda", metric, "FunctionName", name, "Sum", _HOUR)
        return int(sum(point["Sum"] for point in points)) if points else None

    return {name.lower(): total(name) for name in ("Invocations", "Errors", "Throttles")}


def _points(
    account: Account,
    namespace: str,
    metric: str,
    dimension: str,
    value: str,
    statistic: str,
    seconds: int,
) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    found = account.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": dimension, "Value": value}],
        StartTime=now - timedelta(seconds=seconds),
        EndTime=now + timedelta(seconds=60),
        Period=300,
        Statistics=[statistic],
    )
    points: list[dict[str, Any]] = found["Datapoints"]
    return points


def _images(account: Account, stack: Stack) -> Part:
    """Of the last hour, by the function's log."""
    told = function_log.read(account, stack, datetime.now(UTC) - timedelta(seconds=_HOUR))
    return {
        **{status: told.statuses[status] for status in ("scored", "failed", "superseded")},
        "failed_kinds": dict(told.kinds),
        "milliseconds_an_image": told.milliseconds_an_image,
        "images_a_second": told.images_a_second,
        "cold_starts": told.cold_starts,
        "whole": told.whole,
    }


def _backfills(account: Account, stack: Stack) -> Part:
    found = []
    for run in runs.running(account, stack):
        progress = runs.look(account, run)
        counts = {"done": progress.done, "failed": progress.failed, "total": progress.total}
        found.append({"name": run.name, "since": run.start.isoformat(), **counts})
    return {"running": found}


def _alarms(account: Account, stack: Stack) -> Part:
    """Those that CloudFormation made: the names of another stack's may begin alike."""
    pages = account.client("cloudformation").get_paginator("list_stack_resources")
    names = [
        resource["PhysicalResourceId"]
        for page in pages.paginate(StackName=stack.name)
        for resource in page["StackResourceSummaries"]
        if resource["ResourceType"] == "AWS::CloudWatch::Alarm"
    ]
    if not names:
        return {"states": {}}
    found = account.client("cloudwatch").describe_alarms(AlarmNames=names, MaxRecords=100)
    return {"states": {alarm["AlarmName"]: alarm["StateValue"] for alarm in found["MetricAlarms"]}}
