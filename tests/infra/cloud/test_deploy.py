"""`litescore deploy` against a local cloud: the plan, the question, the deed, and what goes wrong."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from infra.cloud.account import Account
from infra.cloud.deployment import (
    change_set,
    deploy,
    deploy_options,
    deployer,
    following,
    parameters,
)
from infra.cloud.deployment.option_types import Text
from infra.cloud.stack import find
from litescore.errors import UsageError
from litescore.settings import processors
from tests.infra.cloud.conftest import MODEL, Say, write_zip

# The name that a stack's output bucket has in the local cloud.
LOOPED = "litescore-output-000000000000-us-east-1"


def settings(account: Account, stack: str) -> dict[str, str]:
    """The parameters that a stack has."""
    [found] = account.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return {entry["ParameterKey"]: entry["ParameterValue"] for entry in found["Parameters"]}


def stacks(account: Account) -> set[str]:
    """The names of the stacks that there are, in whatever state."""
    found = account.client("cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"] for stack in found}


def concurrency(account: Account, stack: str) -> object:
    """What the poller of a stack's queue has for its limit: as the template says it, it stalls."""
    function = find(account, stack).outputs["FunctionName"]
    found = account.client("lambda").list_event_source_mappings(FunctionName=function)
    [mapping] = found["EventSourceMappings"]
    return mapping["ScalingConfig"]["MaximumConcurrency"]


def change_sets(account: Account, stack: str) -> list[str]:
    """The change sets of a stack that nobody carried out."""
    found = account.client("cloudformation").list_change_sets(StackName=stack)["Summaries"]
    return [one["ChangeSetName"] for one in found if not one["ExecutionStatus"].startswith("EXEC")]


def test_a_zip_becomes_a_stack(empty: Account, say: Say) -> None:
    """The plan first, an event a line, then the outputs and what to do next; the digest of the
    zip's model is pinned, and the poller has its number.
    """
    said = say("deploy", "--stack", "first", "--concurrency", "500", "--yes")
    assert said.code == 0, said.err
    assert "create stack first in the local cloud" in said.out
    assert "Add     Queue" in said.out
    assert "CREATE_COMPLETE" in said.err
    bucket = f"first-input-{empty.number}-{empty.region}"
    assert f"aws s3 cp image.png s3://{bucket}/" in said.out
    assert "litescore status --stack first --local" in said.out
    assert f"litescore results s3://first-output-{empty.number}-{empty.region}/records/" in said.out
    assert settings(empty, "first")["ModelSha256"] == hashlib.sha256(MODEL).hexdigest()
    assert concurrency(empty, "first") == max(2, processors())


def test_what_is_not_given_stays(empty: Account, say: Say, tmp_path: Path) -> None:
    """An update shows old and new values and the properties it changes; another zip alone changes
    the function's code and nothing else; the same again is nothing to change.
    """
    words = ("--memory", "3008", "--concurrency", "7", "--record-days", "30")
    assert say("deploy", "--stack", "kept", "--yes", *words).code == 0
    said = say("deploy", "--stack", "kept", "--memory", "2048", "--yes")
    assert said.code == 0, said.err
    assert "update stack kept" in said.out
    assert "MemorySize  3008 ->  2048" in said.out
    assert re.search(r"^Modify +Function +AWS::Lambda::Function +MemorySize$", said.out, re.M)

    write_zip(tmp_path / "build" / "function.zip", more=b"more")
    said = say("deploy", "--stack", "kept", "--package", "build/function.zip", "--yes", "--json")
    plan = json.loads(said.out)
    assert {part["name"] for part in plan["parameters"]} == {"CodeKey"}
    changed = {one["resource"]: one["properties"] for one in plan["changes"]}
    assert changed["Function"] == ["Code"]
    found = settings(empty, "kept")
    assert (found["MemorySize"], found["MaximumConcurrency"]) == ("2048", "7")
    assert found["RecordDays"] == "30"

    said = say("deploy", "--stack", "kept", "--yes")
    assert (said.code, said.err.splitlines()[-1]) == (0, "nothing to change")
    assert change_sets(empty, "kept") == []


def test_nobody_to_ask_is_wrong_usage(empty: Account, say: Say) -> None:
    """Without a terminal and without --yes, before anything is done."""
    said = say("deploy", "--stack", "unasked")
    assert said.code == 2
    assert said.err.splitlines()[-1].startswith("Error: litescore deploy asks first")
    assert "unasked" not in stacks(empty)


