"""The deployer's policy: enough to deploy, look after and remove a stack, and no more than that."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from infra.cloud import redrive, status
from infra.cloud.account import Account
from infra.cloud.backfills import runs, scope
from infra.cloud.deployment import deploy, deployer, destroy
from infra.cloud.stack import find
from infra.local import ministack
from litescore.errors import LitescoreError
from tests.infra.cloud.allowance import Document, allows, without
from tests.infra.cloud.conftest import write_zip
from tests.infra.cloud.deployer_needs import (
    AT_ONCE,
    BUCKET,
    CALLS,
    CONTEXT,
    FUNCTION,
    KEY,
    POLICY,
    RESOURCES,
    ROLE,
    WHERE,
    arn,
    missing,
)
from tests.infra.template.statements import statements
from tests.infra.template.translation import choices, resolved, translated

pytestmark = pytest.mark.long

SIDS = [statement["Sid"] for statement in POLICY["Statement"]]
LIMIT = 6144


def test_cloudformation_may_do_all_that_the_template_needs() -> None:
    """By its own registry of what each resource type's handlers call."""
    assert missing(POLICY) == set()


# ministack takes the resource of these from the query alone, where no client writes it: it asks for
# them on `*`, whatever stack or alarm they are about.
ASKED_ON_EVERYTHING = ("cloudformation:", "cloudwatch:")


def widened(document: Document) -> Document:
    """The document for ministack: those actions on everything, all others where they were."""
    more = [
        {**statement, "Sid": f"{statement['Sid']}Widened", "Action": actions, "Resource": "*"}
        for statement in document["Statement"]
        if (actions := [a for a in statement["Action"] if a.startswith(ASKED_ON_EVERYTHING)])
    ]
    return {**document, "Statement": [*document["Statement"], *more]}


class Limited:
    """A user who may do what one policy document says, in a cloud where everybody else is root."""

    def __init__(self, root: Account, document: Document) -> None:
        iam, name = root.client("iam"), f"deployer-{uuid.uuid4().hex[:8]}"
        iam.create_user(UserName=name)
        made = iam.create_policy(PolicyName=name, PolicyDocument=json.dumps(widened(document)))
        iam.attach_user_policy(UserName=name, PolicyArn=made["Policy"]["Arn"])
        key = iam.create_access_key(UserName=name)["AccessKey"]
        session = boto3.session.Session(
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
            region_name=ministack.REGION,
        )
        endpoint = root.client("s3").meta.endpoint_url
        config = Config(
            proxies={}, s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}
        )

        @cache
        def client(service: str) -> Any:
            return session.client(service, endpoint_url=endpoint, config=config)

        self.account = Account(client, "the local cloud", root.number, root.region, True)

    def lives(self, package: Path, stack: str) -> None:
        """Deploy, look, backfill, redrive, remove with the buckets: each command's own calls."""
        account = self.account
        made = deploy.deploy(account.client, package, name=stack)
        bucket = made.outputs["InputBucket"]
        unknown = {
            name: part for name, part in status.read(account, made).items() if "unknown" in part
        }
        assert not unknown, unknown
        account.client("s3").put_object(Bucket=bucket, Key="batch/a.png", Body=b"png")
        work = scope.named(account, made, f"s3://{bucket}/batch/")
        run = runs.start(account, made, work)
        runs.look(account, runs.find(account, find(account, stack), run.name))
        redrive.look(account, made)
        removal = destroy.prepare(account, stack)
        destroy.carry_out(removal)
        for held in (removal.images, removal.records):
            assert held
            destroy.remove_bucket(account, held.bucket)


@pytest.fixture
def limited(empty: Account) -> Callable[[Document], Limited]:
    """Makes a user who may do what a document says."""
    return lambda document: Limited(empty, document)


def document(account: Account, stack: str) -> Document:
    return deployer.policy(account=account.number, region=account.region, stack=stack)


def test_a_deployer_needs_no_more(
    empty: Account, limited: Callable[[Document], Limited], tmp_path: Path
) -> None:
    """Who has this policy alone deploys, looks after and removes the stack."""
    package = write_zip(tmp_path / "function.zip")
    limited(document(empty, "limited")).lives(package, "limited")


def remove(account: Account, stack: str) -> None:
    """What is left of a stack whose life was cut short: its event source mapping, of which nobody
    has told ministack that a number is a number, would stop its poller for all other stacks.
    """
    cloud = account.client("cloudformation")
    cloud.delete_stack(StackName=stack)
    pause = {"Delay": 1, "MaxAttempts": 30}
    cloud.get_waiter("stack_delete_complete").wait(StackName=stack, WaiterConfig=pause)


# Statement -> what is denied without it. ministack makes a stack's resources without asking whether
# who executes the change set may make them: the other statements are held against CloudFormation's
# registry below.
@pytest.mark.parametrize(
    ("sid", "denied"),
    [
        ("Code", "CreateBucket"),
        ("Buckets", "ListBucket"),
        ("Objects", "PutObject"),
        ("Purge", "DeleteObjectVersion|DeleteObject"),
        ("Own", "DescribeStacks"),
        ("Metrics", "GetMetricStatistics|ListEventSourceMappings"),
    ],
)
def test_a_deployer_needs_each_statement(
    sid: str,
    denied: str,
    empty: Account,
    limited: Callable[[Document], Limited],
    tmp_path: Path,
) -> None:
    """Without one of them a command is denied."""
    package, stack = write_zip(tmp_path / "function.zip"), f"without-{sid.lower()}"
    user = limited(without(document(empty, stack), sid))
    try:
        with pytest.raises((LitescoreError, ClientError, AssertionError)) as caught:
            user.lives(package, stack)
    finally:
        remove(empty, stack)
    assert re.search(denied, str(caught.value)), caught.value


