"""An input bucket that was there before: its events turned on through EventBridge, all else kept.

Its notifications are others' too. They are shown before they change, changed only while they are
still as shown, and looked at afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from infra.cloud import refusals
from infra.cloud.account import Account
from litescore.errors import ConfigurationError

_EVENTBRIDGE = "EventBridgeConfiguration"

# The stack's tag that remembers who turned EventBridge on: "BUCKET by-litescore".
_TAG = "litescore-eventbridge"
_OURS, _BEFORE = "by-litescore", "on-before"


@dataclass(frozen=True)
class Notifications:
    """A bucket's notification configuration, in S3's own form."""

    bucket: str
    held: Mapping[str, Any]

    @property
    def eventbridge(self) -> bool:
        """Whether its events go to EventBridge."""
        return _EVENTBRIDGE in self.held

    def turned(self, *, on: bool) -> Notifications:
        """The same with EventBridge on or off."""
        others = {name: part for name, part in self.held.items() if name != _EVENTBRIDGE}
        return Notifications(self.bucket, {**others, **({_EVENTBRIDGE: {}} if on else {})})

    def lines(self) -> Iterator[str]:
        """One for each target, for people."""
        for kind, target in (("Topic", "TopicArn"), ("Queue", "QueueArn")):
            for entry in self.held.get(f"{kind}Configurations", []):
                yield f"{entry[target]}  {', '.join(entry['Events'])}{_filter(entry)}"
        for entry in self.held.get("LambdaFunctionConfigurations", []):
            yield f"{entry['LambdaFunctionArn']}  {', '.join(entry['Events'])}{_filter(entry)}"
        if self.eventbridge:
            yield "EventBridge  all events"


def read(account: Account, bucket: str) -> Notifications:
    """What the bucket notifies at present.

    Raises ConfigurationError for a bucket that is not there, closed to us, or in another region
    than the stack's: EventBridge hands events to rules of the bucket's own region only.
    """
    s3 = account.client("s3")
    _check_region(account, bucket, _region(s3, bucket, account.number))
    with refusals.told(f"cannot read the notifications of bucket {bucket}"):
        return Notifications(bucket, _own(s3.get_bucket_notification_configuration(Bucket=bucket)))


def memory(shown: Notifications) -> dict[str, str]:
    """The stack's tag that remembers who turned EventBridge on, to be set before that is done."""
    return {_TAG: f"{shown.bucket} {_BEFORE if shown.eventbridge else _OURS}"}


def remembered(tags: Mapping[str, str], bucket: str) -> bool:
    """Whether the stack's tags say of that bucket who turned EventBridge on."""
    return tags.get(_TAG, "").split(" ")[0] == bucket


def turned_on_by_us(tags: Mapping[str, str], bucket: str) -> bool:
    """Whether a deployment of the stack turned EventBridge on for that bucket."""
    return tags.get(_TAG) == f"{bucket} {_OURS}"


def put(account: Account, shown: Notifications, wanted: Notifications) -> None:
    """Change the bucket's notifications from those `shown` to those `wanted`, and look.

    Raises ConfigurationError, without a change, where they are not as shown any more.
    """
    if wanted == shown:
        return
    s3, bucket = account.client("s3"), shown.bucket
    if read(account, bucket) != shown:
        raise ConfigurationError(
            f"the notifications of bucket {bucket} changed since they were shown, so they were "
            "left alone: run this again"
        )
    with refusals.told(f"cannot change the notifications of bucket {bucket}"):
        s3.put_bucket_notification_configuration(
            Bucket=bucket,
            NotificationConfiguration=wanted.held,
            # Of others' queues, which may be gone by now, and would get a test message.
            SkipDestinationValidation=True,
        )
    found = read(account, bucket)
    if _sorted(found.held) != _sorted(wanted.held):
        raise ConfigurationError(
            f"the notifications of bucket {bucket} are not what was put: {_sorted(found.held)}; "
            f"they were {_sorted(shown.held)}"
        )


def other_rules(account: Account, bucket: str, own: set[str]) -> list[str]:
    """Rules of EventBridge, `own` ones left out, that may wait for events of the bucket."""
    with refusals.told("cannot list the rules of EventBridge"):
        pages = account.client("events").get_paginator("list_rules").paginate()
        rules = [rule for page in pages for rule in page["Rules"]]
    return [
        rule["Name"]
        for rule in rules
        if rule["Name"] not in own and may_match(rule.get("EventPattern"), bucket)
    ]


def may_match(pattern: str | None, bucket: str) -> bool:
    """Whether an event pattern may take events of the bucket: true unless it plainly does not."""
    if not pattern:
        return False
    held = json.loads(pattern)
    named = held.get("detail", {}).get("bucket", {}).get("name") if "detail" in held else None
    return _may_be(held.get("source"), "aws.s3") and _may_be(named, bucket)


def _may_be(wanted: Any, value: str) -> bool:
    # No condition takes all; what is no text (a prefix, anything-but) may take it.
    if not isinstance(wanted, list):
        return True
    return value in wanted or any(not isinstance(one, str) for one in wanted)


def _region(s3: Any, bucket: str, owner: str) -> str:
    from botocore.exceptions import ClientError

    try:
        # Another account's bucket tells the EventBridge of that account, whoever may read it.
        answer = s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=owner)["ResponseMetadata"]
    except ClientError as error:
        answer = error.response["ResponseMetadata"]
        word = refusals.code(error)
        if word in ("404", "NoSuchBucket"):
            raise ConfigurationError(
                f"no bucket {bucket}: check --input-bucket, or leave it out for a bucket of the "
                "stack's own"
            ) from None
        if word in ("403", "AccessDenied"):
            raise ConfigurationError(
                f"not allowed to look at bucket {bucket}: it is another account's, or "
                "s3:ListBucket on it is missing"
            ) from None
        if word not in ("301", "400", "PermanentRedirect"):
            raise ConfigurationError(
                f"cannot look at bucket {bucket}: {refusals.reason(error)}"
            ) from error
    return str(answer.get("HTTPHeaders", {}).get("x-amz-bucket-region", ""))


def _check_region(account: Account, bucket: str, region: str) -> None:
    if region and region != account.region:
        raise ConfigurationError(
            f"bucket {bucket} is in {region} and the stack would be in {account.region}: "
            f"deploy with --region {region}"
        )


def _own(answer: Any) -> dict[str, Any]:
    return {name: part for name, part in answer.items() if name != "ResponseMetadata"}


def _sorted(held: Mapping[str, Any]) -> str:
    # S3 may hand its lists back in another order.
    parts = {
        name: sorted(part, key=json.dumps) if isinstance(part, list) else part
        for name, part in held.items()
    }
    return json.dumps(parts, sort_keys=True)


def _filter(entry: Any) -> str:
    rules = entry.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    told = ", ".join(f"{rule['Name'].lower()} {rule['Value']}" for rule in rules)
    return f"  ({told})" if told else ""
