"""What each rule must catch: the template spoiled in one place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.infra.template.translation import Template

Edit = Callable[[Template], None]


@dataclass(frozen=True)
class Mutation:
    """A way to spoil SAM's translation of the template, and the rule that must notice."""

    rule: str
    what: str
    edit: Edit

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


def put(path: str, value: Any) -> Edit:
    """Write a value at `Section/Name/Property/0/...`."""

    def edit(template: Template) -> None:
        holder, last = _reach(template, path)
        holder[last] = value

    return edit


def drop(path: str) -> Edit:
    """Take out what is at a path, which must be there."""

    def edit(template: Template) -> None:
        holder, last = _reach(template, path)
        del holder[last]

    return edit


def grant(role: str, **statement: Any) -> Edit:
    """One more statement for a role, behind a condition."""

    def edit(template: Template) -> None:
        policy = template["Resources"][role]["Properties"]["Policies"][0]["PolicyDocument"]
        added = {"Sid": "Added", "Effect": "Allow", **statement}
        policy["Statement"].append({"Fn::If": ["ModelInS3", added, {"Ref": "AWS::NoValue"}]})

    return edit


def let_in(resource: str, **statement: Any) -> Edit:
    """One more statement in the policy of a resource."""

    def edit(template: Template) -> None:
        policy = template["Resources"][resource]["Properties"]["PolicyDocument"]
        policy["Statement"].append({"Sid": "Added", "Effect": "Allow", **statement})

    return edit


def forbid(resource: str, field: str, value: Any) -> Edit:
    """Another value in the statement of a resource's policy that refuses plain http."""

    def edit(template: Template) -> None:
        policy = template["Resources"][resource]["Properties"]["PolicyDocument"]
        first = policy["Statement"][0]
        first = first["Fn::If"][1] if "Fn::If" in first else first
        first[field] = value

    return edit


def statement(sid: str, field: str, value: Any) -> Edit:
    """Another value in a statement of the function's role, which may be behind a condition."""

    def edit(template: Template) -> None:
        policy = template["Resources"]["Role"]["Properties"]["Policies"][0]["PolicyDocument"]
        bodies = (one["Fn::If"][1] if "Fn::If" in one else one for one in policy["Statement"])
        [body] = [body for body in bodies if body["Sid"] == sid]
        body[field] = value

    return edit


def _reach(template: Template, path: str) -> tuple[Any, Any]:
    *way, last = [int(word) if word.isdigit() else word for word in path.split("/")]
    holder: Any = template
    for word in way:
        # A mapping's own keys may be digits too.
        holder = holder[word if isinstance(holder, list) or word in holder else str(word)]
    return holder, last


def _of(name: str, path: str) -> str:
    return f"Resources/{name}/Properties/{path}"


_IN_S3: Any = ["ModelInS3", "*", "arn:aws:s3:::models/model.tflite"]
# In the queue's policy: for the own bucket, then for an existing one.
_LET_IN = "PolicyDocument/Statement/1/Fn::If"
_OUTPUT = {"Fn::Sub": "${OutputBucket.Arn}/*"}