@pytest.mark.parametrize("sid", SIDS)
def test_no_statement_is_idle(sid: str) -> None:
    """Without one of them something that the template or a command needs would be denied."""
    left = without(POLICY, sid)
    assert missing(left) or not all(allows(left, *call, CONTEXT) for call in CALLS)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call[0]}-{call[1].rsplit(':', 1)[-1]}")
def test_the_commands_may_call_what_they_call(call: tuple[str, str]) -> None:
    """On the resources for which AWS asks; ministack asks for some of them on everything."""
    assert allows(POLICY, *call, CONTEXT)


def test_only_what_has_no_resource_is_allowed_on_everything() -> None:
    """And each of those bears a reason, and a condition where it makes something."""
    for statement in POLICY["Statement"]:
        if "*" in statement["Resource"]:
            assert set(statement["Action"]) <= set(deployer.WITHOUT_RESOURCE), statement
            looks = (":Get", ":List", ":Describe")
            makes = not all(any(look in one for look in looks) for one in statement["Action"])
            assert makes == ("Condition" in statement), statement


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreateRole", arn("iam", "role/stack-Other", region="")),
        ("iam:PutRolePolicy", ROLE),
        ("iam:PassRole", ROLE),
        ("kms:CreateKey", "*"),
        ("kms:TagResource", KEY),
        ("kms:ScheduleKeyDeletion", KEY),
        ("lambda:CreateEventSourceMapping", "*"),
        ("iam:CreatePolicyVersion", arn("iam", "policy/stack-boundary", region="")),
        ("iam:DeleteRolePermissionsBoundary", ROLE),
        ("iam:AttachRolePolicy", ROLE),
    ],
)
def test_a_deployer_can_make_nothing_mightier_than_the_job(action: str, resource: str) -> None:
    """No role without the boundary, none for another service, no hand on the boundary itself or on
    keys of others.
    """
    assert not allows(POLICY, action, resource)


@pytest.mark.parametrize(
    "resource",
    [
        ("s3:GetObject", "arn:aws:s3:::other-input-123456789012-eu-west-1/a.png"),
        ("s3:DeleteBucket", "arn:aws:s3:::litescore-code-123456789012-eu-west-1"),
        ("sqs:DeleteQueue", arn("sqs", "other-images")),
        ("cloudformation:DeleteStack", arn("cloudformation", "stack/other/1")),
        ("lambda:DeleteFunction", arn("lambda", "function:other-Function-1A2B")),
        ("logs:DeleteLogGroup", arn("logs", "log-group:/litescore/other")),
        ("glue:DeleteTable", arn("glue", "table/other/records")),
        ("glue:PutResourcePolicy", arn("glue", "catalog")),
    ],
    ids=lambda pair: pair[0],
)
def test_a_deployer_has_no_hand_on_other_stacks(resource: tuple[str, str]) -> None:
    """Nor on what is not of litescore."""
    assert not allows(POLICY, *resource, CONTEXT)


def test_without_a_tag_a_key_is_finished_by_cloudformation_only() -> None:
    """And never removed, opened or given to others."""
    early = {"aws:CalledVia": "cloudformation.amazonaws.com"}
    assert not any(allows(POLICY, action, KEY) for action in AT_ONCE)
    for action in ("ScheduleKeyDeletion", "PutKeyPolicy", "TagResource", "Decrypt"):
        assert not allows(POLICY, f"kms:{action}", KEY, early), action


def test_both_documents_fit_into_a_managed_policy() -> None:
    """For the longest name of a stack, and of a region."""
    for made in (deployer.policy, deployer.boundary):
        document = made(account="123456789012", region="ap-southeast-1", stack="x" * 28)
        assert len(json.dumps(document, separators=(",", ":"))) <= LIMIT


def test_the_boundary_lets_the_roles_do_their_work() -> None:
    """Everything that a role of the template is allowed is within it."""
    boundary = deployer.boundary(**WHERE)
    seen = 0
    for choice in choices(translated()):
        template = resolved(translated(), choice)
        for statement in statements(template):
            if statement.kind != "AWS::IAM::Role" or "Principal" in statement.body:
                continue
            for resource in map(named, statement.resources):
                for action in statement.actions:
                    seen += 1
                    assert allows(boundary, action, resource), f"{statement}: {action} {resource}"
    assert seen > 100


def named(resource: str) -> str:
    """A resource of the template by its ARN."""
    arns = {
        "Queue.Arn": RESOURCES["AWS::SQS::Queue"],
        "InputBucket.Arn": BUCKET,
        "OutputBucket.Arn": BUCKET.replace("input", "output"),
        "Log.Arn": f"{RESOURCES['AWS::Logs::LogGroup']}:*",
        "Function.Arn": FUNCTION,
        "Backfill": RESOURCES["AWS::StepFunctions::StateMachine"],
    }
    for name, found in arns.items():
        resource = resource.replace(f"${{{name}}}", found)
    assert "$" not in resource, resource
    return resource


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:CreateRole", ROLE),
        ("s3:DeleteObject", f"{BUCKET}/a.png"),
        ("s3:PutObject", f"{BUCKET}/a.png"),
        ("lambda:UpdateFunctionCode", FUNCTION),
        ("sqs:SendMessage", RESOURCES["AWS::SQS::Queue"]),
    ],
)
def test_the_boundary_lets_no_role_do_more(action: str, resource: str) -> None:
    """Not even one that a deployer gives every permission."""
    assert not allows(deployer.boundary(**WHERE), action, resource)
