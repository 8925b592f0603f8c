"""What AWS refuses, and how it falls silent: one clear line each. And states that cannot be used."""

from __future__ import annotations

import socket
from pathlib import Path

import boto3
import pytest
from botocore import exceptions
from botocore.config import Config

from infra.cloud import account, refusals
from infra.cloud.account import Account
from infra.cloud.deployment import plan_text, state
from infra.cloud.deployment.change_set import Change, ChangeSet
from infra.cloud.deployment.function_zip import FunctionZip
from infra.cloud.deployment.parameters import Setting
from infra.cloud.deployment.plan import Plan
from infra.cloud.deployment.state import State
from litescore.errors import ConfigurationError, UsageError


def refused(code: str, text: str = "told so") -> exceptions.ClientError:
    """AWS's answer of that code."""
    return exceptions.ClientError({"Error": {"Code": code, "Message": text}}, "DescribeStacks")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (refused("ExpiredToken"), "credentials have expired: sign in again"),
        (refused("RequestExpired"), "credentials have expired: sign in again"),
        (exceptions.UnauthorizedSSOTokenError(), "credentials have expired: sign in again"),
        (refused("InvalidClientTokenId"), "does not know these credentials"),
        (refused("AccessDenied", "User x may not\n y"), "x may not y (what a deployer needs"),
        (refused("ThrottlingException"), "fewer requests (ThrottlingException): try again"),
        (refused("PermanentRedirect"), "another region: name that with --region"),
        (exceptions.NoCredentialsError(), "no AWS credentials: set AWS_PROFILE"),
        (exceptions.EndpointConnectionError(endpoint_url="https://x"), "is the region right"),
        (refused("ValidationError", "Parameter X"), "Parameter X"),
    ],
)
def test_each_refusal_is_one_line(error: Exception, line: str) -> None:
    """It begins with what was tried, and says the way out."""
    with pytest.raises(ConfigurationError) as caught, refusals.told("cannot deploy stack shoes"):
        raise error
    said = str(caught.value)
    assert said.startswith("cannot deploy stack shoes: ")
    assert line in said
    assert "\n" not in said


def test_a_cloud_that_does_not_answer_is_told() -> None:
    """A real client on a port where nothing listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
    client = boto3.client(
        "cloudformation",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"max_attempts": 0}, proxies={}),
    )
    place = Account(lambda _: client, "AWS", "000000000000", "us-east-1", False)
    with pytest.raises(ConfigurationError, match=r"cannot look for stack x in AWS: .*network"):
        state.look(place, "x")


def test_a_profile_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is asked of AWS; and without a region nothing can be."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with pytest.raises(ConfigurationError, match=r"cannot use AWS: .*no-such-profile"):
        account.connect(profile="no-such-profile")
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    with pytest.raises(UsageError, match="no AWS region"):
        account.connect()


@pytest.mark.parametrize(
    ("status", "way_out"),
    [
        ("ROLLBACK_COMPLETE", "litescore destroy --stack shoes"),
        ("CREATE_FAILED", "litescore destroy --stack shoes"),
        ("DELETE_FAILED", "litescore destroy --stack shoes"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback --stack-name shoes"),
        ("UPDATE_IN_PROGRESS", "litescore status --stack shoes"),
        ("DELETE_IN_PROGRESS", "wait for it"),
    ],
)
def test_a_state_that_cannot_be_deployed_to(status: str, way_out: str) -> None:
    """Each with the way out."""
    with pytest.raises(ConfigurationError, match=rf"stack shoes is {status}: .*{way_out}"):
        state.check_deployable(State("arn", "shoes", status, {}, {}, {}))


@pytest.mark.parametrize(
    "status", ["REVIEW_IN_PROGRESS", "CREATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", None]
)
def test_a_state_that_can(status: str | None) -> None:
    """A stack at rest, one that is but a name, and none."""
    state.check_deployable(status and State("arn", "shoes", status, {}, {}, {}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("change", "warning"),
    [
        (Change("Modify", "Queue", "AWS::SQS::Queue", "yes"), "queue Queue is REPLACED"),
        (Change("Modify", "Queue", "AWS::SQS::Queue", "perhaps"), "queue Queue may be REPLACED"),
        (Change("Remove", "Out", "AWS::S3::Bucket"), "bucket Out is REMOVED, with all"),
        (Change("Remove", "Out", "AWS::S3::Bucket", kept=True), "bucket Out LEAVES the stack"),
        (Change("Modify", "Out", "AWS::S3::Bucket", "perhaps", kept=True), None),
        (Change("Modify", "Queue", "AWS::SQS::Queue", "no"), None),
        (Change("Modify", "Role", "AWS::IAM::Role", "yes"), None),
        (Change("Add", "Queue", "AWS::SQS::Queue"), None),
    ],
)
def test_what_is_lost_is_said_loudly(change: Change, warning: str | None) -> None:
    """Messages and objects that go with a queue or a bucket; nothing else is a warning."""
    place = Account(lambda _: None, "AWS", "000000000000", "us-east-1", False)
    made = ChangeSet("id", "arn", "shoes", False, (change,))
    package = FunctionZip(Path(), "", None, None, None)
    plan = Plan(place, package, made, (Setting("MemorySize", "1769", "3008"),))
    lines = list(plan_text.lines(plan))
    loud = [line for line in lines if line.startswith("WARNING: ")]
    assert len(loud) == (warning is not None)
    assert warning is None or warning in loud[0]
    assert "MemorySize  1769 ->  3008" in lines
