"""Buckets that an earlier stack left behind, brought to what the stack that took them over says.

CloudFormation takes a bucket over as it is, and sees no difference later either: were the prefix
that sets off the function another one now, no image would be scored, and records could go after the
days that the earlier stack gave them. All else about the buckets is the same for every stack.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from infra.cloud import refusals
from infra.cloud.account import Account
from infra.cloud.deployment import existing_bucket
from infra.cloud.stack import Stack

_EVENTS = ["s3:ObjectCreated:*"]
# The lifecycle rule of the template that ends records.
_RULE = "records"


def settle(
    account: Account, stack: Stack, parameters: Mapping[str, str], taken: Collection[str]
) -> None:
    """Make notifications and lifecycle of the buckets among `taken` (logical ids) what the stack's
    parameters say. Raises ConfigurationError.
    """
    with refusals.told(f"cannot bring the buckets of stack {stack.name} up to date"):
        if "InputBucket" in taken:
            _notify(account, stack, parameters.get("InputPrefix", ""))
        if "OutputBucket" in taken:
            prefix, days = parameters["OutputPrefix"], int(parameters["RecordDays"])
            _keep(account.client("s3"), stack.outputs["OutputBucket"], prefix, days)


def _notify(account: Account, stack: Stack, prefix: str) -> None:
    queue, bucket = _arn(account, stack.outputs["QueueUrl"]), stack.outputs["InputBucket"]
    held = existing_bucket.read(account, bucket).held
    configured = held.get("QueueConfigurations", [])
    ours = [entry for entry in configured if entry["QueueArn"] == queue]
    if [_watched(entry) for entry in ours] == [(_EVENTS, prefix)]:
        return
    entry: dict[str, Any] = {"QueueArn": queue, "Events": _EVENTS}
    if prefix:
        entry["Filter"] = {"Key": {"FilterRules": [{"Name": "Prefix", "Value": prefix}]}}
    others = [entry for entry in configured if entry["QueueArn"] != queue]
    account.client("s3").put_bucket_notification_configuration(
        Bucket=bucket,
        NotificationConfiguration={**held, "QueueConfigurations": [*others, entry]},
        # Of others' queues, which may be gone by now.
        SkipDestinationValidation=True,
    )


def _watched(entry: Any) -> tuple[list[str], str]:
    """The events, and the prefix of keys, that a configuration is about."""
    rules = entry.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    prefixes = [rule["Value"] for rule in rules if rule["Name"].lower() == "prefix"]
    return list(entry["Events"]), "".join(prefixes)


def _arn(account: Account, url: str) -> str:
    found = account.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    return str(found["Attributes"]["QueueArn"])


def _keep(s3: Any, bucket: str, prefix: str, days: int) -> None:
    rules = _rules(s3, bucket)
    others = [rule for rule in rules if rule.get("ID") != _RULE]
    wanted = [(prefix, days)] if days else []
    if [_ended(rule) for rule in rules if rule.get("ID") == _RULE] == wanted:
        return
    # S3 takes either form in all rules of a bucket, not both.
    old = any("Prefix" in rule for rule in others)
    where = {"Prefix": prefix} if old else {"Filter": {"Prefix": prefix}}
    rule = {"ID": _RULE, "Status": "Enabled", **where, "Expiration": {"Days": days}}
    s3.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": [*others, *([rule] if days else [])]}
    )


def _rules(s3: Any, bucket: str) -> list[dict[str, Any]]:
    from botocore.exceptions import ClientError

    try:
        found: list[dict[str, Any]] = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    except ClientError as error:
        if refusals.code(error) == "NoSuchLifecycleConfiguration":
            return []
        raise
    return found


def _ended(rule: Any) -> tuple[str, int | None]:
    """The prefix that a rule is about, and after how many days what lies there goes."""
    prefix = rule.get("Prefix", rule.get("Filter", {}).get("Prefix", ""))
    return prefix, rule.get("Expiration", {}).get("Days")
