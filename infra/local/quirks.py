"""What must be set right in ministack after a deployment, since it does it otherwise than AWS."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.cloud.account import Account


def correct(account: Account) -> None:
    """Set it right: call it after each change set carried out there. An AWS account is left alone.

    ministack keeps a template's numbers as the texts that CloudFormation's parameters are, though it
    answers with numbers. Its poller, which compares MaximumConcurrency with a count, raises then and
    takes no message of any queue.
    """
    if not account.local:
        return
    functions = account.client("lambda")
    for mapping in functions.list_event_source_mappings()["EventSourceMappings"]:
        if most := mapping.get("ScalingConfig", {}).get("MaximumConcurrency"):
            functions.update_event_source_mapping(
                UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": int(most)}
            )
