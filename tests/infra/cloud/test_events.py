"""The deployed template's wires, with a function that only notes what it is sent: events of the own
and of an existing input bucket, and alarms.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.cloud.account import Account
from infra.cloud.deployment import deploy
from infra.cloud.stack import Stack
from tests.infra.cloud.conftest import write_zip

# What it is sent is what it writes, as its role lets it.
NOTES = b"""
import os, boto3
def handler(event, context):
    bucket = os.environ["LITESCORE_OUTPUT"].split("/")[2]
    for record in event["Records"]:
        key = "records/" + record["messageId"]
        boto3.client("s3").put_object(Bucket=bucket, Key=key, Body=record["body"].encode())
"""


@pytest.fixture
def deployed(empty: Account, tmp_path: Path) -> Callable[..., Stack]:
    """Deploys a stack of some name and parameters whose function notes what it is sent."""
    package = write_zip(tmp_path / "notes.zip", **{"lambda_handler/__init__.py": NOTES})

    def made(name: str, **parameters: str) -> Stack:
        return deploy.deploy(empty.client, package, name=name, parameters=parameters)

    return made


def notes(account: Account, stack: Stack, count: int) -> list[Any]:
    """What the function was sent, once it is that much and nothing is left in the queue; S3's test
    event is left out.
    """
    s3, bucket, end = account.client("s3"), stack.outputs["OutputBucket"], time.monotonic() + 30
    while True:
        empty = drained(account, stack)
        keys = [one["Key"] for one in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
        bodies = [s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys]
        found = [note for note in map(json.loads, bodies) if note.get("Event") != "s3:TestEvent"]
        if len(found) >= count and empty:
            return found
        assert time.monotonic() < end, f"{len(found)} notes instead of {count}"
        time.sleep(0.1)


def drained(account: Account, stack: Stack) -> bool:
    """Whether nothing waits in the queue, and nothing is at work."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = account.client("sqs").get_queue_attributes(
        QueueUrl=stack.outputs["QueueUrl"], AttributeNames=names
    )
    return {found["Attributes"][name] for name in names} == {"0"}


def put(account: Account, bucket: str, *keys: str) -> None:
    """An object for each key."""
    for key in keys:
        account.client("s3").put_object(Bucket=bucket, Key=key, Body=b"png")


def test_an_existing_bucket_tells_by_eventbridge(
    empty: Account, deployed: Callable[..., Stack]
) -> None:
    """What is put under the prefix of a bucket that was there reaches the function, nothing else of
    it, and nothing of another bucket.
    """
    s3 = empty.client("s3")
    for bucket in ("theirs-events", "another-events"):
        s3.create_bucket(Bucket=bucket)
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
    stack = deployed("bridged", InputBucketName="theirs-events", InputPrefix="in/")
    put(empty, "another-events", "in/a.png")
    put(empty, "theirs-events", "out/a.png", "in/a b.png")
    assert stack.outputs["InputBucket"] == "theirs-events"
    [note] = notes(empty, stack, 1)
    assert (note["source"], note["detail-type"]) == ("aws.s3", "Object Created")
    assert note["detail"]["bucket"]["name"] == "theirs-events"
    assert note["detail"]["object"]["key"] == "in/a b.png"
    names = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert f"bridged-input-{empty.number}-{empty.region}" not in names


def test_the_own_bucket_tells_of_its_prefix_only(
    empty: Account, deployed: Callable[..., Stack]
) -> None:
    """Where there is one."""
    stack = deployed("prefixed", InputPrefix="in/")
    put(empty, stack.outputs["InputBucket"], "out/a.png", "in/a.png")
    [note] = notes(empty, stack, 1)
    assert [record["s3"]["object"]["key"] for record in note["Records"]] == ["in/a.png"]


DIMENSIONS = {
    "AWS/SQS": "QueueName",
    "AWS/Lambda": "FunctionName",
    "AWS/States": "StateMachineArn",
}
# Alarm -> the metric that raises it, the resource that it is of, and a value above the threshold.
ALARMS = {
    "DeadLetterAlarm": ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "DeadLetterQueueUrl", 1),
    "LateAlarm": ("AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueUrl", 3601),
    "ErrorsAlarm": ("AWS/Lambda", "Errors", "FunctionName", 1),
    "ThrottlesAlarm": ("AWS/Lambda", "Throttles", "FunctionName", 1),
    "BackfillAlarm": ("AWS/States", "ExecutionsFailed", "BackfillArn", 1),
}


def test_each_alarm_reaches_the_topic(empty: Account, deployed: Callable[..., Stack]) -> None:
    """Its metric goes up: whoever subscribed hears which alarm it is. The metrics are put by the
    test, for ministack has none of queues; it evaluates an alarm when a metric is put.
    """
    stack = deployed("alarmed")
    box = mailbox(empty, stack.outputs["AlarmTopicArn"])
    for namespace, metric, output, value in ALARMS.values():
        named = {"Name": DIMENSIONS[namespace], "Value": stack.outputs[output].rsplit("/", 1)[-1]}
        empty.client("cloudwatch").put_metric_data(
            Namespace=namespace,
            MetricData=[{"MetricName": metric, "Dimensions": [named], "Value": value}],
        )
    heard = {}
    end = time.monotonic() + 20
    while len(heard) < len(ALARMS) and time.monotonic() < end:
        answer = empty.client("sqs").receive_message(QueueUrl=box, MaxNumberOfMessages=10)
        for message in answer.get("Messages", []):
            alarm = json.loads(json.loads(message["Body"])["Message"])
            heard[alarm["AlarmName"].split("-")[1]] = alarm["NewStateValue"]
    assert heard == dict.fromkeys(ALARMS, "ALARM")


def mailbox(account: Account, topic: str) -> str:
    """A queue that is sent what is published to a topic."""
    sqs = account.client("sqs")
    url: str = sqs.create_queue(QueueName="mailbox")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn["QueueArn"],
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    account.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn["QueueArn"])
    return url
