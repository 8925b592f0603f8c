"""The template and the function's zip into an account, by a CloudFormation change set.

First all that can be checked, then the change set as a plan, then the deed. The account may be
AWS's or the local cloud's. Says nothing to the terminal.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from infra.cloud import refusals, stack
from infra.cloud.account import Account, Clients
from infra.cloud.deployment import (
    change_set,
    code_bucket,
    existing_bucket,
    following,
    function_zip,
    model_choice,
    parameters,
    state,
    taken_over,
)
from infra.cloud.deployment import plan as plans
from infra.cloud.deployment.change_set import ChangeSet
from infra.cloud.deployment.existing_bucket import Notifications
from infra.cloud.deployment.following import Tell
from infra.cloud.deployment.function_zip import FunctionZip
from infra.cloud.deployment.model_choice import Wish
from infra.cloud.deployment.plan import Plan
from infra.cloud.deployment.state import State
from infra.cloud.stack import Stack
from litescore.errors import ConfigurationError, UsageError

TEMPLATE = parameters.TEMPLATE

# "litescore-output-123456789012-ap-southeast-1" has to be a bucket's name, of 63 letters at most.
_NAME = re.compile(r"[a-z][a-z0-9-]{0,27}")
# What the filter of a bucket's notifications takes as it is; all else it matches encoded only:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-how-to-filtering.html
_PLAIN = re.compile(r"[A-Za-z0-9!_.'()/-]*")
_LOCAL_PAUSE = 0.1

# Told what is going on, units done and units in all.
Progress = Callable[[str, int, int], None]


def _quiet(_what: str, _done: int, _total: int) -> None:
    pass


@dataclass(frozen=True)
class Request:
    """What a deployment is asked for.

    stack       its name
    package     the zip, or the folder that holds it
    parameters  the template's, where given
    model       which, and whom a channel is believed from
    """

    stack: str
    package: Path
    parameters: Mapping[str, str] = field(default_factory=dict)
    model: Wish = field(default_factory=Wish)


def check_name(name: str) -> None:
    """Raise UsageError for a stack name that cannot begin a bucket's name."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"stack name {name!r} cannot begin a bucket's name: lowercase letters, digits and "
            "hyphens, a letter first, 28 at most"
        )


def prepare(account: Account, request: Request, progress: Progress = _quiet) -> Plan:
    """Check all that can be checked, upload the zip and propose the change set.

    Raises UsageError and ConfigurationError, before anything is uploaded where that can be.
    """
    check_name(request.stack)
    template = TEMPLATE.read_text(encoding="utf-8")
    parameters.check(request.parameters, template)
    package = function_zip.read(function_zip.find(request.package))
    function_zip.check_target(package, local=account.local)
    found = state.look(account, request.stack)
    state.check_deployable(found)
    _mend_poller(account, found)
    before: Mapping[str, str] = found.parameters if found and not found.reviewed else {}
    model = model_choice.choose(
        account, request.model, package, before, lambda done, total: progress("model", done, total)
    )
    given = {**model.parameters, **_target(package), **request.parameters}
    shown = _existing(account, {**before, **given})
    _refuse_loop(account, request.stack, {**before, **given})
    _refuse_prefix({**before, **given})
    code = f"{package.sha256}.zip"
    bucket = code_bucket.upload(
        account.client, package.path, code, lambda done, total: progress("upload", done, total)
    )
    given |= {"CodeBucket": bucket, "CodeKey": code}
    plan = plans.make(account, request.stack, package, given, found, shown, template)
    return replace(plan, notes=(*model.notes, *_former_bucket(found, shown), *plan.notes))


def discard(plan: Plan) -> None:
    """Forget a plan that will not be carried out, and the empty stack made for it."""
    with refusals.told(f"cannot discard the change set of stack {plan.changes.name}"):
        change_set.discard(plan.account.client, plan.changes)


def carry_out(plan: Plan, tell: Tell = lambda _: None) -> Stack:
    """Execute the change set, wait for its end, and turn the existing bucket's events on.

    `tell` hears of each event. Raises ConfigurationError with the first cause, and the state that
    the stack is in, when it fails.
    """
    account, name = plan.account, plan.changes.name
    if plan.changes.changes:
        try:
            _execute(plan, tell)
        finally:
            _mend_poller(account, state.look(account, name))
        _settle_taken(plan)
    else:
        discard(plan)
    if plan.shown and plan.wanted:
        existing_bucket.put(account, plan.shown, plan.wanted)
    return stack.find(account, name)


