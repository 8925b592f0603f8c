"""What the rules of alarms, logs and cost must catch."""

from __future__ import annotations

from tests.infra.template.spoiling import Mutation, drop, of, put

MUTATIONS: tuple[Mutation, ...] = tuple(
    Mutation(rule, what, edit)
    for rule, what, edit in (
        ("each_queue_has_an_alarm", "letters", drop("Resources/DeadLetterAlarm")),
        (
            "each_queue_has_an_alarm",
            "wrong queue",
            put(
                of("LateAlarm", "Dimensions/0/Value"),
                {"Fn::GetAtt": ["DeadLetterQueue", "QueueName"]},
            ),
        ),
        (
            "each_queue_has_an_alarm",
            "a third queue",
            put("Resources/Third", {"Type": "AWS::SQS::Queue", "Properties": {}}),
        ),
        ("the_function_has_alarms", "throttles", drop("Resources/ThrottlesAlarm")),
        ("the_function_has_alarms", "errors", put(of("ErrorsAlarm", "MetricName"), "Duration")),
        ("backfills_have_an_alarm", "none", drop("Resources/BackfillAlarm")),
        ("alarms_are_heard", "silent", drop(of("ErrorsAlarm", "AlarmActions"))),
        ("alarms_are_heard", "off", put(of("LateAlarm", "ActionsEnabled"), False)),
        (
            "alarms_are_heard",
            "upside down",
            put(of("DeadLetterAlarm", "ComparisonOperator"), "LessThanThreshold"),
        ),
        ("alarms_are_heard", "missing", drop(of("DeadLetterAlarm", "TreatMissingData"))),
        ("a_try_is_not_late", "hasty", put("Mappings/Waits/900/Late", 5700)),
        (
            "the_topic_is_encrypted_by_a_key_for_publishers",
            "AWS's key",
            put(of("AlarmTopic", "KmsMasterKeyId"), "alias/aws/sns"),
        ),
        (
            "the_topic_is_encrypted_by_a_key_for_publishers",
            "none",
            drop(of("AlarmTopic", "KmsMasterKeyId")),
        ),
        (
            "the_topic_is_encrypted_by_a_key_for_publishers",
            "closed",
            put(
                of("AlarmKey", "KeyPolicy/Statement/1/Principal/Service"),
                ["budgets.amazonaws.com"],
            ),
        ),
        ("mail_goes_where_it_is_asked", "none", drop("Resources/AlarmMail")),
        ("mail_goes_where_it_is_asked", "always", drop("Resources/AlarmMail/Condition")),
        ("logs_end", "never", drop(of("Log", "RetentionInDays"))),
        ("logs_end", "another group", drop(of("Function", "LoggingConfig"))),
        ("a_budget_where_it_is_asked", "always", drop("Resources/Budget/Condition")),
        ("a_budget_where_it_is_asked", "none", drop("Resources/Budget")),
        (
            "a_budget_where_it_is_asked",
            "silent",
            put(of("Budget", "NotificationsWithSubscribers/0/Subscribers"), []),
        ),
        ("cost_is_told_by_tag", "bucket", drop(of("OutputBucket", "Tags"))),
        ("cost_is_told_by_tag", "function", drop(of("Function", "Tags"))),
    )
)
