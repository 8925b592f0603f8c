"""What the function's log says, read through boto3's stub where a log of many pages is needed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from infra.cloud import function_log
from infra.cloud.account import Account
from infra.cloud.backfills import following
from infra.cloud.backfills.price import Rate
from infra.cloud.backfills.runs import Progress, Run
from infra.cloud.stack import Stack
from lambda_handler import events
from lambda_handler.report import Report
from litescore.batch import Outcome
from litescore.record import Subject

SINCE = datetime(2026, 3, 4, tzinfo=UTC)
STACK = Stack("shoes", {"LogGroup": "/litescore/shoes", "OutputBucket": "shoes-output"})


@pytest.fixture
def stubbed() -> Iterator[tuple[Stubber, Account]]:
    """CloudWatch Logs as AWS answers, in pages, which ministack does not make."""
    client = boto3.client(
        "logs", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x"
    )
    with Stubber(client) as stub:
        yield stub, Account(lambda _: client, "a stub", "123456789012", "us-east-1", False)
        stub.assert_no_pending_responses()


def line(form: str = events.MAP, **values: float) -> str:
    """A line of metrics as the function writes it."""
    head = {"_aws": {"CloudWatchMetrics": []}, "form": form, "milliseconds": 100.0}
    return json.dumps(head | values)


def page(stub: Stubber, *messages: str, more: bool = False) -> None:
    answer: dict[str, Any] = {"events": [{"message": message} for message in messages]}
    stub.add_response("filter_log_events", answer | ({"nextToken": "more"} if more else {}))


def test_pages_are_added_up(stubbed: tuple[Stubber, Account]) -> None:
    """Of the form that is asked for; what is no line of metrics is passed over."""
    stub, account = stubbed
    page(stub, line(scored=3, failed=1, failed_gone=1), "CloudWatchMetrics {", more=True)
    page(stub, line(events.SQS, scored=50), f"START\n{line(scored=2, cold_start=1)}\nEND")
    told = function_log.read(account, STACK, SINCE, form=function_log.BACKFILL)
    assert (told.images, told.statuses["scored"], told.kinds) == (6, 5, {"gone": 1})
    assert (told.invocations, told.cold_starts, told.whole) == (2, 1, True)
    assert told.milliseconds_an_image == pytest.approx(200 / 6)


def test_a_log_without_end_is_read_so_far(stubbed: tuple[Stubber, Account]) -> None:
    """And that is said."""
    stub, account = stubbed
    page(stub, line(scored=1), more=True)
    assert not function_log.read(account, STACK, SINCE, pages=1).whole


def test_it_reads_what_the_function_writes(capsys: pytest.CaptureFixture[str]) -> None:
    """The handler's own report, and its own name for a backfill's batches."""
    assert function_log.BACKFILL == events.MAP
    report = Report(object())
    report.count(Outcome(Subject("s3://b/k"), None, None))
    report.close(events.MAP)
    said = capsys.readouterr().out
    [values] = function_log._values(said)
    assert values["form"] == events.MAP
    assert {"milliseconds", "scored", "failed", "superseded", "cold_start"} <= set(values)


def test_the_last_lines_are_waited_for(
    stubbed: tuple[Stubber, Account], monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS keeps a log some seconds late: read until it says no more; the cost is by what it says."""
    monkeypatch.setattr(following.time, "sleep", lambda _: None)
    stub, account = stubbed
    for count in (1, 2, 2):
        page(stub, *[line(scored=500)] * count)
    run, rate = Run("arn", "run", SINCE), Rate(50.0, False, 1769, "x86_64")
    progress = Progress("SUCCEEDED", total=1000, succeeded=1000)
    found = following.result(account, STACK, run, progress, rate)
    assert found.told is not None
    assert found.told.images == 1000
    assert found.exit_code == 0
    assert 0 < found.dollars < rate.dollars(1000)
