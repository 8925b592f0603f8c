"""Where ministack's poller stumbles over our template, and how it is set right after a deployment."""

from __future__ import annotations

from infra.cloud.account import Clients
from litescore.settings import processors


def mend(client: Clients, function: str) -> None:
    """Give the function's event source mapping its number as a number.

    ministack takes the template's MaximumConcurrency for a text, and its poller compares it. No
    more functions run at once than there are processors, each has its own copy of the zip; but 2,
    as on AWS, at least.
    """
    lambdas = client("lambda")
    found = lambdas.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]
    for mapping in found:
        wanted = int(mapping.get("ScalingConfig", {}).get("MaximumConcurrency", 2))
        most = max(2, min(wanted, processors()))
        lambdas.update_event_source_mapping(
            UUID=mapping["UUID"], ScalingConfig={"MaximumConcurrency": most}
        )
