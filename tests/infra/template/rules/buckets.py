"""Rules of the buckets: private, encrypted, kept, and no way from the output back to the input."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.infra.template.rules.case import Case, Rule

BUCKET = "AWS::S3::Bucket"
_CLOSED = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
_KEPT = ("Retain", "RetainExceptOnCreate")


def buckets_are_private(case: Case) -> Iterator[str]:
    """All four ways to the public are closed, and no access lists are in use."""
    for name, bucket in case.of_type(BUCKET).items():
        closed = bucket.get("PublicAccessBlockConfiguration", {})
        if not all(closed.get(way) is True for way in _CLOSED):
            yield f"{name} may be made public"
        rules = bucket.get("OwnershipControls", {}).get("Rules")
        if rules != [{"ObjectOwnership": "BucketOwnerEnforced"}] or "AccessControl" in bucket:
            yield f"{name} has access lists"
        if "WebsiteConfiguration" in bucket:
            yield f"{name} is a web site"


def buckets_are_encrypted(case: Case) -> Iterator[str]:
    """By name: S3's own default is not seen by those who audit a template."""
    for name, bucket in case.of_type(BUCKET).items():
        rules = bucket.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
        ways = [rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] for rule in rules]
        if ways not in (["AES256"], ["aws:kms"]):
            yield f"{name} is not encrypted"


def buckets_are_kept(case: Case) -> Iterator[str]:
    """No deleted or replaced stack takes images or records with it."""
    for name, resource in case.template["Resources"].items():
        if resource["Type"] != BUCKET:
            continue
        if resource.get("DeletionPolicy") not in _KEPT:
            yield f"{name} goes when the stack is deleted"
        if resource.get("UpdateReplacePolicy") != "Retain":
            yield f"{name} goes when it is replaced"


def buckets_are_versioned_and_swept(case: Case) -> Iterator[str]:
    """Versions tell which image was scored; old ones and broken uploads go in time."""
    for name, bucket in case.of_type(BUCKET).items():
        if bucket.get("VersioningConfiguration") != {"Status": "Enabled"}:
            yield f"{name} is not versioned"
        swept: set[str] = set()
        for rule in _lifecycle(bucket):
            if rule["Status"] == "Enabled" and "Prefix" not in rule:
                swept |= set(rule)
        for needed in ("AbortIncompleteMultipartUpload", "NoncurrentVersionExpiration"):
            if needed not in swept:
                yield f"{name} has no {needed}"


def records_are_kept_as_asked(case: Case) -> Iterator[str]:
    """For ever, or the days that RecordDays says; nothing that may hold images or records is
    removed otherwise.
    """
    days = case.choice.get("RecordDays", 0)
    prefix = case.whole["Parameters"]["OutputPrefix"]["Default"]
    for name, bucket in case.of_type(BUCKET).items():
        touching = {
            rule["ExpirationInDays"]
            for rule in _lifecycle(bucket)
            if "ExpirationInDays" in rule
            and (name == "InputBucket" or _meet(rule.get("Prefix", ""), prefix))
        }
        wanted = {days} if days and name == "OutputBucket" else set()
        if touching != wanted:
            yield f"{name} keeps what it holds {touching} days, not {wanted or 'for ever'}"


def no_output_sets_off_the_function(case: Case) -> Iterator[str]:
    """Records go to a bucket that tells nobody, and never to the one that sets the function off."""
    for name, bucket in case.of_type(BUCKET).items():
        if name != "InputBucket" and "NotificationConfiguration" in bucket:
            yield f"{name} sets something off"
    for name, rule in case.of_type("AWS::Events::Rule").items():
        watched = rule["EventPattern"]["detail"]["bucket"]["name"]
        if watched != [case.choice.get("InputBucketName")]:
            yield f"{name} hears of {watched}"
    for name, function in case.of_type("AWS::Lambda::Function").items():
        variables = function["Environment"]["Variables"]
        output, trigger = variables["LITESCORE_OUTPUT"], variables["LITESCORE_INPUT"]
        if not output.startswith("s3://${OutputBucket}/"):
            yield f"{name} writes to {output}"
        if trigger != _trigger(case):
            yield f"{name} is told that {trigger} sets it off, not {_trigger(case)}"


def _trigger(case: Case) -> str:
    own = case.of_type(BUCKET).get("InputBucket", {}).get("BucketName")
    return f"s3://{own or case.choice['InputBucketName']}/{case.choice.get('InputPrefix', '')}"


def only_the_prefix_sets_off_the_function(case: Case) -> Iterator[str]:
    """Where InputPrefix is given, and everything where it is not."""
    prefix = case.choice.get("InputPrefix")
    wanted = [prefix] if prefix else []
    for name, bucket in case.of_type(BUCKET).items():
        for one in bucket.get("NotificationConfiguration", {}).get("QueueConfigurations", []):
            rules = one.get("Filter", {}).get("S3Key", {}).get("Rules", [])
            if [rule["Value"] for rule in rules if rule["Name"] == "prefix"] != wanted:
                yield f"{name} notifies of {rules}"
    for name, rule in case.of_type("AWS::Events::Rule").items():
        keys = rule["EventPattern"]["detail"].get("object", {}).get("key", [])
        if [key["prefix"] for key in keys] != wanted:
            yield f"{name} hears of {keys}"


def _lifecycle(bucket: dict[str, Any]) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = bucket.get("LifecycleConfiguration", {}).get("Rules", [])
    return rules


def _meet(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


RULES: tuple[Rule, ...] = (
    buckets_are_private,
    buckets_are_encrypted,
    buckets_are_kept,
    buckets_are_versioned_and_swept,
    records_are_kept_as_asked,
    no_output_sets_off_the_function,
    only_the_prefix_sets_off_the_function,
)
