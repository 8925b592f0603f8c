"""What `sam validate --lint` does not notice: held over the template as SAM expands it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
import yaml

from infra.cloud import deploy
from infra.local import ministack
from litescore.settings import TABLE

# SAM's own translator, from ministack's environment: what CloudFormation would be given.
EXPAND = """
import json, os, sys
os.environ["AWS_DEFAULT_REGION"] = "us-east-1"
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse
class NoManagedPolicies:
    def load(self):
        return {}
print(json.dumps(transform(yaml_parse(sys.stdin.read()), {}, NoManagedPolicies())))
"""
TEXT = deploy.TEMPLATE.read_text()


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    """Logical id -> resource, after SAM's transform."""
    done = subprocess.run(
        [ministack.environment(), "-c", EXPAND], input=TEXT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["Resources"]
    return found


def of_type(resources: dict[str, Any], kind: str) -> dict[str, Any]:
    """Logical id -> properties of the resources of one type."""
    return {
        name: resource["Properties"]
        for name, resource in resources.items()
        if resource["Type"] == kind
    }


def statements(value: Any) -> Iterator[dict[str, Any]]:
    """Every policy statement anywhere in a template, those behind conditions too."""
    if isinstance(value, dict):
        if "Effect" in value:
            yield value
        for part in value.values():
            yield from statements(part)
    if isinstance(value, list):
        for part in value:
            yield from statements(part)


def test_a_batch_is_hidden_six_times_as_long_as_it_may_take(resources: dict[str, Any]) -> None:
    """AWS asks for it: else a batch that is still being scored is handed out again."""
    template = json.loads(json.dumps(yaml.load(TEXT, Loader=yaml.BaseLoader)))
    allowed = template["Parameters"]["Timeout"]["AllowedValues"]
    window = int(template["Parameters"]["BatchingWindow"]["MaxValue"])
    waits = template["Mappings"]["Waits"]
    assert set(allowed) == set(waits)
    for timeout, wait in waits.items():
        assert int(wait["Hidden"]) >= 6 * int(timeout) + window
    queue = resources["Queue"]["Properties"]
    assert queue["VisibilityTimeout"] == {"Fn::FindInMap": ["Waits", {"Ref": "Timeout"}, "Hidden"]}


def test_what_keeps_failing_goes_to_the_dead_letter_queue(resources: dict[str, Any]) -> None:
    """After five tries at least, and it is kept longer there than in the queue."""
    queues = of_type(resources, "AWS::SQS::Queue")
    redrive = queues["Queue"]["RedrivePolicy"]
    assert redrive["maxReceiveCount"] >= 5
    assert redrive["deadLetterTargetArn"] == {"Fn::GetAtt": ["DeadLetterQueue", "Arn"]}
    kept = {name: queue["MessageRetentionPeriod"] for name, queue in queues.items()}
    assert kept["DeadLetterQueue"] > kept["Queue"]


def test_the_role_is_for_these_resources_only(resources: dict[str, Any]) -> None:
    """One role, ours, without managed policies; no statement on everything or for everything."""
    [role] = of_type(resources, "AWS::IAM::Role").values()
    assert not role.get("ManagedPolicyArns")
    for statement in statements(role["Policies"]):
        named = statement["Resource"]
        for resource in named if isinstance(named, list) else [named]:
            assert isinstance(resource, dict), f"{statement} is on {resource}"
            assert "Arn" in str(resource) or "arn:" in str(resource)


def test_the_role_may_do_what_the_handler_does_and_no_more(resources: dict[str, Any]) -> None:
    """A new permission is a decision, so it is made here too."""
    [role] = of_type(resources, "AWS::IAM::Role").values()
    allowed = {}
    for statement in statements(role["Policies"]):
        actions = statement["Action"]
        allowed[statement["Sid"]] = {actions} if isinstance(actions, str) else set(actions)
    assert allowed == {
        "TakeMessages": {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
        "ReadImages": {"s3:GetObject", "s3:GetObjectVersion"},
        "TellGoneFromForbidden": {"s3:ListBucket"},
        "WriteRecords": {"s3:PutObject", "s3:GetObject"},
        "WriteLog": {"logs:CreateLogStream", "logs:PutLogEvents"},
        "ReadModel": {"s3:GetObject", "s3:GetObjectVersion"},
    }


def test_the_queue_takes_messages_of_the_input_bucket_only(resources: dict[str, Any]) -> None:
    """Named by bucket and by account, so that nobody else's bucket can fill it."""
    policy = resources["QueuePolicy"]["Properties"]
    [statement, rule] = [s for s in statements(policy) if s["Effect"] == "Allow"]
    assert statement["Action"] == rule["Action"] == "sqs:SendMessage"
    assert rule["Condition"]["ArnEquals"] == {
        "aws:SourceArn": {"Fn::GetAtt": ["ImagesRule", "Arn"]}
    }
    bucket = resources["InputBucket"]["Properties"]["BucketName"]["Fn::Sub"]
    source = statement["Condition"]["ArnEquals"]["aws:SourceArn"]["Fn::Sub"]
    assert source == f"arn:${{AWS::Partition}}:s3:::{bucket}"
    assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]


def test_both_buckets_are_encrypted_and_private(resources: dict[str, Any]) -> None:
    """All four ways to the public are closed, on two buckets of different names."""
    buckets = of_type(resources, "AWS::S3::Bucket")
    assert set(buckets) == {"InputBucket", "OutputBucket"}
    for bucket in buckets.values():
        [rule] = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"
        closed = bucket["PublicAccessBlockConfiguration"]
        assert len(closed) == 4
        assert all(closed.values())
    assert buckets["InputBucket"]["BucketName"] != buckets["OutputBucket"]["BucketName"]


def test_records_do_not_come_back_as_images(resources: dict[str, Any]) -> None:
    """Only the input bucket notifies, and the function writes into the other."""
    buckets = of_type(resources, "AWS::S3::Bucket")
    assert "NotificationConfiguration" not in buckets["OutputBucket"]
    [function] = of_type(resources, "AWS::Lambda::Function").values()
    output = function["Environment"]["Variables"]["LITESCORE_OUTPUT"]["Fn::Sub"]
    assert output.startswith("s3://${OutputBucket}/")


def test_the_function_is_what_the_zip_holds(resources: dict[str, Any]) -> None:
    """Its handler can be called, and its Python is the one that `litescore package` asks for."""
    [function] = of_type(resources, "AWS::Lambda::Function").values()
    module, _, name = function["Handler"].rpartition(".")
    assert callable(getattr(import_module(module), name))
    assert function["Runtime"] == {"Ref": "Runtime"}
    assert function["Architectures"] == [{"Ref": "Architecture"}]


def test_the_function_is_told_in_words_that_it_knows(resources: dict[str, Any]) -> None:
    """Each environment variable is one that litescore reads."""
    [function] = of_type(resources, "AWS::Lambda::Function").values()
    known = {variable for variable, _, _ in TABLE.values()} | {"LITESCORE_MODEL_VERSION"}
    assert set(function["Environment"]["Variables"]) <= known


def test_a_batch_answers_message_by_message(resources: dict[str, Any]) -> None:
    """Partial failures are reported, and how many run at once is bounded by a parameter."""
    [mapping] = of_type(resources, "AWS::Lambda::EventSourceMapping").values()
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "MaximumConcurrency"}}
    assert mapping["BatchSize"] == {"Ref": "BatchSize"}
    assert mapping["MaximumBatchingWindowInSeconds"] == {"Ref": "BatchingWindow"}


def test_cloudformation_can_read_it() -> None:
    """No YAML aliases, which it refuses, and short enough to be sent as it is."""
    assert not [e for e in yaml.parse(TEXT) if isinstance(e, yaml.AliasEvent)]
    assert len(TEXT.encode()) <= 51_200
