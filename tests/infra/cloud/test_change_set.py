"""A change set that AWS refuses where the local cloud does not.

CloudFormation is played here: it checks a change set before it is executed, and the local one does
not.
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from infra.cloud.deployment import change_set
from infra.cloud.deployment.change_set import ChangeSet, Proposal
from litescore.errors import ConfigurationError

ID = "arn:aws:cloudformation:eu-west-1:123456789012:changeSet/litescore-1/1"
# As AWS words it.
POINTER = (
    "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]. To "
    "troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure "
    "information."
)
EMPTY_FIRST = {
    "LogicalResourceId": "InputBucket",
    "ValidationFailureMode": "WARN",
    "ValidationStatusReason": "The bucket 'shoes-input' is not empty.",
}
CONFLICT = {
    "LogicalResourceId": "Queue",
    "ValidationFailureMode": "FAIL",
    "ValidationStatusReason": "Resource of type 'AWS::SQS::Queue' already exists.",
}


class Checking:
    """CloudFormation as it refuses a change set; `findings` is what its check says."""

    def __init__(self, findings: list[dict[str, str]] | None) -> None:
        self.findings = findings
        self.discarded: list[str] = []
        self.listed = [ID]
        self.removed: list[str] = []

    def create_change_set(self, **_: object) -> dict[str, str]:
        return {"Id": ID, "StackId": "stack"}

    def get_waiter(self, _name: str) -> Checking:
        return self

    def wait(self, **_: object) -> None:
        raise WaiterError("ChangeSetCreateComplete", "failed", {"StatusReason": POINTER})

    def describe_events(self, ChangeSetName: str, **_: object) -> dict[str, Any]:  # noqa: N803
        if self.findings is None:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "DescribeEvents")
        assert ChangeSetName == ID
        return {"OperationEvents": self.findings}

    def delete_change_set(self, ChangeSetName: str, **_: object) -> None:  # noqa: N803
        self.discarded.append(ChangeSetName)

    def list_change_sets(self, **_: object) -> dict[str, Any]:
        return {"Summaries": [{"ChangeSetId": one} for one in self.listed]}

    def describe_stacks(self, **_: object) -> dict[str, Any]:
        return {"Stacks": [{"StackStatus": "REVIEW_IN_PROGRESS"}]}

    def delete_stack(self, StackName: str) -> None:  # noqa: N803
        self.removed.append(StackName)


@pytest.mark.parametrize(
    ("findings", "reason"),
    [
        ([EMPTY_FIRST, CONFLICT], "Queue: Resource of type 'AWS::SQS::Queue' already exists."),
        ([EMPTY_FIRST], POINTER),
        (None, POINTER),
    ],
    ids=["told", "only a warning", "denied"],
)
def test_what_the_check_of_a_change_set_found_is_the_reason(
    findings: list[dict[str, str]] | None, reason: str
) -> None:
    """AWS says with the change set no more than which check failed; it is discarded all the same."""
    cloud = Checking(findings)
    with pytest.raises(ConfigurationError) as caught:
        change_set.propose(lambda _: cloud, Proposal("shoes", False, "{}", []))
    assert str(caught.value) == f"change set for stack shoes failed: {reason}"
    assert cloud.discarded == [ID]


def test_an_empty_stack_goes_with_its_only_change_set() -> None:
    """AWS may list a moment longer what was deleted; another's change set keeps it."""
    cloud = Checking([])
    made = ChangeSet(ID, "stack", "shoes", creates=True, changes=())
    change_set.discard(lambda _: cloud, made)
    assert cloud.removed == ["stack"]
    cloud.listed.append(f"{ID}-of-another")
    change_set.discard(lambda _: cloud, made)
    assert cloud.removed == ["stack"]
