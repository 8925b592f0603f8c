"""The log: JSON lines, metrics as CloudWatch reads them, nothing of the images."""

from __future__ import annotations

import json
import re
from itertools import chain
from types import SimpleNamespace
from typing import Any

import pytest

from lambda_handler import handler, report, scoring
from litescore.errors import UnknownEvent
from tests.lambda_handler import shapes
from tests.lambda_handler.conftest import upload
from tests.rig.pngs import Pngs
from tests.rig.seaweed import S3

CONTEXT = SimpleNamespace(
    aws_request_id="request-0",
    function_name="litescore-test",
    get_remaining_time_in_millis=lambda: 60_000,
)
# The units that CloudWatch knows, of those used here.
UNITS = {"Count", "Milliseconds", "Count/Second"}


def _lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_an_invocation_ends_with_its_metrics(
    s3: S3,
    inputs: str,
    pngs: Pngs,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each metric that is declared is there as a number, by function; errors are told by kind."""
    monkeypatch.setattr(report, "_COLD", chain([True], iter([False] * 9)))
    keys = upload(s3, inputs, pngs, 3)
    s3.client.put_object(Bucket=inputs, Key="bad.png", Body=b"secret bytes, no image")
    event = shapes.queued(*(shapes.notification(inputs, key) for key in (*keys, "bad.png", "no")))
    handler(event, CONTEXT)
    handler(event, CONTEXT)
    lines = _lines(capsys)
    first, second = (line for line in lines if "_aws" in line)

    (directive,) = first["_aws"]["CloudWatchMetrics"]
    assert isinstance(first["_aws"]["Timestamp"], int)
    assert (directive["Namespace"], directive["Dimensions"]) == ("litescore", [["function"]])
    assert {metric["Unit"] for metric in directive["Metrics"]} <= UNITS
    values = {metric["Name"]: first[metric["Name"]] for metric in directive["Metrics"]}
    assert all(isinstance(value, int | float) for value in values.values())
    counts = ("images", "scored", "failed", "failed_unsupported", "failed_gone", "left")
    assert [values[name] for name in counts] == [5, 3, 2, 1, 1, 0]
    assert (first["function"], first["form"]) == ("litescore-test", "SQS")
    assert (first["cold_start"], second["cold_start"]) == (1, 0)
    parts = [values[f"{part}_milliseconds"] for part in ("fetch", "decode", "invoke")]
    assert min(parts) > 0
    assert max(parts) < values["milliseconds"] * scoring.settings().threads
    assert values["images_per_second"] > 0

    told = [line for line in lines if "_aws" not in line]
    assert [line["status"] for line in told] == ["failed"] * 4
    assert all(line["request"] == "request-0" for line in told)
    assert "secret" not in json.dumps(lines)


def test_a_message_that_cannot_be_read_is_told_but_not_repeated(
    inputs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its id and why; a body may hold anything."""
    handler(shapes.queued("secret { not json"), CONTEXT)
    told = _lines(capsys)[0]
    assert (told["level"], told["messageId"]) == ("ERROR", "message-0")
    assert "secret" not in json.dumps(told)


def test_an_error_is_a_line_before_it_is_raised(
    inputs: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """So that a search for errors finds it with its request."""
    with pytest.raises(UnknownEvent):
        handler({"hello": "x" * 10_000}, CONTEXT)
    (line,) = _lines(capsys)
    assert (line["level"], line["error"], line["request"]) == ("ERROR", "UnknownEvent", "request-0")
    assert re.search("unknown event, fields hello", line["message"])


def test_no_context_no_lines(inputs: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A call from Python has standard output for itself."""
    handler(shapes.event("s3_test_event"), None)
    assert capsys.readouterr().out == ""
