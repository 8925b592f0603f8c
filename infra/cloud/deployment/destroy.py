"""A stack's removal: what goes, what stays, and the buckets' contents where that is asked for.

Says nothing to the terminal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from infra.amounts import counted, size
from infra.cloud import refusals
from infra.cloud.account import Account
from infra.cloud.deployment import code_bucket, existing_bucket, following, parameters, state
from infra.cloud.deployment.following import Tell
from infra.cloud.deployment.state import State
from litescore.errors import ConfigurationError

# Objects counted at most: it is for a word like "over 10,000".
COUNTED = 10_000

_BUCKET = "AWS::S3::Bucket"
_ENDS = {"QueueUrl": "queue", "DeadLetterQueueUrl": "dead-letter queue"}
_LOCAL_PAUSE = 0.1


@dataclass(frozen=True)
class Held:
    """A bucket with what it holds: objects and bytes, counted up to COUNTED objects."""

    bucket: str
    objects: int
    size: int

    def __str__(self) -> str:
        if self.objects >= COUNTED:
            return f"{self.bucket}: over {COUNTED:,} objects, over {size(self.size)}"
        return f"{self.bucket}: {counted(self.objects, 'object')}, {size(self.size)}"


@dataclass(frozen=True)
class Removal:
    """What a removal would do.

    stack     None where it is gone already, and only its buckets are left
    removed   (type, logical id) of what goes with the stack
    waiting   "queue" and "dead-letter queue" -> messages that go with them
    records   the output bucket, None where there is none
    images    the input bucket of the stack's own, None where there is none
    code      the bucket of zips, of all stacks of the region
    existing  an input bucket that was there before, "" where there is none
    bridge    what becomes of EventBridge on that bucket: "off" or why it stays on
    """

    account: Account
    name: str
    stack: State | None
    removed: tuple[tuple[str, str], ...]
    waiting: Mapping[str, int]
    records: Held | None
    images: Held | None
    code: Held | None
    existing: str
    bridge: str


def prepare(account: Account, name: str) -> Removal:
    """Look at what there is. Raises ConfigurationError where there is neither stack nor bucket."""
    found = state.look(account, name)
    if found:
        state.check_at_rest(found)
    where = f"{account.number}-{account.region}"
    with refusals.told(f"cannot look at stack {name}"):
        records = _held(account, f"{name}-output-{where}")
        images = _held(account, f"{name}-input-{where}")
        if not (found or records or images):
            raise ConfigurationError(f"no stack {name} in {account.name}, and no bucket of one")
        resources = _resources(account, found) if found else []
        existing = found.parameters.get("InputBucketName", "") if found else ""
        return Removal(
            account=account,
            name=name,
            stack=found,
            removed=_removed(account, found, resources) if found else (),
            waiting=_waiting(account, found) if found else {},
            records=records,
            images=images,
            code=_held(account, code_bucket.name(account.number, account.region)),
            existing=existing,
            bridge=_bridge(account, found, resources) if found and existing else "",
        )


def carry_out(removal: Removal, tell: Tell = lambda _: None) -> None:
    """Remove the stack and wait for its end; then EventBridge, where it is to go off.

    Raises ConfigurationError with the first cause when something cannot be removed.
    """
    account, found = removal.account, removal.stack
    if found is None:
        return
    cloud = account.client("cloudformation")
    with refusals.told(f"cannot remove stack {removal.name}"):
        before = following.begun(account.client, found.id)
        cloud.delete_stack(StackName=found.id)
        pause = _LOCAL_PAUSE if account.local else 2.0
        end = following.follow(account.client, found.id, before, tell, pause=pause)
    if end.status != "DELETE_COMPLETE":
        raise ConfigurationError(
            f"stack {removal.name} is {end.status}: {end.cause or 'CloudFormation gives no reason'}"
        )
    # Looked at anew: a rule of somebody else's may have come in the meantime.
    if removal.bridge == "off" and not existing_bucket.other_rules(
        account, removal.existing, set()
    ):
        shown = existing_bucket.read(account, removal.existing)
        existing_bucket.put(account, shown, shown.turned(on=False))


def remove_bucket(
    account: Account, bucket: str, progress: Callable[[int], None] = lambda _: None
) -> int:
    """Delete a bucket with every version of all that is in it; how many there were.

    `progress` is told how many are gone so far. Raises ConfigurationError.
    """
    s3, gone = account.client("s3"), 0
    with refusals.told(f"cannot delete bucket {bucket}"):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            names = [
                {"Key": one["Key"], "VersionId": one["VersionId"]}
                for kind in ("Versions", "DeleteMarkers")
                for one in page.get(kind, [])
            ]
            if names:
                deleted = s3.delete_objects(Bucket=bucket, Delete={"Objects": names, "Quiet": True})
                _check_deleted(bucket, deleted)
                gone += len(names)
                progress(gone)
        s3.delete_bucket(Bucket=bucket)
    return gone


def _check_deleted(bucket: str, answer: Any) -> None:
    for error in answer.get("Errors", []):
        raise ConfigurationError(
            f"cannot delete {error['Key']} of bucket {bucket}: {error['Code']} {error['Message']}"
        )


def _held(account: Account, bucket: str) -> Held | None:
    s3 = account.client("s3")
    if not code_bucket.is_ours(s3, bucket, account.number):
        return None
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    entries = (entry for page in pages for entry in page.get("Contents", []))
    sizes = [entry["Size"] for entry in islice(entries, COUNTED)]
    return Held(bucket, len(sizes), sum(sizes))


def _resources(account: Account, found: State) -> list[Any]:
    pages = account.client("cloudformation").get_paginator("list_stack_resources")
    return [
        entry
        for page in pages.paginate(StackName=found.id)
        for entry in page["StackResourceSummaries"]
        if entry["ResourceStatus"] != "DELETE_COMPLETE"
    ]


def _removed(account: Account, found: State, resources: list[Any]) -> tuple[tuple[str, str], ...]:
    kept = _retained(account, found)
    return tuple(
        sorted(
            (entry["ResourceType"], entry["LogicalResourceId"])
            for entry in resources
            if entry["LogicalResourceId"] not in kept
        )
    )


def _retained(account: Account, found: State) -> set[str]:
    """The logical ids that the stack's own template keeps."""
    if found.reviewed:
        return set()
    body = account.client("cloudformation").get_template(StackName=found.id)["TemplateBody"]
    if isinstance(body, str):
        return set(parameters.retained(body, "DeletionPolicy"))
    resources = body["Resources"].items()
    return {name for name, one in resources if "Retain" in one.get("DeletionPolicy", "")}


def _waiting(account: Account, found: State) -> dict[str, int]:
    sqs, counts = account.client("sqs"), {}
    for output, word in _ENDS.items():
        if url := found.outputs.get(output):
            names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
            held = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            counts[word] = sum(int(held[name]) for name in names)
    return counts


def _bridge(account: Account, found: State, resources: list[Any]) -> str:
    bucket = found.parameters["InputBucketName"]
    if not existing_bucket.turned_on_by_us(found.tags, bucket):
        return "it was on before"
    own = {
        entry.get("PhysicalResourceId", "").rpartition("|")[2]
        for entry in resources
        if entry["ResourceType"] == "AWS::Events::Rule"
    }
    try:
        if not existing_bucket.read(account, bucket).eventbridge:
            return "it is off already"
        others = existing_bucket.other_rules(account, bucket, own)
    except ConfigurationError as error:
        return f"nobody can tell who else needs it: {error}"
    return f"other rules may need it: {', '.join(others[:3])}" if others else "off"
