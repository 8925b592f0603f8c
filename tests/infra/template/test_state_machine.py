"""The backfill's state machine, read as AWS reads it: its states, limits, retries and permissions.

ministack runs it (tests/infra/cloud/test_backfill.py) but hands items over singly, and moto's
interpreter refuses a Map with an ItemBatcher, so the batches are made here by AWS's rules.
"""

from __future__ import annotations

import json
import re

import pytest

from infra.cloud.backfills.scope import Work
from lambda_handler import distributed_map, events
from litescore.record import Subject
from tests.infra.template.state_machine import (
    ANSWER_BYTES,
    MAPS,
    READ,
    STATE_BYTES,
    VALUES,
    batched,
    definition,
    filled,
    following,
    machines,
    selected,
    size,
    tasks,
    template,
)


def test_every_state_is_reached_and_leads_on() -> None:
    """From the first, in each machine; no name is there twice, and each way ends."""
    names: list[str] = []
    for machine in machines():
        states, seen, ahead = machine["States"], set(), {machine["StartAt"]}
        while ahead:
            name = ahead.pop()
            seen.add(name)
            ahead |= following(states[name]) - seen
            ends = states[name]["Type"] in ("Succeed", "Fail") or states[name].get("End")
            assert bool(ends) != bool(following(states[name])), name
        assert seen == set(states)
        names += states
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", MAPS)
def test_a_map_is_a_distributed_one_within_its_bounds(name: str) -> None:
    """Numbers are numbers, though a parameter's; a few failures do not end it, many do."""
    found = definition()["States"][name]
    assert found["ItemProcessor"]["ProcessorConfig"] == {
        "Mode": "DISTRIBUTED",
        "ExecutionType": "STANDARD",
    }
    assert found["MaxConcurrency"] == 7
    assert 0 < found["ToleratedFailurePercentage"] <= 10
    assert len(found["Label"]) <= 40
    assert found["ItemReader"]["ReaderConfig"]["MaxItemsPath"] == "$.max_images"
    assert found["ResultWriter"]["Parameters"] == {"Bucket": "shoes-output", "Prefix": "backfills"}
    assert not template()["Parameters"]["OutputPrefix"]["Default"].startswith("backfills")
    [catch] = found["Catch"]
    assert definition()["States"][catch["Next"]]["Type"] == "Fail"


@pytest.mark.parametrize("name", MAPS)
def test_the_function_reads_the_batches(name: str) -> None:
    """What each ItemReader reads, selected and batched, is the very objects; each once."""
    keys = [f"in/é {number}.png" for number in range(1203)]
    batches = batched(name, [selected(name, READ[name](key)) for key in keys])
    assert {events.classify(batch) for batch in batches} == {events.MAP}
    assert len(batches) >= 3
    subjects = [one for batch in batches for one in distributed_map.items(batch)]
    assert [one.source for one in subjects] == [f"s3://shoes-input/{key}" for key in keys]
    assert {one.etag for one in subjects} == {"9bb58f26192e4ba00f01e2e7b136bbd8"}


@pytest.mark.parametrize("name", MAPS)
def test_the_longest_keys_fit(name: str) -> None:
    """A batch going in, and coming back whole with Lambda's answer around it, stays in what a state
    may hold, though 500 such keys would not; and each batch holds some.
    """
    keys = [f"{number:04}{'é' * 510}" for number in range(600)]
    items = [selected(name, READ[name](key)) for key in keys]
    limits = definition()["States"][name]["ItemBatcher"]
    assert size(items[: limits["MaxItemsPerBatch"]]) > STATE_BYTES
    batches = batched(name, items)
    assert max(map(size, batches)) <= limits["MaxInputBytesPerBatch"]
    assert min(len(batch["Items"]) for batch in batches[:-1]) > 20
    for batch in batches:
        left = distributed_map.rest(batch, set(distributed_map.items(batch)))
        assert left is not None
        assert size(left) + ANSWER_BYTES <= STATE_BYTES
    typical = batched(name, [selected(name, READ[name](f"in/{n:08}.png")) for n in range(1000)])
    assert [len(batch["Items"]) for batch in typical] == [500, 500]


