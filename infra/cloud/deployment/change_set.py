"""A CloudFormation change set: proposed, read, thrown away or carried out. Says nothing."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from infra.cloud import refusals
from infra.cloud.account import Clients
from infra.cloud.deployment import validation
from litescore.errors import ConfigurationError

# Types whose removal or replacement loses what they hold.
_HOLDERS = ("AWS::S3::Bucket", "AWS::SQS::Queue")
_NO_CHANGES = ("didn't contain changes", "No updates are to be performed")
_REPLACEMENT = {"True": "yes", "Conditional": "perhaps"}
_WAIT = {"Delay": 1, "MaxAttempts": 900}


@dataclass(frozen=True)
class Change:
    """What would be done to one resource.

    action       "Add", "Modify", "Remove" or "Import"
    resource     its logical id in the template
    type         such as "AWS::SQS::Queue"
    replacement  of a modified one: "yes", "perhaps" or "no"; else ""
    properties   of a modified one: which of its properties
    kept         a removed or replaced one stays in the account, outside of the stack
    """

    action: str
    resource: str
    type: str
    replacement: str = ""
    properties: tuple[str, ...] = ()
    kept: bool = False

    @property
    def ends(self) -> bool:
        """Whether a bucket or queue leaves the stack by it, or may."""
        gone = self.action == "Remove" or self.replacement in ("yes", "perhaps")
        return gone and self.type in _HOLDERS

    @property
    def loses(self) -> bool:
        """Whether messages or objects may be lost by it."""
        return self.ends and not self.kept


@dataclass(frozen=True)
class ChangeSet:
    """What a deployment would do; no `changes`, nothing to do.

    id      its ARN
    stack   the stack's ARN, which names it after its removal too
    name    the stack's name
    """

    id: str
    stack: str
    name: str
    creates: bool
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Proposal:
    """What CloudFormation is asked.

    template    its text, or the URL of one in S3
    parameters  in CloudFormation's own form
    tags        of the stack and all in it; None leaves them
    imports     take over buckets that an earlier stack left behind
    validated   let CloudFormation check names before it begins
    retained    resources of which a replaced one stays in the account
    """

    name: str
    creates: bool
    template: str
    parameters: Sequence[Mapping[str, Any]]
    tags: Mapping[str, str] | None = None
    imports: bool = False
    validated: bool = True
    retained: frozenset[str] = frozenset()


def propose(clients: Clients, proposal: Proposal) -> ChangeSet:
    """Make a change set and wait until CloudFormation has worked it out.

    Raises ConfigurationError with CloudFormation's reason when it cannot.
    """
    cloud = clients("cloudformation")
    where = "TemplateURL" if proposal.template.startswith("http") else "TemplateBody"
    options: dict[str, Any] = {where: proposal.template}
    if proposal.tags is not None:
        options["Tags"] = [{"Key": key, "Value": text} for key, text in proposal.tags.items()]
    if proposal.imports:
        options["ImportExistingResources"] = True
    if not proposal.validated:
        options["DisableValidation"] = True
    answer = cloud.create_change_set(
        StackName=proposal.name,
        ChangeSetName=f"litescore-{uuid.uuid4().hex}",
        ChangeSetType="CREATE" if proposal.creates else "UPDATE",
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        Parameters=list(proposal.parameters),
        **options,
    )
    made = ChangeSet(answer["Id"], answer["StackId"], proposal.name, proposal.creates, ())
    try:
        _wait(cloud, made)
    except BaseException:
        # Ctrl-C too: nobody would know of it.
        discard(clients, made)
        raise
    return replace(made, changes=_changes(cloud, made, proposal.retained))


def discard(clients: Clients, made: ChangeSet) -> None:
    """Forget a change set that will not be carried out, and the empty stack made for it."""
    cloud = clients("cloudformation")
    cloud.delete_change_set(ChangeSetName=made.id, StackName=made.stack)
    if made.creates:
        _remove_empty(cloud, made)


def execute(clients: Clients, made: ChangeSet) -> None:
    """Begin to carry it out; `infra.cloud.deployment.following` waits for the end."""
    clients("cloudformation").execute_change_set(ChangeSetName=made.id, StackName=made.stack)


def _remove_empty(cloud: Any, made: ChangeSet) -> None:
    """Remove a stack that is but a name, unless somebody else's change set waits for it."""
    from botocore.exceptions import ClientError

    try:
        listed = cloud.list_change_sets(StackName=made.stack)["Summaries"]
        [found] = cloud.describe_stacks(StackName=made.stack)["Stacks"]
    except ClientError as error:
        if refusals.is_absent(error):
            return
        raise
    # AWS may list a moment longer what was deleted.
    others = [one for one in listed if one["ChangeSetId"] != made.id]
    if not others and found["StackStatus"] == "REVIEW_IN_PROGRESS":
        cloud.delete_stack(StackName=made.stack)


def _wait(cloud: Any, made: ChangeSet) -> None:
    from botocore.exceptions import WaiterError

    waiter = cloud.get_waiter("change_set_create_complete")
    try:
        waiter.wait(ChangeSetName=made.id, StackName=made.stack, WaiterConfig=_WAIT)
    except WaiterError as error:
        reason = str(error.last_response.get("StatusReason", error))
        if any(known in reason for known in _NO_CHANGES):
            return
        if validation.is_cause(reason):
            reason = validation.first_found(cloud, ChangeSetName=made.id) or reason
        raise ConfigurationError(
            f"change set for stack {made.name} failed: {' '.join(reason.split())}"
        ) from error


def _changes(cloud: Any, made: ChangeSet, retained: frozenset[str]) -> tuple[Change, ...]:
    pages = cloud.get_paginator("describe_change_set").paginate(
        ChangeSetName=made.id, StackName=made.stack
    )
    entries = (entry["ResourceChange"] for page in pages for entry in page["Changes"])
    return tuple(_change(entry, retained) for entry in entries)


def _change(entry: Any, retained: frozenset[str]) -> Change:
    action, name = entry["Action"], entry["LogicalResourceId"]
    targets = [detail.get("Target", {}) for detail in entry.get("Details", [])]
    names = {target.get("Name") or target.get("Attribute", "") for target in targets}
    replacement = _REPLACEMENT.get(entry.get("Replacement", ""), "no")
    return Change(
        action=action,
        resource=name,
        type=entry["ResourceType"],
        replacement=replacement if action == "Modify" else "",
        properties=tuple(sorted(names - {""})),
        kept="Retain" in entry.get("PolicyAction", "") or (action == "Modify" and name in retained),
    )
