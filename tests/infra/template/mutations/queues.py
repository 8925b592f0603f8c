"""What the rules of queues must catch."""

from __future__ import annotations

from tests.infra.template.spoiling import Mutation, drop, of, put

MUTATIONS: tuple[Mutation, ...] = tuple(
    Mutation(rule, what, edit)
    for rule, what, edit in (
        ("a_batch_is_hidden_long_enough", "short", put("Mappings/Waits/900/Hidden", 5400)),
        ("a_batch_is_hidden_long_enough", "none", drop(of("Queue", "VisibilityTimeout"))),
        ("a_batch_is_hidden_long_enough", "slow", put(of("Function", "Timeout"), 900)),
        ("failures_get_five_tries", "four", put(of("Queue", "RedrivePolicy/maxReceiveCount"), 4)),
        ("failures_get_five_tries", "no redrive", drop(of("Queue", "RedrivePolicy"))),
        (
            "dead_letters_outlive_the_queue",
            "equal",
            put(of("DeadLetterQueue", "MessageRetentionPeriod"), 345_600),
        ),
        (
            "dead_letters_outlive_the_queue",
            "default",
            drop(of("DeadLetterQueue", "MessageRetentionPeriod")),
        ),
        ("two_functions_at_least", "one", put("Parameters/MaximumConcurrency/MinValue", 1)),
        ("two_functions_at_least", "unbounded", drop(of("FunctionImages", "ScalingConfig"))),
        (
            "a_batch_answers_message_by_message",
            "silent",
            drop(of("FunctionImages", "FunctionResponseTypes")),
        ),
        ("queues_are_encrypted", "off", put(of("Queue", "SqsManagedSseEnabled"), False)),
    )
)