@pytest.mark.parametrize("name", MAPS)
def test_what_is_left_of_a_batch_goes_round(name: str) -> None:
    """The answer is the next input while it holds items, and the end where it holds none."""
    states = definition()["States"][name]["ItemProcessor"]["States"]
    [score] = [state for state in states.values() if state["Type"] == "Task"]
    choice = states[score["Next"]]
    assert score["Parameters"]["Payload.$"] == "$"
    assert score["OutputPath"] == "$.Payload"
    [rule] = choice["Choices"]
    assert rule == {"Variable": "$.Items", "IsPresent": True, "Next": rule["Next"]}
    assert states[rule["Next"]] is score
    assert states[choice["Default"]]["Type"] == "Succeed"
    assert definition()["States"][name]["ItemBatcher"]["BatchInput"] == {"continue": True}


@pytest.mark.parametrize("name", [f"Score{name}" for name in MAPS])
def test_what_passes_is_tried_again_and_what_stays_is_not(name: str) -> None:
    """Lambda's own troubles and what the handler raises to be asked again, with growing pauses that
    differ; a missing permission or an unknown event fails at once, or every batch would wait.
    """
    retry = dict(tasks())[name]["Retry"]
    names = [error for entry in retry for error in entry["ErrorEquals"]]
    assert {
        "TransientError",
        "Lambda.TooManyRequestsException",
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.Unknown",
        "Sandbox.Timedout",
    } <= set(names)
    assert not {"States.ALL", "States.TaskFailed", "ConfigurationError", "UnknownEvent"} & set(
        names
    )
    for entry in retry:
        assert entry["JitterStrategy"] == "FULL"
        assert entry["BackoffRate"] == 2
        assert 4 <= entry["MaxAttempts"] <= 10
        assert entry["MaxDelaySeconds"] <= 300


def test_every_task_is_tried_again() -> None:
    """And none waits for ever: a scoring one as long as the longest timeout of a function."""
    found = dict(tasks())
    assert len(found) == 7
    longest = max(template()["Parameters"]["Timeout"]["AllowedValues"])
    for name, task in found.items():
        assert task["Retry"], name
        if name.startswith("Score"):
            assert longest < task["TimeoutSeconds"] <= longest + 120


def test_the_mark_moves_on_only_where_nothing_failed() -> None:
    """Images of a batch that failed must be found as changed the next night."""
    states = definition()["States"]
    before = {name for name, state in states.items() if "MarkChanges" in following(state)}
    # The first where there was nothing to do; the second where a local cloud writes no results.
    assert before == {"AnyChanges", "WereChanges", "AnyFailed"}
    assert states["WereChanges"]["Choices"][1] == {
        "Variable": "$.result.MapRunArn",
        "IsPresent": True,
        "Next": "CountFailed",
    }
    [failed] = states["AnyFailed"]["Choices"]
    assert failed == {"Variable": "$.items.failed", "NumericGreaterThan": 0, "Next": "Done"}


def test_a_long_search_for_changes_goes_on() -> None:
    """A listing longer than an invocation: asked again with the answer's own continuation."""
    states = definition()["States"]
    more = states["FindMoreChanges"]
    assert more["Parameters"]["Payload.$"] == "$.changed.answer.continuation"
    assert states["FindChanges"]["Next"] == more["Next"] == "AnyChanges"
    first, *_ = states["AnyChanges"]["Choices"]
    assert first["Next"] == "FindMoreChanges"
    kept = ("ResultSelector", "ResultPath", "Retry")
    assert [more[name] for name in kept] == [states["FindChanges"][name] for name in kept]


def test_every_input_has_its_way() -> None:
    """What the command starts with is what the first state tells apart."""
    first = definition()["States"]["From"]
    assert [rule["StringEquals"] for rule in first["Choices"]] == [
        "objects",
        "inventory",
        "manifest",
        "changes",
    ]
    assert definition()["States"][first["Default"]]["Type"] == "Fail"


