"""A deployed template: its name, its outputs, and how it is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from infra.cloud.account import Account
from litescore.errors import ConfigurationError


@dataclass(frozen=True)
class Stack:
    """A deployed template: its name and its outputs (InputBucket, OutputBucket, ...)."""

    name: str
    outputs: Mapping[str, str]


def find(account: Account, name: str) -> Stack:
    """The stack of that name. Raises ConfigurationError, with the way out, where there is none."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        [stack] = account.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if "does not exist" in str(error):
            raise ConfigurationError(
                f"no stack {name} in {account.name}: make it with `litescore deploy`"
            ) from None
        raise ConfigurationError(f"cannot look for stack {name}: {error}") from error
    except BotoCoreError as error:
        raise ConfigurationError(f"cannot look for stack {name}: {error}") from error
    outputs = {
        entry["OutputKey"]: entry.get("OutputValue", "") for entry in stack.get("Outputs", [])
    }
    return Stack(name, MappingProxyType(outputs))