def deploy(
    clients: Clients, package: Path, *, name: str, parameters: Mapping[str, str] | None = None
) -> Stack:
    """Deploy without a question: of a zip of any contents, for the local cloud and its tests.

    `parameters` are the template's, apart from the two that name the zip. Raises UsageError for a
    stack name that cannot name a bucket, ConfigurationError with the reason when it fails.
    """
    check_name(name)
    account = _account(clients)
    found = state.look(account, name)
    state.check_deployable(found)
    held = FunctionZip(package, hashlib.sha256(package.read_bytes()).hexdigest(), None, None, None)
    key = f"{held.sha256}.zip"
    code = {"CodeBucket": code_bucket.upload(clients, package, key), "CodeKey": key}
    text = TEMPLATE.read_text(encoding="utf-8")
    plan = plans.make(account, name, held, {**(parameters or {}), **code}, found, None, text)
    return carry_out(plan)


def _settle_taken(plan: Plan) -> None:
    """Buckets of an earlier stack, which CloudFormation took over as they were."""
    account, name = plan.account, plan.changes.name
    taken = {change.resource for change in plan.changes.changes if change.action == "Import"}
    if taken and (found := state.look(account, name)):
        taken_over.settle(account, stack.find(account, name), found.parameters, taken)


def _mend_poller(account: Account, found: State | None) -> None:
    """In the local cloud only; also after what was taken back, or left with Ctrl-C."""
    if account.local and found and "FunctionName" in found.outputs:
        from infra.local import poller

        poller.mend(account.client, found.outputs["FunctionName"])


def _account(clients: Clients) -> Account:
    cloud, number = clients("cloudformation"), clients("sts").get_caller_identity()["Account"]
    local = urlsplit(cloud.meta.endpoint_url).hostname == "127.0.0.1"
    return Account(clients, "this account", number, cloud.meta.region_name, local)


def _target(package: FunctionZip) -> dict[str, str]:
    found = {}
    if package.arch:
        found["Architecture"] = package.arch
    # The local cloud runs its own Python, whatever the template says.
    if package.python in function_zip.PYTHONS:
        found["Runtime"] = f"python{package.python}"
    return found


def _existing(account: Account, settings: Mapping[str, str]) -> Notifications | None:
    name = settings.get("InputBucketName")
    return existing_bucket.read(account, name) if name else None


def _former_bucket(found: State | None, shown: Notifications | None) -> tuple[str, ...]:
    """A word about an existing bucket that the stack takes no images from any more."""
    former = found.parameters.get("InputBucketName", "") if found else ""
    stays = former and (shown is None or shown.bucket != former)
    if not (found and stays and existing_bucket.turned_on_by_us(found.tags, former)):
        return ()
    return (f"EventBridge of bucket {former}, turned on by an earlier deployment, stays on",)


def _refuse_loop(account: Account, name: str, settings: Mapping[str, str]) -> None:
    output = f"{name}-output-{account.number}-{account.region}"
    place, trigger = settings.get("OutputPrefix", "records/"), settings.get("InputPrefix", "")
    meet = place.startswith(trigger) or trigger.startswith(place)
    if settings.get("InputBucketName") == output and meet:
        raise UsageError(
            f"records go to s3://{output}/{place}, and images come from s3://{output}/{trigger}: "
            "each record would be read as an image, for ever; name another --input-prefix"
        )


def _refuse_prefix(settings: Mapping[str, str]) -> None:
    """EventBridge, which tells of an existing bucket, takes any prefix as it is."""
    prefix = settings.get("InputPrefix", "")
    if not settings.get("InputBucketName") and not _PLAIN.fullmatch(prefix):
        raise UsageError(
            f"--input-prefix {prefix!r}: S3 would tell of no object under it; letters, digits and "
            "!-_.'()/ only, or a bucket that is there already, with --input-bucket"
        )


def _execute(plan: Plan, tell: Tell) -> None:
    clients, changes = plan.account.client, plan.changes
    with refusals.told(f"cannot deploy stack {changes.name}"):
        before = following.begun(clients, changes.stack)
        change_set.execute(clients, changes)
    pause = _LOCAL_PAUSE if plan.account.local else 2.0
    with refusals.told(f"the deployment of stack {changes.name} goes on, out of sight"):
        end = following.follow(clients, changes.stack, before, tell, pause=pause)
    if not end.good:
        raise ConfigurationError(_failure(changes, end))


def _failure(changes: ChangeSet, end: following.End) -> str:
    if "FAILED" in end.status:
        now = f"it is {end.status} now"
    elif changes.creates:
        now = (
            f"all of it was taken back ({end.status}): `litescore destroy --stack {changes.name}` "
            "removes what is left"
        )
    else:
        now = f"it was taken back to what it was ({end.status})"
    return f"stack {changes.name} failed: {end.cause or 'CloudFormation gives no reason'}; {now}"