@pytest.mark.parametrize("answer", ["n\n", "\n", "\x04"])
def test_no_is_no(empty: Account, say: Say, answer: str) -> None:
    """Nothing is left of a plan that was declined, or left with Ctrl-D: no stack, no change set."""
    said = say("deploy", "--stack", "declined", typed=answer)
    assert said.code == (130 if answer == "\x04" else 0), said.err
    assert "Deploy this?" in said.err
    assert "declined" not in stacks(empty)


def test_yes_at_the_terminal_deploys(empty: Account, say: Say) -> None:
    """The question is answered by a person."""
    said = say("deploy", "--stack", "agreed", typed="y\n")
    assert said.code == 0, said.err
    assert settings(empty, "agreed")["MemorySize"] == "1769"


def test_a_plan_is_but_a_plan(empty: Account, say: Say) -> None:
    """--plan needs no terminal, shows all, and leaves nothing; as JSON for machines."""
    night = ("--nightly", "cron(0 2 * * ? *)", "--nightly-max-images", "50000")
    more = ("--memory", "3008", "--concurrency", "50", "--alarm-email", "me@example.com")
    said = say("deploy", "--stack", "planned", "--plan", *night, *more)
    assert (said.code, said.err.splitlines()[-1]) == (0, "nothing was changed")
    assert "AWS::SQS::Queue" in said.out
    plan = json.loads(say("deploy", "--stack", "planned", "--plan", "--json").out)
    assert plan["creates"]
    assert {change["action"] for change in plan["changes"]} == {"Add"}
    assert plan["outputs"] is None
    assert "planned" not in stacks(empty)


def test_a_stack_under_review_can_be_deployed(empty: Account, say: Say) -> None:
    """A change set that somebody made and left is no stack yet."""
    text = "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}"
    proposal = change_set.Proposal("review", True, text, [])
    change_set.propose(empty.client, proposal)
    said = say("deploy", "--stack", "review", "--yes")
    assert said.code == 0, said.err


