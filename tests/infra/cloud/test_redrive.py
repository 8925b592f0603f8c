"""`litescore redrive` on the local cloud; SQS's own move task, which that lacks, on a stub of boto3's."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from infra.cloud import dead_letters, redrive
from infra.cloud.account import Account, at
from infra.cloud.stack import Stack
from infra.local.cloud import LocalCloud
from infra.package.build import Package
from litescore.errors import ConfigurationError
from tests.infra.cloud.quiet import Said, deployed, say
from tests.lambda_handler import shapes

ARN = "arn:aws:sqs:us-east-1:123456789012:"


@pytest.fixture(scope="module")
def cloud(
    cloud: LocalCloud, built: Package, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalCloud]:
    """A stack whose queue keeps what is sent to it."""
    with deployed(cloud, built, "redrive", tmp_path_factory.mktemp("home")) as found:
        yield found


@pytest.fixture
def letters(cloud: LocalCloud) -> list[str]:
    """Bodies of three dead letters, alone in their queue; the queue itself is empty."""
    sqs, outputs = cloud.client("sqs"), cloud.stack.outputs
    for name in ("QueueUrl", "DeadLetterQueueUrl"):
        sqs.purge_queue(QueueUrl=outputs[name])
    bodies = [
        json.dumps(shapes.notification("shoes", "a b.png", "b.png")),
        json.dumps(shapes.bridged("shoes", "c+.png")),
        "no event at all",
    ]
    for number, body in enumerate(bodies):
        sqs.send_message(
            QueueUrl=outputs["DeadLetterQueueUrl"],
            MessageBody=body,
            MessageAttributes={"number": {"DataType": "Number", "StringValue": str(number)}},
        )
    return bodies


@pytest.fixture
def spoken(cloud: LocalCloud, capsys: pytest.CaptureFixture[str]) -> Any:
    """`spoken("--yes")`: a redrive of that stack."""

    def speak(*words: str) -> Said:
        return say(cloud, capsys, ["redrive", *words])

    return speak


def received(cloud: LocalCloud, queue: str) -> list[Any]:
    """What a queue holds, body and attribute, in order; it stays there."""
    found = cloud.client("sqs").receive_message(
        QueueUrl=cloud.stack.outputs[queue],
        MaxNumberOfMessages=10,
        VisibilityTimeout=0,
        MessageAttributeNames=["All"],
    )
    return sorted(
        (one["MessageAttributes"]["number"]["StringValue"], one["Body"])
        for one in found.get("Messages", [])
    )


def test_all_go_back_as_they_are(cloud: LocalCloud, spoken: Any, letters: list[str]) -> None:
    """Shown first, with the images that they name; bodies and attributes stay; then there is none."""
    done = spoken("--yes")
    assert (done.code, done.out) == (0, "3 of 3 sent back\n")
    assert "3 dead letters" in done.err
    for shown in ("s3://shoes/a b.png and 1 more", "s3://shoes/c+.png", "not understood"):
        assert f"  {shown}: the log does not say why" in done.err
    expected = [(str(number), body) for number, body in enumerate(letters)]
    assert received(cloud, "QueueUrl") == expected
    assert received(cloud, "DeadLetterQueueUrl") == []
    again = spoken("--yes")
    assert (again.code, again.out, again.err) == (0, "nothing to redrive\n", "")


def test_some_go_back(cloud: LocalCloud, spoken: Any, letters: list[str]) -> None:
    """No more than asked for; the others stay."""
    done = spoken("--yes", "--max", "2", "--json")
    assert json.loads(done.out) == {"waiting": 3, "moved": 2}
    # No bar without a terminal: its label would be a lone word.
    assert done.err.splitlines()[-1].startswith("  ")
    assert len(received(cloud, "QueueUrl")) == 2
    assert len(received(cloud, "DeadLetterQueueUrl")) == 1


def test_none_goes_back_unasked(
    cloud: LocalCloud, spoken: Any, letters: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And to look at them hides none."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    assert spoken().code == 2
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    declined = spoken()
    assert (declined.code, declined.out) == (0, "0 of 3 sent back\n")
    assert len(received(cloud, "DeadLetterQueueUrl")) == 3
    assert received(cloud, "QueueUrl") == []


def test_the_reason_is_what_the_log_says(
    cloud: LocalCloud, spoken: Any, letters: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The function's own line about the image, written by itself before."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    logs, group = cloud.client("logs"), cloud.stack.outputs["LogGroup"]
    said = {"level": "WARNING", "message": "S3 was throttled", "status": "left"}
    line = json.dumps(said | {"source": "s3://shoes/c+.png"})
    logs.create_log_stream(logGroupName=group, logStreamName="said")
    [sent] = [letter.sent for letter in look(cloud).letters if letter.what.endswith("c+.png")]
    event = {"timestamp": int(sent.timestamp() * 1000) + 1000, "message": line}
    logs.put_log_events(logGroupName=group, logStreamName="said", logEvents=[event])
    assert "s3://shoes/c+.png: S3 was throttled" in spoken().err


def look(cloud: LocalCloud) -> redrive.Waiting:
    return redrive.look(at(cloud.endpoint), cloud.stack)


def test_what_cannot_be_sent_is_kept(cloud: LocalCloud, letters: list[str]) -> None:
    """Sent before it is deleted: where the queue takes nothing, every letter is still there."""
    account = at(cloud.endpoint)
    nowhere = {**cloud.stack.outputs, "QueueUrl": f"{cloud.stack.outputs['QueueUrl']}-gone"}
    with pytest.raises(ConfigurationError, match="cannot send back the dead letters"):
        list(redrive.send_back(account, Stack("redrive", nowhere), most=3))
    found = cloud.client("sqs").get_queue_attributes(
        QueueUrl=cloud.stack.outputs["DeadLetterQueueUrl"], AttributeNames=["All"]
    )["Attributes"]
    left = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    assert sum(int(found[name]) for name in left) == len(letters)


@pytest.fixture
def stubbed() -> Iterator[tuple[Stubber, Account]]:
    """SQS as AWS answers, for what ministack does not know: its move tasks. boto3 checks both ways
    against the service's own description.
    """
    client = boto3.client(
        "sqs", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stub:
        yield stub, Account(lambda _: client, "a stub", "123456789012", "us-east-1", False)
        stub.assert_no_pending_responses()


OUTPUTS = {"QueueUrl": "https://sqs/queue", "DeadLetterQueueUrl": "https://sqs/dead"}


def attributes(stub: Stubber, queue: str, count: int) -> None:
    stub.add_response(
        "get_queue_attributes",
        {"Attributes": {"QueueArn": ARN + queue, "ApproximateNumberOfMessages": str(count)}},
        {
            "QueueUrl": f"https://sqs/{queue}",
            "AttributeNames": ["QueueArn", "ApproximateNumberOfMessages"],
        },
    )


def tasked(stub: Stubber, *answers: dict[str, Any]) -> None:
    """A move task that SQS begins, and what it says of it each time."""
    attributes(stub, "dead", 5)
    attributes(stub, "queue", 0)
    ends = {"SourceArn": f"{ARN}dead", "DestinationArn": f"{ARN}queue"}
    stub.add_response("start_message_move_task", {"TaskHandle": "t"}, ends)
    for answer in answers:
        asked = {"SourceArn": f"{ARN}dead", "MaxResults": 1}
        results = [answer] if answer else []
        stub.add_response("list_message_move_tasks", {"Results": results}, asked)


def test_sqs_moves_them_by_itself(
    stubbed: tuple[Stubber, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it can: one task, followed to its end."""
    monkeypatch.setattr(redrive, "_PAUSE", 0)
    stub, account = stubbed
    running = {"Status": "RUNNING", "ApproximateNumberOfMessagesMoved": 2}
    ended = {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 5}
    not_yet: dict[str, Any] = {}
    tasked(stub, not_yet, running | {"ApproximateNumberOfMessagesToMove": 5}, ended)
    moved = list(redrive.send_back(account, Stack("shoes", OUTPUTS)))
    assert [(one.done, one.total) for one in moved] == [(0, 5), (2, 5), (5, 5)]


def test_a_move_that_fails_says_how_far_it_came(stubbed: tuple[Stubber, Account]) -> None:
    """With SQS's own reason."""
    stub, account = stubbed
    failed = {"Status": "FAILED", "FailureReason": "CouldNotDetermineMessageSource"}
    tasked(stub, failed | {"ApproximateNumberOfMessagesMoved": 2})
    with pytest.raises(ConfigurationError, match=r"moved 2 .* CouldNotDetermineMessageSource"):
        list(redrive.send_back(account, Stack("shoes", OUTPUTS)))


def test_all_of_the_queue_is_looked_at(stubbed: tuple[Stubber, Account]) -> None:
    """SQS asks a part of its servers where nobody waits: of a few letters it may find none."""
    stub, account = stubbed
    asked = {
        "QueueUrl": "https://sqs/dead",
        "MaxNumberOfMessages": 10,
        "VisibilityTimeout": 0,
        "WaitTimeSeconds": 1,
        "AttributeNames": ["SentTimestamp"],
    }
    stub.add_response("receive_message", {"Messages": []}, asked)
    assert dead_letters.peek(account, Stack("shoes", OUTPUTS)) == ()