def test_the_role_may_do_what_a_distributed_map_needs_and_no_more() -> None:
    """On named resources; a new permission is a decision, so it is made here too."""
    role = template()["Resources"]["BackfillRole"]["Properties"]
    [policy] = role["Policies"]
    allowed = {}
    for statement in policy["PolicyDocument"]["Statement"]:
        actions, named = statement["Action"], statement["Resource"]
        allowed[statement["Sid"]] = {actions} if isinstance(actions, str) else set(actions)
        for resource in named if isinstance(named, list) else [named]:
            assert isinstance(resource, dict), statement["Sid"]
            assert "Arn" in str(resource) or "arn:" in str(resource)
    assert allowed == {
        "InvokeFunction": {"lambda:InvokeFunction"},
        "ListImages": {"s3:ListBucket"},
        "ReadLists": {"s3:GetObject", "s3:GetObjectVersion"},
        "WriteResults": {
            "s3:PutObject",
            "s3:GetObject",
            "s3:ListMultipartUploadParts",
            "s3:AbortMultipartUpload",
        },
        "StartBatches": {"states:StartExecution"},
        "FollowBatches": {"states:DescribeExecution", "states:StopExecution"},
        "CountFailed": {"states:DescribeMapRun"},
    }
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Principal"] == {
        "Service": "states.amazonaws.com"
    }


def test_the_role_is_for_this_state_machine() -> None:
    """Its own name, which it cannot refer to, is said in both places alike."""
    resources = template()["Resources"]
    name = resources["Backfill"]["Properties"]["StateMachineName"]["Sub"]
    [policy] = resources["BackfillRole"]["Properties"]["Policies"]
    named = {
        resource["Sub"].split("${AWS::AccountId}:")[1]
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Action"] != "lambda:InvokeFunction" and "states:" in str(statement["Action"])
        for resource in (
            statement["Resource"]
            if isinstance(statement["Resource"], list)
            else [statement["Resource"]]
        )
    }
    assert named == {
        f"stateMachine:{name}",
        f"execution:{name}:*",
        f"execution:{name}/*",
        f"mapRun:{name}/*",
    }


def test_nights_start_what_the_command_starts() -> None:
    """Only where a schedule is set, by a role that may start this and nothing else; the input has the
    command's keys, and its number is one.
    """
    resources = template()["Resources"]
    nightly, role = resources["Nightly"], resources["NightlyRole"]
    assert nightly["Condition"] == role["Condition"] == "RunsNightly"
    target = nightly["Properties"]["Target"]
    text, names = target["Input"]["Sub"]
    assert set(names) == {"Bucket"}
    wanted = Work("changes", "", "shoes-input", "in/", max_images=100000)
    assert json.loads(filled(text, VALUES)) == json.loads(wanted.input())
    assert target["Arn"] == {"Ref": "Backfill"}
    assert "DeadLetterConfig" not in target
    [policy] = role["Properties"]["Policies"]
    [statement] = policy["PolicyDocument"]["Statement"]
    assert statement["Action"] == "states:StartExecution"
    assert statement["Resource"] == {"Ref": "Backfill"}


def test_no_prefix_breaks_the_input_of_nights() -> None:
    """It stands in JSON that CloudFormation puts together, and cannot escape."""
    pattern = template()["Parameters"]["InputPrefix"]["AllowedPattern"]
    assert re.fullmatch(pattern, "shoes/2026 (new)/")
    for broken in ('a"b/', "a\\b/"):
        assert not re.fullmatch(pattern, broken)


def test_subjects_are_the_same_by_every_way() -> None:
    """So a list, a listing and an inventory of one object make one record of it."""
    found = {
        distributed_map.items(selected(name, READ[name]("in/a b.png")))[0].identity("m")
        for name in MAPS
    }
    assert found == {
        Subject("s3://shoes-input/in/a b.png", etag="9bb58f26192e4ba00f01e2e7b136bbd8").identity(
            "m"
        )
    }