MUTATIONS: tuple[Mutation, ...] = tuple(
    Mutation(rule, what, edit)
    for rule, what, edit in (
        # queues
        ("a_batch_is_hidden_long_enough", "short", put("Mappings/Waits/900/Hidden", 5400)),
        ("a_batch_is_hidden_long_enough", "none", drop(_of("Queue", "VisibilityTimeout"))),
        ("a_batch_is_hidden_long_enough", "slow", put(_of("Function", "Timeout"), 900)),
        ("failures_get_five_tries", "four", put(_of("Queue", "RedrivePolicy/maxReceiveCount"), 4)),
        ("failures_get_five_tries", "no redrive", drop(_of("Queue", "RedrivePolicy"))),
        (
            "dead_letters_outlive_the_queue",
            "equal",
            put(_of("DeadLetterQueue", "MessageRetentionPeriod"), 345_600),
        ),
        (
            "dead_letters_outlive_the_queue",
            "default",
            drop(_of("DeadLetterQueue", "MessageRetentionPeriod")),
        ),
        ("two_functions_at_least", "one", put("Parameters/MaximumConcurrency/MinValue", 1)),
        ("two_functions_at_least", "unbounded", drop(_of("FunctionImages", "ScalingConfig"))),
        (
            "a_batch_answers_message_by_message",
            "silent",
            drop(_of("FunctionImages", "FunctionResponseTypes")),
        ),
        ("queues_are_encrypted", "off", put(_of("Queue", "SqsManagedSseEnabled"), False)),
        # buckets
        (
            "buckets_are_private",
            "policy",
            put(_of("OutputBucket", "PublicAccessBlockConfiguration/BlockPublicPolicy"), False),
        ),
        ("buckets_are_private", "lists", put(_of("InputBucket", "AccessControl"), "PublicRead")),
        ("buckets_are_private", "owners", drop(_of("InputBucket", "OwnershipControls"))),
        ("buckets_are_private", "site", put(_of("OutputBucket", "WebsiteConfiguration"), {})),
        ("buckets_are_encrypted", "not said", drop(_of("OutputBucket", "BucketEncryption"))),
        ("buckets_are_kept", "deleted", drop("Resources/OutputBucket/DeletionPolicy")),
        (
            "buckets_are_kept",
            "replaced",
            put("Resources/InputBucket/UpdateReplacePolicy", "Delete"),
        ),
        (
            "buckets_are_versioned_and_swept",
            "suspended",
            put(_of("InputBucket", "VersioningConfiguration/Status"), "Suspended"),
        ),
        (
            "buckets_are_versioned_and_swept",
            "uploads",
            drop(
                _of("OutputBucket", "LifecycleConfiguration/Rules/0/AbortIncompleteMultipartUpload")
            ),
        ),
        (
            "records_are_kept_as_asked",
            "manifests too",
            put(_of("OutputBucket", "LifecycleConfiguration/Rules/1/Prefix"), "rec"),
        ),
        (
            "records_are_kept_as_asked",
            "images",
            put(_of("InputBucket", "LifecycleConfiguration/Rules/0/ExpirationInDays"), 30),
        ),
        (
            "records_are_kept_as_asked",
            "other days",
            put(_of("OutputBucket", "LifecycleConfiguration/Rules/5/Fn::If/1/ExpirationInDays"), 1),
        ),
        (
            "no_output_sets_off_the_function",
            "notification",
            put(_of("OutputBucket", "NotificationConfiguration"), {"EventBridgeConfiguration": {}}),
        ),
        (
            "no_output_sets_off_the_function",
            "output into the input",
            put(
                _of("Function", "Environment/Variables/LITESCORE_OUTPUT"),
                {"Fn::Sub": "s3://${InputBucket}/${OutputPrefix}"},
            ),
        ),
        (
            "no_output_sets_off_the_function",
            "every bucket's events",
            put(_of("ImagesRule", "EventPattern/detail/bucket/name"), [{"prefix": ""}]),
        ),
        (
            "no_output_sets_off_the_function",
            "not told what sets it off",
            put(
                _of("Function", "Environment/Variables/LITESCORE_INPUT/Fn::If/2"),
                {"Fn::Sub": "s3://${AWS::StackName}-input-${AWS::AccountId}-${AWS::Region}/"},
            ),
        ),
        (
            "only_the_prefix_sets_off_the_function",
            "own bucket",
            drop(
                _of("InputBucket", "NotificationConfiguration/QueueConfigurations/0/Filter"),
            ),
        ),
        (
            "only_the_prefix_sets_off_the_function",
            "existing bucket",
            drop(_of("ImagesRule", "EventPattern/detail/object")),
        ),
        # access
        ("no_wildcard_resource", "star", statement("ReadImages", "Resource", "*")),
        ("no_wildcard_resource", "behind a condition", grant("Role", Action="x:Y", Resource="*")),
        (
            "no_wildcard_resource",
            "behind two",
            grant("Role", Action="x:Y", Resource={"Fn::If": _IN_S3}),
        ),
        (
            "no_wildcard_resource",
            "every bucket's",
            grant("Role", Action="s3:GetObject", Resource={"Fn::Sub": "arn:aws:s3:::*/x"}),
        ),
        (
            "no_wildcard_resource",
            "by an empty parameter",
            statement("ReadImages", "Resource", {"Fn::Sub": "arn:aws:s3:::${InputBucketName}*"}),
        ),
        (
            "no_wildcard_resource",
            "every queue",
            grant("Role", Action="sqs:SendMessage", Resource="arn:aws:sqs:*:123456789012:stack"),
        ),
        (
            "no_wildcard_resource",
            "every function",
            grant(
                "Role",
                Action="lambda:InvokeFunction",
                Resource={
                    "Fn::Join": [":", ["arn:aws:lambda:eu-west-1:123456789012:function", "*"]]
                },
            ),
        ),
        ("no_wildcard_resource", "all but", grant("Role", Action="x:Y", NotResource="arn:aws:x")),
        ("no_wildcard_action", "star", statement("TakeMessages", "Action", "*")),
        ("no_wildcard_action", "prefix", grant("Role", Action=["s3:Get*"], Resource=_OUTPUT)),
        ("no_wildcard_action", "all but", grant("Role", NotAction="s3:Get", Resource=_OUTPUT)),
        (
            "nobody_else_is_let_in",
            "everybody",
            let_in("OutputBucketPolicy", Principal="*", Action="s3:GetObject", Resource=_OUTPUT),
        ),
        (
            "nobody_else_is_let_in",
            "a service for anybody",
            let_in(
                "QueuePolicy",
                Principal={"Service": "s3.amazonaws.com"},
                Action="sqs:SendMessage",
                Resource={"Fn::GetAtt": ["Queue", "Arn"]},
            ),
        ),
        (
            "the_queue_takes_images_of_the_input_only",
            "another bucket",
            put(
                _of("QueuePolicy", f"{_LET_IN}/1/Condition/ArnEquals/aws:SourceArn"),
                {"Fn::Sub": "arn:aws:s3:::${OutputBucket}"},
            ),
        ),
        (
            "the_queue_takes_images_of_the_input_only",
            "any rule",
            put(
                _of("QueuePolicy", f"{_LET_IN}/2/Condition/ArnEquals/aws:SourceArn"),
                {"Fn::Sub": "arn:aws:events:${AWS::Region}:${AWS::AccountId}:rule/x"},
            ),
        ),
        (
            "the_queue_takes_images_of_the_input_only",
            "closed to EventBridge",
            put(_of("QueuePolicy", f"{_LET_IN}/2"), {"Ref": "AWS::NoValue"}),
        ),
        (
            "inventories_of_the_input_are_taken",
            "closed",
            drop(_of("OutputBucketPolicy", "PolicyDocument/Statement/1")),
        ),
        (
            "inventories_of_the_input_are_taken",
            "among the records",
            put(_of("OutputBucketPolicy", "PolicyDocument/Statement/1/Resource"), _OUTPUT),
        ),
        (
            "inventories_of_the_input_are_taken",
            "of any bucket",
            drop(_of("OutputBucketPolicy", "PolicyDocument/Statement/1/Condition/ArnEquals")),
        ),
        ("connections_are_encrypted", "input", drop("Resources/InputBucketPolicy")),
        ("connections_are_encrypted", "topic", drop("Resources/AlarmTopicPolicy")),
        ("connections_are_encrypted", "letters", drop("Resources/DeadLetterQueuePolicy")),
        ("connections_are_encrypted", "default", put("Parameters/Tls/Default", "optional")),
        (
            "connections_are_encrypted",
            "objects",
            forbid("OutputBucketPolicy", "Resource", [{"Fn::GetAtt": ["OutputBucket", "Arn"]}]),
        ),
        (
            "connections_are_encrypted",
            "one action",
            forbid("OutputBucketPolicy", "Action", "s3:PutObject"),
        ),
        ("connections_are_encrypted", "allow", forbid("QueuePolicy", "Effect", "Allow")),
        (
            "connections_are_encrypted",
            "one caller",
            forbid("QueuePolicy", "Principal", {"AWS": "123456789012"}),
        ),
        ("roles_have_the_boundary", "none", drop(_of("Role", "PermissionsBoundary"))),
        (
            "roles_have_no_managed_policies",
            "administrator",
            put(_of("Role", "ManagedPolicyArns"), ["arn:aws:iam::aws:policy/AdministratorAccess"]),
        ),
        (
            "functions_have_our_role",
            "another",
            put(_of("Function", "Role"), {"Fn::GetAtt": ["FunctionRole", "Arn"]}),
        ),
        (
            "a_missing_image_is_seen_as_missing",
            "output only",
            statement("TellGoneFromForbidden", "Resource", {"Fn::GetAtt": ["OutputBucket", "Arn"]}),
        ),
        (
            "a_missing_image_is_seen_as_missing",
            "own bucket only",
            statement(
                "TellGoneFromForbidden",
                "Resource",
                {"Fn::Sub": "arn:aws:s3:::${AWS::StackName}-input"},
            ),
        ),
        (
            "a_missing_image_is_seen_as_missing",
            "by prefix",
            statement("TellGoneFromForbidden", "Condition", {"StringLike": {"s3:prefix": "in/*"}}),
        ),
        (
            "images_can_be_read_and_not_changed",
            "written",
            statement("ReadImages", "Action", ["s3:GetObject", "s3:PutObject"]),
        ),
        (
            "images_can_be_read_and_not_changed",
            "beside the prefix",
            statement("ReadImages", "Resource", {"Fn::Sub": "${InputBucket.Arn}/*"}),
        ),
        (
            "the_function_may_do_its_work_only",
            "more",
            grant("Role", Action="s3:DeleteObject", Resource=_OUTPUT),
        ),
        (
            "the_function_may_do_its_work_only",
            "of a statement",
            statement(
                "WriteRecords", "Action", ["s3:PutObject", "s3:GetObject", "s3:PutObjectAcl"]
            ),
        ),
        # function
        ("parameters_arrive", "memory", put(_of("Function", "MemorySize"), 1769)),
        ("parameters_arrive", "architecture", drop(_of("Function", "Architectures"))),
        ("parameters_arrive", "batches", put(_of("FunctionImages", "BatchSize"), 100)),
        ("parameters_arrive", "log", put(_of("Log", "RetentionInDays"), 30)),
        (
            "runtimes_live_another_year",
            "old",
            put("Parameters/Runtime/AllowedValues", ["python3.9", "python3.13"]),
        ),
        ("runtimes_live_another_year", "older", put("Parameters/Runtime/Default", "python3.8")),
        (
            "the_handler_can_be_called",
            "typo",
            put(_of("Function", "Handler"), "lambda_handler.run"),
        ),
        (
            "the_handler_can_be_called",
            "module",
            put(_of("Function", "Handler"), "handlers.handler"),
        ),
        (
            "variables_are_known",
            "typo",
            put(_of("Function", "Environment/Variables/LITESCORE_OUTPUTS"), "s3://x/"),
        ),
        (
            "the_model_is_pinned",
            "digest",
            drop(_of("Function", "Environment/Variables/LITESCORE_MODEL_SHA256")),
        ),
        (
            "the_model_is_pinned",
            "version",
            put(_of("Function", "Environment/Variables/LITESCORE_MODEL_VERSION"), ""),
        ),
        ("the_model_is_pinned", "no reading", statement("ReadModel", "Action", ["s3:GetObject"])),
        (
            "the_channel_is_followed",
            "nobody is trusted",
            put(_of("Function", "Environment/Variables/LITESCORE_TRUST"), ""),
        ),
        (
            "the_channel_is_followed",
            "never looked at",
            drop(_of("Function", "Environment/Variables/LITESCORE_MODEL_CHECK")),
        ),
        (
            "the_channel_is_followed",
            "the whole bucket",
            statement("ReadReleases", "Resource", "arn:aws:s3:::models/*"),
        ),
        (
            "the_function_may_do_its_work_only",
            "releases written",
            statement("ReadReleases", "Action", ["s3:GetObject", "s3:PutObject"]),
        ),
        (
            "no_snapshot_is_started_from",
            "versions",
            put(_of("Function", "SnapStart"), {"ApplyOn": "PublishedVersions"}),
        ),
        # alarms
        ("each_queue_has_an_alarm", "letters", drop("Resources/DeadLetterAlarm")),
        (
            "each_queue_has_an_alarm",
            "wrong queue",
            put(
                _of("LateAlarm", "Dimensions/0/Value"),
                {"Fn::GetAtt": ["DeadLetterQueue", "QueueName"]},
            ),
        ),
        (
            "each_queue_has_an_alarm",
            "a third queue",
            put("Resources/Third", {"Type": "AWS::SQS::Queue", "Properties": {}}),
        ),
        ("the_function_has_alarms", "throttles", drop("Resources/ThrottlesAlarm")),
        ("the_function_has_alarms", "errors", put(_of("ErrorsAlarm", "MetricName"), "Duration")),
        ("backfills_have_an_alarm", "none", drop("Resources/BackfillAlarm")),
        ("alarms_are_heard", "silent", drop(_of("ErrorsAlarm", "AlarmActions"))),
        ("alarms_are_heard", "off", put(_of("LateAlarm", "ActionsEnabled"), False)),
        (
            "alarms_are_heard",
            "upside down",
            put(_of("DeadLetterAlarm", "ComparisonOperator"), "LessThanThreshold"),
        ),
        ("alarms_are_heard", "missing", drop(_of("DeadLetterAlarm", "TreatMissingData"))),
        ("a_try_is_not_late", "hasty", put("Mappings/Waits/900/Late", 5700)),
        (
            "the_topic_is_encrypted_by_a_key_for_publishers",
            "AWS's key",
            put(_of("AlarmTopic", "KmsMasterKeyId"), "alias/aws/sns"),
        ),
        (
            "the_topic_is_encrypted_by_a_key_for_publishers",
            "none",
            drop(_of("AlarmTopic", "KmsMasterKeyId")),
        ),
        (
            "the_topic_is_encrypted_by_a_key_for_publishers",
            "closed",
            put(
                _of("AlarmKey", "KeyPolicy/Statement/1/Principal/Service"),
                ["budgets.amazonaws.com"],
            ),
        ),
        ("mail_goes_where_it_is_asked", "none", drop("Resources/AlarmMail")),
        ("mail_goes_where_it_is_asked", "always", drop("Resources/AlarmMail/Condition")),
        ("logs_end", "never", drop(_of("Log", "RetentionInDays"))),
        ("logs_end", "another group", drop(_of("Function", "LoggingConfig"))),
        ("a_budget_where_it_is_asked", "always", drop("Resources/Budget/Condition")),
        ("a_budget_where_it_is_asked", "none", drop("Resources/Budget")),
        (
            "a_budget_where_it_is_asked",
            "silent",
            put(_of("Budget", "NotificationsWithSubscribers/0/Subscribers"), []),
        ),
        ("cost_is_told_by_tag", "bucket", drop(_of("OutputBucket", "Tags"))),
        ("cost_is_told_by_tag", "function", drop(_of("Function", "Tags"))),
    )
)
