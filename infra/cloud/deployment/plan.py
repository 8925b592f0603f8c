"""A deployment's plan: the change set as proposed, and what else would be done with it."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.cloud import refusals
from infra.cloud.account import Account
from infra.cloud.deployment import change_set, code_bucket, existing_bucket, parameters
from infra.cloud.deployment.change_set import ChangeSet
from infra.cloud.deployment.existing_bucket import Notifications
from infra.cloud.deployment.function_zip import FunctionZip
from infra.cloud.deployment.parameters import Setting
from infra.cloud.deployment.state import State

# CloudFormation's limit on a template within the request, in bytes.
_INLINE = 51_200


@dataclass(frozen=True)
class Plan:
    """What a deployment would do.

    changes   the change set; without changes there is nothing to do in CloudFormation
    settings  the template's parameters that change
    shown     an existing input bucket's notifications as they are, None for a bucket of ours
    wanted    the same as they will be
    notes     what else is worth a word, one line each
    """

    account: Account
    package: FunctionZip
    changes: ChangeSet
    settings: tuple[Setting, ...]
    shown: Notifications | None = None
    wanted: Notifications | None = None
    notes: tuple[str, ...] = ()

    @property
    def changes_bucket(self) -> bool:
        """Whether an existing bucket's notifications would be others afterwards."""
        return self.shown != self.wanted

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do at all."""
        return not self.changes.changes and not self.changes_bucket


def make(
    account: Account,
    name: str,
    package: FunctionZip,
    given: Mapping[str, str],
    found: State | None,
    shown: Notifications | None,
    template: str,
) -> Plan:
    """Propose the change set of a checked deployment.

    `given` are the template's parameters, `found` the stack as it is, `shown` the notifications of
    an existing input bucket, `template` the text. Raises ConfigurationError.
    """
    if account.local:
        # It speaks plain http, and would deny every request.
        given = {"Tls": "optional", **given}
    creates = found is None or found.reviewed
    before: Mapping[str, str] = {} if found is None or creates else found.parameters
    left = _left_behind(account, name, before, given)
    text = template
    if left:
        text = parameters.with_named_buckets(
            template, stack=name, number=account.number, region=account.region
        )
    proposal = change_set.Proposal(
        name=name,
        creates=creates,
        template=_placed(account, text),
        parameters=parameters.settled(given, before, template),
        tags=_tags(found, shown),
        imports=bool(left),
        # ministack's check takes what is to be imported for a conflict of names.
        validated=not (left and account.local),
        retained=parameters.retained(template, "UpdateReplacePolicy"),
    )
    with refusals.told(f"cannot deploy stack {name}"):
        changes = change_set.propose(account.client, proposal)
    return Plan(
        account,
        package,
        changes,
        parameters.changed(given, before),
        shown,
        shown.turned(on=True) if shown else None,
        tuple(f"bucket {bucket} is there from an earlier stack: taken over" for bucket in left),
    )


def _left_behind(
    account: Account, name: str, before: Mapping[str, str], given: Mapping[str, str]
) -> tuple[str, ...]:
    """The buckets that are to be made and are there: a stack of this name had them and left them."""
    kinds = [] if before else ["output"]
    if not {**before, **given}.get("InputBucketName") and (not before or before["InputBucketName"]):
        kinds.append("input")
    places = [f"{name}-{kind}-{account.number}-{account.region}" for kind in kinds]
    s3 = account.client("s3")
    with refusals.told(f"cannot look for buckets of an earlier stack {name}"):
        return tuple(place for place in places if code_bucket.is_ours(s3, place, account.number))


def _tags(found: State | None, shown: Notifications | None) -> dict[str, str] | None:
    """The stack's tags, with who turned EventBridge on; None where they stay."""
    tags = dict(found.tags) if found else {}
    if shown is None or existing_bucket.remembered(tags, shown.bucket):
        return None
    return {**tags, **existing_bucket.memory(shown)}


def _placed(account: Account, template: str) -> str:
    """The template's text, or where it was put when it is too large for a request."""
    data = template.encode()
    if len(data) <= _INLINE:
        return template
    key = f"{hashlib.sha256(data).hexdigest()}.yaml"
    with tempfile.TemporaryDirectory(prefix="litescore-template-") as folder:
        path = Path(folder) / "template.yaml"
        path.write_bytes(data)
        bucket = code_bucket.upload(account.client, path, key)
    return f"{account.client('s3').meta.endpoint_url}/{bucket}/{key}"
