"""`litescore status` on the local cloud: what it shows, and that a part which fails hides no other."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra.cloud import status, status_command
from infra.cloud.account import at
from infra.cloud.stack import Stack
from infra.cloud.status_text import lines
from infra.local.cloud import LocalCloud
from infra.package.build import Package
from tests.infra.cloud.quiet import Said, deployed, say
from tests.rig.pngs import Pngs

RECORDS = 3


@pytest.fixture(scope="module")
def cloud(
    cloud: LocalCloud, built: Package, pngs: Pngs, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalCloud]:
    """A stack at work: two messages wait, one is dead, three images are scored and one is corrupt."""
    with deployed(cloud, built, "status", tmp_path_factory.mktemp("home")) as found:
        sqs, s3, outputs = found.client("sqs"), found.client("s3"), found.stack.outputs
        for name, count in (("QueueUrl", 2), ("DeadLetterQueueUrl", 1)):
            for _ in range(count):
                sqs.send_message(QueueUrl=outputs[name], MessageBody="{}")
        for path in pngs.paths[:RECORDS]:
            s3.upload_file(str(path), found.input_bucket, f"in/{path.name}")
        s3.put_object(Bucket=found.input_bucket, Key="in/broken.png", Body=b"\x89PNG and no more")
        answer = found.client("lambda").invoke(
            FunctionName=outputs["FunctionName"],
            Payload=json.dumps({"prefix": f"s3://{found.input_bucket}/in/"}),
        )
        assert json.loads(answer["Payload"].read())["scored"] == RECORDS
        yield found


@pytest.fixture
def spoken(cloud: LocalCloud, capsys: pytest.CaptureFixture[str]) -> Any:
    """`spoken("--json")`: the status of that stack."""

    def speak(*words: str) -> Said:
        return say(cloud, capsys, ["status", *words])

    return speak


def test_a_job_at_a_glance(cloud: LocalCloud, spoken: Any) -> None:
    """Each part for machines."""
    done = spoken("--json", "--newest", "4")
    told = json.loads(done.out)
    assert done.code == 0
    # What lies in the input bucket was announced too, and the notifications themselves were tested.
    assert told["queue"]["waiting"] == 2 + RECORDS + 1 + 1
    assert told["dead_letters"]["waiting"] == 1
    assert told["function"]["state"] == "Active"
    assert told["function"]["memory"] == 1769
    images = told["images"]
    assert (images["scored"], images["failed"]) == (RECORDS, 1)
    assert images["failed_kinds"] == {"corrupt": 1}
    assert images["milliseconds_an_image"] > 0
    assert told["backfills"] == {"running": []}
    newest = told["records"]["newest"]
    assert len(newest) == RECORDS + 1
    assert [one["at"] for one in newest] == sorted((one["at"] for one in newest), reverse=True)
    assert {one["kind"] for one in newest} == {None, "corrupt"}
    assert not [name for name, part in told.items() if "unknown" in part]


def test_in_words(spoken: Any) -> None:
    """The same for people, with what to do about the dead letter."""
    done = spoken("--newest", "1")
    assert "queue         7 waiting, 0 in flight, 0 delayed" in done.out
    assert "dead letters  1: `litescore redrive`" in done.out
    assert "images        3 scored, 1 failed, 0 superseded in the last hour" in done.out
    assert "1 corrupt" in done.out
    assert done.out.count("s3://status-input-") == 1


def test_an_alarm_is_named(cloud: LocalCloud, spoken: Any) -> None:
    """That is in ALARM; the others of this stack are counted."""
    watch = cloud.client("cloudwatch")
    names = [one["AlarmName"] for one in watch.describe_alarms()["MetricAlarms"]]
    [name] = [one for one in names if one.startswith("status-DeadLetter")]
    watch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a letter")
    own = [one for one in names if one.startswith("status-")]
    said = spoken().out
    assert f"alarms        {name} in ALARM" in said
    assert sum(int(n) for n in re.findall(r"(\d+) (?:OK|INSUFFICIENT_DATA)", said)) == len(own) - 1


def test_a_running_backfill_is_told(cloud: LocalCloud, spoken: Any) -> None:
    """By its name, with how far it is; here its function is throttled, so that it waits."""
    states, machine = cloud.client("stepfunctions"), cloud.stack.outputs["BackfillArn"]
    functions, function = cloud.client("lambda"), cloud.stack.outputs["FunctionName"]
    given = {"from": "objects", "bucket": cloud.input_bucket, "prefix": "in/", "max_images": 10}
    functions.put_function_concurrency(FunctionName=function, ReservedConcurrentExecutions=0)
    try:
        begun = states.start_execution(
            stateMachineArn=machine, name="run-1", input=json.dumps(given)
        )
        told = json.loads(spoken("--json").out)
        states.stop_execution(executionArn=begun["executionArn"])
    finally:
        functions.delete_function_concurrency(FunctionName=function)
    [run] = told["backfills"]["running"]
    assert (run["name"], run["failed"]) == ("run-1", 0)


def test_one_part_hides_no_other(cloud: LocalCloud) -> None:
    """A log that is gone, records that nobody may read: said where they would be, all else is there."""
    outputs = dict(cloud.stack.outputs)
    outputs["LogGroup"] = "/no/such/group"
    outputs["Output"] = "s3://no-such-bucket-of-ours/records/"
    del outputs["BackfillArn"]
    parts = status.read(at(cloud.endpoint), Stack("status", outputs))
    unknown = {name for name, part in parts.items() if status.UNKNOWN in part}
    assert unknown == {"images", "records", "backfills"}
    text = "\n".join(lines(parts))
    assert "images        not known: cannot read the log /no/such/group" in text
    assert "backfills     not known: stack status has no state machine" in text


def test_nothing_scored_yet(cloud: LocalCloud) -> None:
    """No record, no alarm: each said, none a failure."""
    outputs = dict(cloud.stack.outputs)
    bucket = outputs["OutputBucket"]
    outputs["Output"] = f"s3://{bucket}/elsewhere/"
    parts = status.read(at(cloud.endpoint), Stack("status", outputs))
    text = "\n".join(lines({**parts, "alarms": {"states": {}}}))
    assert "records       none yet" in text
    assert "alarms        none" in text


def test_a_watch_ends_with_ctrl_c(spoken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shown anew until then, and that is no failure."""
    pauses = []

    def interrupted(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            raise KeyboardInterrupt

    # In the place of Ctrl-C, at a moment that is sure to come.
    monkeypatch.setattr(status_command.time, "sleep", interrupted)
    done = spoken("--watch", "7")
    assert (done.code, pauses) == (0, [7, 7])
    assert done.out.count("stack status in the local cloud") == 2
