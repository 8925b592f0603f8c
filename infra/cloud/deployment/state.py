"""The state that a stack is in, and whether it can be deployed to from there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from infra.cloud import refusals
from infra.cloud.account import Account
from litescore.errors import ConfigurationError

_NEVER_MADE = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED")


@dataclass(frozen=True)
class State:
    """A stack that CloudFormation knows.

    id          its ARN, which names it after its removal too
    status      CloudFormation's word, such as "UPDATE_COMPLETE"
    parameters  name -> value
    tags        name -> value
    outputs     name -> value
    """

    id: str
    name: str
    status: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    outputs: Mapping[str, str]

    @property
    def reviewed(self) -> bool:
        """Whether it is but a name: a change set was made, and never executed."""
        return self.status == "REVIEW_IN_PROGRESS"


def look(account: Account, name: str) -> State | None:
    """The stack of that name, None where there is none. Raises ConfigurationError."""
    from botocore.exceptions import ClientError

    with refusals.told(f"cannot look for stack {name} in {account.name}"):
        try:
            [stack] = account.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if refusals.is_absent(error):
                return None
            raise
    return _state(stack)


def check_deployable(found: State | None) -> None:
    """Raise ConfigurationError, with the way out, for a state that cannot be deployed to."""
    if found is None or found.reviewed:
        return
    name, status = found.name, found.status
    if status in _NEVER_MADE:
        raise ConfigurationError(
            f"stack {name} is {status}: its creation failed and nothing can be made of it; remove "
            f"it with `litescore destroy --stack {name}`, then deploy again"
        )
    if status == "DELETE_FAILED":
        raise ConfigurationError(
            f"stack {name} is {status}: finish with `litescore destroy --stack {name}` first"
        )
    if status == "UPDATE_ROLLBACK_FAILED":
        raise ConfigurationError(
            f"stack {name} is {status}: mend it with `aws cloudformation continue-update-rollback "
            f"--stack-name {name}`, then deploy again"
        )
    check_at_rest(found)


def check_at_rest(found: State) -> None:
    """Raise ConfigurationError while another deployment or removal is at work on it."""
    if found.status.endswith("_IN_PROGRESS") and not found.reviewed:
        raise ConfigurationError(
            f"stack {found.name} is {found.status}: another deployment or removal is at work, "
            f"wait for it (`litescore status --stack {found.name}`)"
        )


def _state(stack: Any) -> State:
    return State(
        id=stack["StackId"],
        name=stack["StackName"],
        status=stack["StackStatus"],
        parameters=_table(stack.get("Parameters"), "ParameterKey", "ParameterValue"),
        tags=_table(stack.get("Tags"), "Key", "Value"),
        outputs=_table(stack.get("Outputs"), "OutputKey", "OutputValue"),
    )


def _table(entries: Any, name: str, value: str) -> Mapping[str, str]:
    return MappingProxyType({entry[name]: entry.get(value, "") for entry in entries or []})