def test_a_failure_is_one_line(
    empty: Account, say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The first cause and what became of the stack, exit 3; deploying on it is refused with the way
    out, which works.
    """
    stream = "  Broken:\n    Type: AWS::Logs::LogStream\n    Properties: {LogGroupName: none}\n"
    template = tmp_path / "template.yaml"
    template.write_text(
        parameters.TEMPLATE.read_text().replace("\nOutputs:", f"\n{stream}\nOutputs:")
    )
    monkeypatch.setattr(deploy, "TEMPLATE", template)
    said = say("deploy", "--stack", "broken", "--yes")
    assert said.code == 3
    last = said.err.splitlines()[-1]
    assert last.startswith("Error: stack broken failed: Broken: ")
    assert "all of it was taken back (ROLLBACK_COMPLETE)" in last
    said = say("deploy", "--stack", "broken", "--yes")
    assert said.code == 3
    assert "litescore destroy --stack broken" in said.err
    assert say("destroy", "--stack", "broken", "--yes").code == 0
    assert "broken" not in stacks(empty)


def test_ctrl_c_says_that_it_goes_on(
    empty: Account, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deployment is AWS's by then; another one finds it done. The signal is put in by hand: the
    local cloud is too quick to be interrupted.
    """

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(following, "follow", interrupted)
        said = say("deploy", "--stack", "goes-on", "--concurrency", "500", "--yes")
    assert said.code == 130
    assert "goes on without this command: see `litescore status --stack goes-on`" in said.err
    while (said := say("deploy", "--stack", "goes-on", "--yes")).code:
        assert "is CREATE_IN_PROGRESS: another deployment" in said.err
    assert said.err.splitlines()[-1] == "nothing to change"


def test_a_poller_that_was_left_stalled_is_mended(empty: Account, say: Say) -> None:
    """By the next deployment, though there is nothing to change."""
    assert say("deploy", "--stack", "stalled", "--yes").code == 0
    lambdas, function = empty.client("lambda"), find(empty, "stalled").outputs["FunctionName"]
    found = lambdas.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    left = {"MaximumConcurrency": 500}
    lambdas.update_event_source_mapping(UUID=found[0]["UUID"], ScalingConfig=left)
    assert say("deploy", "--stack", "stalled", "--yes").code == 0
    assert concurrency(empty, "stalled") == max(2, processors())


def test_a_large_template_goes_by_way_of_the_code_bucket(
    empty: Account, say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Over 51,200 bytes CloudFormation takes an object only."""
    text = parameters.TEMPLATE.read_text()
    large = tmp_path / "large.yaml"
    large.write_text(text + "# padding\n" * 6000)
    monkeypatch.setattr(deploy, "TEMPLATE", large)
    assert say("deploy", "--stack", "large", "--yes").code == 0
    bucket = f"litescore-code-{empty.number}-{empty.region}"
    keys = [one["Key"] for one in empty.client("s3").list_objects_v2(Bucket=bucket)["Contents"]]
    assert any(key.endswith(".yaml") for key in keys)


def test_the_longest_name_of_a_stack_begins_a_bucket_s_name() -> None:
    """Of 63 letters at most, also in a region whose own name is long; one more is refused."""
    room = 63 - len("-output-123456789012-ap-southeast-1")
    deploy.check_name("x" * room)
    with pytest.raises(UsageError, match=f"{room} at most"):
        deploy.check_name("x" * (room + 1))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--stack", "Upper"), "stack name 'Upper'"),
        (("--package", "none"), "no package at none"),
        (("--memory", "1"), "1 is not in the range"),
        (("--model", "model.tflite"), "'model.tflite' is not in S3"),
        (("--nightly-max-cost", "5"), "--milliseconds"),
        (("--input-bucket", LOOPED), "for ever"),
        (
            ("--input-bucket", LOOPED, "--input-prefix", "records/2026/"),
            "for ever",
        ),
        (("--input-prefix", "my photos/"), "S3 would tell of no object under it"),
        (("--input-prefix", "year=2026/"), "with --input-bucket"),
    ],
)
def test_wrong_words_are_refused_first(
    empty: Account, say: Say, words: tuple[str, ...], message: str
) -> None:
    """Exit 2, and nothing was uploaded or made."""
    empty.client("s3").create_bucket(Bucket=LOOPED)
    said = say("deploy", "--yes", *words)
    empty.client("s3").delete_bucket(Bucket=LOOPED)
    assert said.code == 2, said.err
    assert message in said.err.splitlines()[-1]
    assert "litescore" not in stacks(empty)


def test_a_cost_becomes_images(empty: Account, say: Say) -> None:
    """--nightly-max-cost is the number of images that it pays for."""
    cost = ("--nightly-max-cost", "1", "--milliseconds", "10", "--nightly", "rate(1 day)")
    said = say("deploy", "--stack", "nightly", "--plan", "--json", *cost)
    found = {part["name"]: part["new"] for part in json.loads(said.out)["parameters"]}
    assert 10_000 < int(found["NightlyMaximumImages"]) < 10_000_000
    assert found["NightlySchedule"] == "rate(1 day)"


def test_the_policies_are_printed(empty: Account, say: Say) -> None:
    """One JSON document each, of the deployer and of the roles; nothing is deployed."""
    where = {"account": empty.number, "region": empty.region, "stack": "shoes"}
    said = say("deploy", "--policy", "--stack", "shoes")
    assert (said.code, json.loads(said.out)) == (0, deployer.policy(**where))
    said = say("deploy", "--boundary", "--stack", "shoes")
    assert (said.code, json.loads(said.out)) == (0, deployer.boundary(**where))


class Tags(yaml.SafeLoader):
    """YAML with CloudFormation's own tags, of which nothing is asked here."""


Tags.add_multi_constructor("!", lambda _loader, _suffix, _node: None)


@pytest.mark.parametrize("option", deploy_options.SETTINGS)
def test_each_option_takes_what_the_template_takes(option: str) -> None:
    """Its choices or its range, so that a wrong word is refused before anything is uploaded."""
    name, kind, _, _ = deploy_options.SETTINGS[option]
    declared = yaml.load(parameters.TEMPLATE.read_text(), Tags)["Parameters"][name]
    if isinstance(kind, click.Choice):
        assert [str(value) for value in declared["AllowedValues"]] == list(kind.choices)
    elif isinstance(kind, Text):
        assert declared["Type"] == "String"
    else:
        assert (kind.min, kind.max) == (declared["MinValue"], declared.get("MaxValue"))
