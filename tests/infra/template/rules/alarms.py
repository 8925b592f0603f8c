"""Rules of what tells when something goes wrong, and what it costs: alarms, logs, budget."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.infra.template.rules.case import Case, Rule

ALARM = "AWS::CloudWatch::Alarm"
_TOPIC = {"Ref": "AlarmTopic"}
# Types that make cost of their own: each bears the tag by which a bill tells stacks apart.
_BILLED = (
    "AWS::S3::Bucket",
    "AWS::SQS::Queue",
    "AWS::Lambda::Function",
    "AWS::Logs::LogGroup",
    "AWS::SNS::Topic",
    "AWS::KMS::Key",
    "AWS::StepFunctions::StateMachine",
    "AWS::Athena::WorkGroup",
)
_TAG = {"Key": "litescore:stack", "Value": "stack"}


def each_queue_has_an_alarm(case: Case) -> Iterator[str]:
    """The dead letters' for the first one, the other's for the age of its oldest message."""
    for name in case.of_type("AWS::SQS::Queue"):
        metrics = _watched(
            case, {"Name": "QueueName", "Value": {"Fn::GetAtt": [name, "QueueName"]}}
        )
        wanted = {_metric_of(case, name)}
        if not wanted <= metrics:
            yield f"{name} has an alarm on {metrics}, none on {wanted}"


def _metric_of(case: Case, queue: str) -> str:
    letters = {"Fn::GetAtt": [queue, "Arn"]}
    is_for_dead_letters = any(
        other.get("RedrivePolicy", {}).get("deadLetterTargetArn") == letters
        for other in case.of_type("AWS::SQS::Queue").values()
    )
    return (
        "ApproximateNumberOfMessagesVisible"
        if is_for_dead_letters
        else ("ApproximateAgeOfOldestMessage")
    )


def the_function_has_alarms(case: Case) -> Iterator[str]:
    """On errors and on throttles."""
    for name in case.of_type("AWS::Lambda::Function"):
        missing = {"Errors", "Throttles"} - _watched(
            case, {"Name": "FunctionName", "Value": {"Ref": name}}
        )
        for metric in missing:
            yield f"{name} has no alarm on {metric}"


def backfills_have_an_alarm(case: Case) -> Iterator[str]:
    """Nobody watches a nightly run."""
    for name in case.of_type("AWS::StepFunctions::StateMachine"):
        metrics = _watched(case, {"Name": "StateMachineArn", "Value": {"Ref": name}})
        if "ExecutionsFailed" not in metrics:
            yield f"{name} fails silently"


def alarms_are_heard(case: Case) -> Iterator[str]:
    """Each goes to the topic, is on, rises above its threshold, and takes silence for good news."""
    for name, alarm in case.of_type(ALARM).items():
        if _TOPIC not in alarm.get("AlarmActions", []) or alarm.get("ActionsEnabled") is False:
            yield f"{name} tells nobody"
        if alarm["ComparisonOperator"] != "GreaterThanThreshold":
            yield f"{name} is raised by {alarm['ComparisonOperator']}"
        if alarm.get("TreatMissingData") != "notBreaching":
            yield f"{name} takes silence for bad news, or for none"


def a_try_is_not_late(case: Case) -> Iterator[str]:
    """An image that is tried again is older than the queue's visibility timeout."""
    queues = case.of_type("AWS::SQS::Queue").values()
    hidden = max(
        (one.get("VisibilityTimeout", 30) for one in queues if "RedrivePolicy" in one), default=0
    )
    for name, alarm in case.of_type(ALARM).items():
        is_of_age = alarm["MetricName"] == "ApproximateAgeOfOldestMessage"
        if is_of_age and alarm["Threshold"] < 2 * hidden:
            yield f"{name} is raised after {alarm['Threshold']} s already"


def the_topic_is_encrypted_by_a_key_for_publishers(case: Case) -> Iterator[str]:
    """AWS's own key for SNS is closed to CloudWatch and Budgets: alarms would be lost silently."""
    for name, topic in case.of_type("AWS::SNS::Topic").items():
        key = topic.get("KmsMasterKeyId")
        if not isinstance(key, dict) or key.get("Ref") not in case.of_type("AWS::KMS::Key"):
            yield f"{name} is encrypted by {key}"
            continue
        for publisher in ("cloudwatch.amazonaws.com", "budgets.amazonaws.com"):
            for holder, actions in (
                (key["Ref"], {"kms:Decrypt", "kms:GenerateDataKey"}),
                ("AlarmTopicPolicy", {"sns:Publish"}),
            ):
                if not actions <= _granted(case, holder, publisher):
                    yield f"{holder} does not let {publisher} in"


def _granted(case: Case, holder: str, service: str) -> set[str]:
    return {
        action
        for one in case.statements()
        if one.holder == holder
        and one.allows
        and service in one.body["Principal"].get("Service", [])
        for action in one.actions
    }


def mail_goes_where_it_is_asked(case: Case) -> Iterator[str]:
    """One subscription of AlarmEmail, none without."""
    mail = case.choice.get("AlarmEmail")
    found = [one.get("Endpoint") for one in case.of_type("AWS::SNS::Subscription").values()]
    if found != ([mail] if mail else []):
        yield f"alarms go to {found}"


def logs_end(case: Case) -> Iterator[str]:
    """Each log group has a retention, and the function logs into one of them."""
    groups = case.of_type("AWS::Logs::LogGroup")
    for name, group in groups.items():
        if not group.get("RetentionInDays"):
            yield f"{name} is kept for ever"
    for name, function in case.of_type("AWS::Lambda::Function").items():
        group = function.get("LoggingConfig", {}).get("LogGroup", {})
        if group.get("Ref") not in groups:
            yield f"{name} logs into a group of its own"


def a_budget_where_it_is_asked(case: Case) -> Iterator[str]:
    """Of that many dollars a month, told to the topic."""
    dollars = case.choice.get("BudgetDollars", 0)
    budgets = list(case.of_type("AWS::Budgets::Budget").values())
    limits = [one["Budget"]["BudgetLimit"] for one in budgets]
    if limits != ([{"Amount": dollars, "Unit": "USD"}] if dollars else []):
        yield f"budgets are {limits}"
    for budget in budgets:
        for told in budget["NotificationsWithSubscribers"]:
            if told["Subscribers"] != [{"SubscriptionType": "SNS", "Address": _TOPIC}]:
                yield f"the budget tells {told['Subscribers']}"


def cost_is_told_by_tag(case: Case) -> Iterator[str]:
    """Whatever is billed bears the stack's name as a tag."""
    for name, properties in case.of_type(*_BILLED).items():
        if _TAG not in properties.get("Tags", []):
            yield f"{name} bears no tag litescore:stack"


def _watched(case: Case, dimension: dict[str, Any]) -> set[str]:
    """The metrics of that dimension that raise an alarm."""
    return {
        alarm["MetricName"]
        for alarm in case.of_type(ALARM).values()
        if alarm.get("Dimensions") == [dimension]
    }


RULES: tuple[Rule, ...] = (
    each_queue_has_an_alarm,
    the_function_has_alarms,
    backfills_have_an_alarm,
    alarms_are_heard,
    a_try_is_not_late,
    the_topic_is_encrypted_by_a_key_for_publishers,
    mail_goes_where_it_is_asked,
    logs_end,
    a_budget_where_it_is_asked,
    cost_is_told_by_tag,
)
