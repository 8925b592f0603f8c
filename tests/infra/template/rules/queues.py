"""Rules of the queue, its dead-letter queue and how batches are taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tests.infra.template.rules.case import Case, Rule

QUEUE = "AWS::SQS::Queue"
MAPPING = "AWS::Lambda::EventSourceMapping"
# What SQS does without the property, in seconds.
_RETENTION, _VISIBILITY = 345_600, 30


def a_batch_is_hidden_long_enough(case: Case) -> Iterator[str]:
    """Six timeouts and the batching window, as AWS asks: or a batch is handed out again while it is
    being scored.
    """
    window = case.whole["Parameters"]["BatchingWindow"]["MaxValue"]
    for function in case.of_type("AWS::Lambda::Function").values():
        for name, queue in _sources(case).items():
            hidden, timeout = queue.get("VisibilityTimeout", _VISIBILITY), function["Timeout"]
            if hidden < 6 * timeout + window:
                yield f"{name} hides a batch for {hidden} s, the function takes {timeout}"


def failures_get_five_tries(case: Case) -> Iterator[str]:
    """A passing fault of minutes must not make dead letters."""
    for name, queue in _sources(case).items():
        tries = queue.get("RedrivePolicy", {}).get("maxReceiveCount", 0)
        if tries < 5:
            yield f"{name} gives up after {tries} tries"


def dead_letters_outlive_the_queue(case: Case) -> Iterator[str]:
    """A message keeps its age when it is moved."""
    for name, queue in _sources(case).items():
        target = queue.get("RedrivePolicy", {}).get("deadLetterTargetArn", {})
        letters = case.of_type(QUEUE).get(target.get("Fn::GetAtt", [""])[0])
        if letters is None:
            yield f"{name} has no dead-letter queue"
        elif _kept(letters) <= _kept(queue):
            yield f"dead letters of {name} are kept no longer than it keeps messages"


def two_functions_at_least(case: Case) -> Iterator[str]:
    """AWS takes no MaximumConcurrency below 2, and a template must not be refused by it."""
    for name, mapping in case.of_type(MAPPING).items():
        if mapping.get("ScalingConfig", {}).get("MaximumConcurrency", 0) < 2:
            yield f"{name} has no MaximumConcurrency of 2 or more"
    if case.whole["Parameters"]["MaximumConcurrency"].get("MinValue", 0) < 2:
        yield "MaximumConcurrency may be below 2"


def a_batch_answers_message_by_message(case: Case) -> Iterator[str]:
    """Else one bad image sends its whole batch back."""
    for name, mapping in case.of_type(MAPPING).items():
        if mapping.get("FunctionResponseTypes") != ["ReportBatchItemFailures"]:
            yield f"{name} does not report failures one by one"


def queues_are_encrypted(case: Case) -> Iterator[str]:
    """Keys may name people."""
    for name, queue in case.of_type(QUEUE).items():
        if not (queue.get("SqsManagedSseEnabled") is True or "KmsMasterKeyId" in queue):
            yield f"{name} is not encrypted"


def _sources(case: Case) -> dict[str, dict[str, Any]]:
    """The queues that functions take from."""
    queues = case.of_type(QUEUE)
    arns = (mapping["EventSourceArn"] for mapping in case.of_type(MAPPING).values())
    names = {arn["Fn::GetAtt"][0] for arn in arns}
    return {name: queues[name] for name in names}


def _kept(queue: dict[str, Any]) -> int:
    return int(queue.get("MessageRetentionPeriod", _RETENTION))


RULES: tuple[Rule, ...] = (
    a_batch_is_hidden_long_enough,
    failures_get_five_tries,
    dead_letters_outlive_the_queue,
    two_functions_at_least,
    a_batch_answers_message_by_message,
    queues_are_encrypted,
)
