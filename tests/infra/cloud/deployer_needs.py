"""What a deployer has to be allowed: by CloudFormation's registry, and by the commands' own calls."""

from __future__ import annotations

from infra.cloud.deployment import deployer
from tests.infra.cloud.allowance import Document, allows
from tests.infra.cloud.registry import needed

WHERE = {"account": "123456789012", "region": "eu-west-1", "stack": "stack"}
POLICY = deployer.policy(**WHERE)


def arn(service: str, name: str, *, region: str = "eu-west-1") -> str:
    """Of the stack's account."""
    return f"arn:aws:{service}:{region}:123456789012:{name}"


BUCKET = "arn:aws:s3:::stack-input-123456789012-eu-west-1"
ROLE = arn("iam", "role/stack-Role-1A2B", region="")
KEY = arn("kms", "key/1234")
FUNCTION = arn("lambda", "function:stack-Function-1A2B")
# Resource type -> the resource that its handlers work on; `*` where it has no ARN yet.
RESOURCES = {
    "AWS::Athena::WorkGroup": arn("athena", "workgroup/stack"),
    "AWS::Budgets::Budget": arn("budgets", "budget/stack-budget", region=""),
    "AWS::CloudWatch::Alarm": arn("cloudwatch", "alarm:stack-LateAlarm-1A2B"),
    "AWS::Events::Rule": arn("events", "rule/stack-ImagesRule-1A2B"),
    "AWS::Glue::Database": arn("glue", "database/stack"),
    "AWS::Glue::Table": arn("glue", "table/stack/records"),
    "AWS::IAM::Role": ROLE,
    "AWS::KMS::Key": KEY,
    "AWS::Lambda::EventSourceMapping": arn("lambda", "event-source-mapping:1234"),
    "AWS::Lambda::Function": FUNCTION,
    "AWS::Logs::LogGroup": arn("logs", "log-group:/litescore/stack"),
    "AWS::S3::Bucket": BUCKET,
    "AWS::S3::BucketPolicy": BUCKET,
    "AWS::SNS::Subscription": arn("sns", "stack-alarms"),
    "AWS::SNS::Topic": arn("sns", "stack-alarms"),
    "AWS::SNS::TopicPolicy": arn("sns", "stack-alarms"),
    "AWS::SQS::Queue": arn("sqs", "stack-images"),
    "AWS::SQS::QueuePolicy": arn("sqs", "stack-images"),
    "AWS::Scheduler::Schedule": arn("scheduler", "schedule/default/stack-nightly"),
    "AWS::StepFunctions::StateMachine": arn("states", "stateMachine:stack-backfill"),
}
# What handlers work on beside their own resource.
ELSEWHERE = {
    "iam": ROLE,
    "s3:GetObject": "arn:aws:s3:::litescore-code-123456789012-eu-west-1/function.zip",
    "s3:PutObject": f"{BUCKET}/athena/1",
    "s3:AbortMultipartUpload": f"{BUCKET}/athena/1",
    "s3:ListMultipartUploadParts": f"{BUCKET}/athena/1",
    "s3:ListBucketMultipartUploads": BUCKET,
    "s3:ListBucket": BUCKET,
    "s3:GetBucketLocation": BUCKET,
    "kms": KEY,
    "billing": arn("billing", "billingview/primary", region=""),
    "glue:GetDatabase": arn("glue", "database/stack"),
    # What the Service Authorization Reference gives no resource to: IAM takes `*` only.
    "kms:CreateKey": "*",
    "lambda:CreateEventSourceMapping": "*",
    "logs:DescribeIndexPolicies": "*",
    "logs:DescribeLogGroups": "*",
    "sns:GetSubscriptionAttributes": "*",
    "sns:Unsubscribe": "*",
}
# Of an action that is asked for on several resources the others, by the same reference.
BESIDE = {
    "glue:CreateTable": ("catalog", "database/stack"),
    "glue:DeleteTable": ("catalog", "database/stack"),
    "glue:GetTable": ("catalog", "database/stack"),
    "glue:UpdateTable": ("catalog", "database/stack"),
    "glue:CreateDatabase": ("catalog",),
    "glue:GetDatabase": ("catalog",),
    "glue:UpdateDatabase": ("catalog",),
    "glue:DeleteDatabase": ("catalog", "table/stack/records", "userDefinedFunction/stack/any"),
}
CODE = "arn:aws:s3:::litescore-code-123456789012-eu-west-1"
STACK = arn("cloudformation", "stack/stack/1234")
# (action, resource) of the commands' own calls.
CALLS = [
    *((f"cloudformation:{word}", STACK) for word in ("CreateChangeSet", "DescribeChangeSet")),
    *((f"cloudformation:{word}", STACK) for word in ("ExecuteChangeSet", "DeleteChangeSet")),
    *((f"cloudformation:{word}", STACK) for word in ("ListChangeSets", "DescribeStacks")),
    *((f"cloudformation:{word}", STACK) for word in ("DescribeStackEvents", "DescribeEvents")),
    *((f"cloudformation:{word}", STACK) for word in ("ListStackResources", "GetTemplate")),
    ("cloudformation:DescribeEvents", arn("cloudformation", "changeSet/litescore-1a2b/1")),
    ("cloudformation:DeleteStack", STACK),
    (
        "cloudformation:CreateChangeSet",
        "arn:aws:cloudformation:eu-west-1:aws:transform/Serverless-2016-10-31",
    ),
    *(
        (f"s3:{word}", CODE)
        for word in ("CreateBucket", "ListBucket", "PutBucketPublicAccessBlock")
    ),
    *((f"s3:{word}", f"{CODE}/a.zip") for word in ("PutObject", "GetObject")),
    *((f"s3:{word}", BUCKET) for word in ("ListBucket", "ListBucketVersions", "DeleteBucket")),
    *((f"s3:{word}", f"{BUCKET}/a.png") for word in ("GetObject", "PutObject", "DeleteObject")),
    ("s3:DeleteObjectVersion", f"{BUCKET}/a.png"),
    ("sqs:GetQueueAttributes", arn("sqs", "stack-dead-letters")),
    ("sqs:StartMessageMoveTask", arn("sqs", "stack-dead-letters")),
    ("sqs:SendMessage", arn("sqs", "stack-images")),
    ("lambda:GetFunctionConfiguration", FUNCTION),
    ("lambda:ListEventSourceMappings", "*"),
    ("logs:FilterLogEvents", arn("logs", "log-group:/litescore/stack:*")),
    ("cloudwatch:GetMetricStatistics", "*"),
    ("cloudwatch:DescribeAlarms", arn("cloudwatch", "alarm:*")),
    ("events:ListRules", "*"),
    ("states:StartExecution", arn("states", "stateMachine:stack-backfill")),
    ("states:ListExecutions", arn("states", "stateMachine:stack-backfill")),
    ("states:DescribeExecution", arn("states", "execution:stack-backfill:1")),
    ("states:ListMapRuns", arn("states", "execution:stack-backfill:1")),
    ("states:DescribeMapRun", arn("states", "mapRun:stack-backfill/Objects:1")),
    ("athena:StartQueryExecution", arn("athena", "workgroup/stack")),
    ("glue:GetTable", arn("glue", "table/stack/records")),
    ("glue:GetTable", arn("glue", "catalog")),
    ("glue:GetPartitions", arn("glue", "table/stack/written")),
]
CONTEXT = {
    "aws:CalledVia": "cloudformation.amazonaws.com",
    "aws:RequestTag/litescore:stack": "stack",
    "aws:ResourceTag/litescore:stack": "stack",
    "iam:PermissionsBoundary": "arn:aws:iam::123456789012:policy/stack-boundary",
    "iam:PassedToService": "lambda.amazonaws.com",
    "lambda:FunctionArn": FUNCTION,
}


