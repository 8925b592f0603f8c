"""What the rules of access must catch."""

from __future__ import annotations

from typing import Any

from tests.infra.template.spoiling import Mutation, drop, forbid, grant, let_in, of, put, statement

_IN_S3: Any = ["ModelInS3", "*", "arn:aws:s3:::models/model.tflite"]
# In the queue's policy: for the own bucket, then for an existing one.
_LET_IN = "PolicyDocument/Statement/1/Fn::If"
_OUTPUT = {"Fn::Sub": "${OutputBucket.Arn}/*"}

MUTATIONS: tuple[Mutation, ...] = tuple(
    Mutation(rule, what, edit)
    for rule, what, edit in (
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
                of("QueuePolicy", f"{_LET_IN}/1/Condition/ArnEquals/aws:SourceArn"),
                {"Fn::Sub": "arn:aws:s3:::${OutputBucket}"},
            ),
        ),
        (
            "the_queue_takes_images_of_the_input_only",
            "any rule",
            put(
                of("QueuePolicy", f"{_LET_IN}/2/Condition/ArnEquals/aws:SourceArn"),
                {"Fn::Sub": "arn:aws:events:${AWS::Region}:${AWS::AccountId}:rule/x"},
            ),
        ),
        (
            "the_queue_takes_images_of_the_input_only",
            "closed to EventBridge",
            put(of("QueuePolicy", f"{_LET_IN}/2"), {"Ref": "AWS::NoValue"}),
        ),
        (
            "inventories_of_the_input_are_taken",
            "closed",
            drop(of("OutputBucketPolicy", "PolicyDocument/Statement/1")),
        ),
        (
            "inventories_of_the_input_are_taken",
            "among the records",
            put(of("OutputBucketPolicy", "PolicyDocument/Statement/1/Resource"), _OUTPUT),
        ),
        (
            "inventories_of_the_input_are_taken",
            "of any bucket",
            drop(of("OutputBucketPolicy", "PolicyDocument/Statement/1/Condition/ArnEquals")),
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
        ("roles_have_the_boundary", "none", drop(of("Role", "PermissionsBoundary"))),
        (
            "roles_have_no_managed_policies",
            "administrator",
            put(of("Role", "ManagedPolicyArns"), ["arn:aws:iam::aws:policy/AdministratorAccess"]),
        ),
        (
            "functions_have_our_role",
            "another",
            put(of("Function", "Role"), {"Fn::GetAtt": ["FunctionRole", "Arn"]}),
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
    )
)
