"""The template and the function's zip into an account, by a CloudFormation change set.

The account may be AWS's or ministack's: all that differs is the maker of boto3 clients it is
given. Says nothing to the terminal.
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from infra.cloud.account import Clients
from infra.cloud.stack import Stack
from litescore.errors import ConfigurationError, UsageError

TEMPLATE = Path(__file__).parents[1] / "template.yaml"
# What the template's function runs on; a zip for another Python is for the local cloud only.
PYTHON = "3.13"

# "litescore-input-123456789012-ap-southeast-1" has to be a bucket's name, of 63 letters at most.
_NAME = re.compile(r"[a-z][a-z0-9-]{0,28}")
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
_WAIT = {"Delay": 1, "MaxAttempts": 900}


@dataclass(frozen=True)
class ChangeSet:
    """What a deployment would do: `changes` are (action, logical id, resource type)."""

    id: str
    stack: str
    creates: bool
    changes: tuple[tuple[str, str, str], ...]


def deploy(
    clients: Clients, package: Path, *, name: str, parameters: Mapping[str, str] | None = None
) -> Stack:
    """Upload the zip, propose the change set and carry it out.

    `parameters` are the template's, apart from the two that name the zip. Raises UsageError for a
    stack name that cannot name a bucket, ConfigurationError with AWS's reason when it fails.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    check_name(name)
    try:
        bucket, key = upload(clients, package)
        code = {"CodeBucket": bucket, "CodeKey": key}
        changes = propose(clients, name=name, parameters={**(parameters or {}), **code})
        if changes.changes:
            execute(clients, changes)
        else:
            discard(clients, changes)
        return describe(clients, name)
    except (BotoCoreError, ClientError) as error:
        raise ConfigurationError(f"cannot deploy stack {name}: {error}") from error


def check_name(name: str) -> None:
    """Raise UsageError for a stack name that cannot begin a bucket's name."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"stack name {name!r} cannot begin a bucket's name: lowercase letters, digits and "
            "hyphens, a letter first, 29 at most"
        )


def upload(clients: Clients, package: Path) -> tuple[str, str]:
    """Put the zip into the account's code bucket, made if needed; (bucket, key).

    The key is the zip's digest, so that the same zip changes nothing.
    """
    s3 = clients("s3")
    account = clients("sts").get_caller_identity()["Account"]
    region = s3.meta.region_name
    bucket = f"litescore-code-{account}-{region}"
    key = f"{hashlib.sha256(package.read_bytes()).hexdigest()}.zip"
    _make_bucket(s3, bucket, region)
    s3.upload_file(str(package), bucket, key)
    return bucket, key


def propose(clients: Clients, *, name: str, parameters: Mapping[str, str]) -> ChangeSet:
    """Make a change set of the template and wait until CloudFormation has worked it out."""
    cloud = clients("cloudformation")
    creates = not _exists(cloud, name)
    if cloud.meta.endpoint_url.startswith("http://"):
        # The local cloud: it would deny every request.
        parameters = {"Tls": "optional", **parameters}
    answer = cloud.create_change_set(
        StackName=name,
        ChangeSetName=f"litescore-{uuid.uuid4().hex}",
        ChangeSetType="CREATE" if creates else "UPDATE",
        TemplateBody=TEMPLATE.read_text(encoding="utf-8"),
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        # The buckets that a destroyed stack of this name left behind.
        ImportExistingResources=True,
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
        ],
    )
    change_set = answer["Id"]
    _wait_for_proposal(cloud, change_set, name)
    pages = cloud.get_paginator("describe_change_set").paginate(
        ChangeSetName=change_set, StackName=name
    )
    changes = tuple(
        (change["Action"], change["LogicalResourceId"], change["ResourceType"])
        for page in pages
        for change in (entry["ResourceChange"] for entry in page["Changes"])
    )
    return ChangeSet(change_set, name, creates, changes)


def execute(clients: Clients, changes: ChangeSet) -> None:
    """Carry the change set out and wait for the stack."""
    from botocore.exceptions import WaiterError

    cloud = clients("cloudformation")
    cloud.execute_change_set(ChangeSetName=changes.id, StackName=changes.stack)
    done = "stack_create_complete" if changes.creates else "stack_update_complete"
    try:
        cloud.get_waiter(done).wait(StackName=changes.stack, WaiterConfig=_WAIT)
    except WaiterError as error:
        raise ConfigurationError(
            f"stack {changes.stack} failed: {_first_failure(cloud, changes.stack)}"
        ) from error


def discard(clients: Clients, changes: ChangeSet) -> None:
    """Forget a change set that will not be carried out."""
    clients("cloudformation").delete_change_set(ChangeSetName=changes.id, StackName=changes.stack)


def describe(clients: Clients, name: str) -> Stack:
    """The outputs of a deployed stack."""
    [stack] = clients("cloudformation").describe_stacks(StackName=name)["Stacks"]
    outputs = {entry["OutputKey"]: entry["OutputValue"] for entry in stack.get("Outputs", [])}
    return Stack(name, MappingProxyType(outputs))


def _make_bucket(s3: Any, bucket: str, region: str) -> None:
    # us-east-1 is the one region that may not be named here.
    place = {} if region == "us-east-1" else {"LocationConstraint": region}
    options = {"CreateBucketConfiguration": place} if place else {}
    try:
        s3.create_bucket(Bucket=bucket, **options)
    except s3.exceptions.BucketAlreadyOwnedByYou:
        return
    s3.get_waiter("bucket_exists").wait(Bucket=bucket, WaiterConfig=_WAIT)


def _exists(cloud: Any, name: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        [stack] = cloud.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            return False
        raise ConfigurationError(f"cannot look for stack {name}: {error}") from error
    # A change set that was made and never executed leaves a stack of this kind behind.
    return bool(stack["StackStatus"] != "REVIEW_IN_PROGRESS")


def _wait_for_proposal(cloud: Any, change_set: str, name: str) -> None:
    from botocore.exceptions import WaiterError

    try:
        cloud.get_waiter("change_set_create_complete").wait(
            ChangeSetName=change_set, StackName=name, WaiterConfig=_WAIT
        )
    except WaiterError as error:
        reason = str(error.last_response.get("StatusReason", error))
        if not any(known in reason for known in _NO_CHANGES):
            raise ConfigurationError(f"change set for stack {name} failed: {reason}") from error


def _first_failure(cloud: Any, name: str) -> str:
    events = cloud.describe_stack_events(StackName=name)["StackEvents"]
    failures = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    if not failures:
        return "CloudFormation gives no reason"
    first = failures[-1]
    return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason given')}"