def missing(policy: Document) -> set[tuple[str, str]]:
    """(resource type, permission) that the template needs and the policy does not give."""
    return {
        (kind, action)
        for kind, action in needed()
        if not all(allows(policy, action, one, context(action)) for one in targets(kind, action))
    }


# What CloudFormation asks of a key that it has just made.
AT_ONCE = {
    f"kms:{word}"
    for word in (
        *("DescribeKey", "EnableKeyRotation"),
        *("GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags"),
    )
}


def context(action: str) -> dict[str, str]:
    """What is known of a request: KMS may take five minutes until the tag of a new key counts."""
    left = {"aws:ResourceTag/litescore:stack"} if action in AT_ONCE else set()
    return {name: value for name, value in CONTEXT.items() if name not in left}


def targets(kind: str, action: str) -> list[str]:
    """All that a handler of a resource type has to be allowed that action on."""
    return [target(kind, action), *(arn("glue", name) for name in BESIDE.get(action, ()))]


def target(kind: str, action: str) -> str:
    """What a handler of a resource type works on with that action."""
    service = action.partition(":")[0]
    for words in (action, action.removesuffix("Version"), service):
        if words in ELSEWHERE and not (words == "kms" and kind == "AWS::KMS::Key"):
            return ELSEWHERE[words]
    return RESOURCES[kind]
