"""What the one who deploys a stack has to be allowed: IAM policy documents, for an administrator.

`policy` is for the deployer: CloudFormation works with the deployer's own permissions. `boundary` is
for the roles that the deployer makes: they can do no more than it says, so a deployer cannot make a
role that is mightier than the job.

A stack's name begins the names of all that it has, so the stack `a` covers what the stack `a-b` has:
where two people deploy, no stack's name should begin another's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# A customer managed policy holds so many characters, white space aside.
LIMIT = 6144

# IAM takes only `*` for these, says the Service Authorization Reference: they make something that
# has no name yet, list, or are about something that has no ARN of its own.
WITHOUT_RESOURCE = {
    "cloudwatch:GetMetricStatistics": "metrics have no ARN",
    "events:ListRules": "a list",
    "kms:CreateKey": "a new key has no ARN yet: only with the stack's tag",
    "kms:TagResource": "of a new key, by CloudFormation: only with the stack's tag",
    "lambda:CreateEventSourceMapping": "it has no ARN yet: only for the stack's function",
    "lambda:ListEventSourceMappings": "a list",
    "logs:DescribeIndexPolicies": "a list",
    "logs:DescribeLogGroups": "a list",
    "sns:GetSubscriptionAttributes": "a subscription is no resource of IAM's",
    "sns:Unsubscribe": "the same: by CloudFormation only",
}

Document = dict[str, Any]

# CloudFormation at work for the deployer: it touches what is in a stack, and the deployer has no
# other's stack.
_BY_STACK: Document = {
    "ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}
}

_OWN = (
    *("athena", "budgets", "cloudformation", "cloudwatch", "events", "lambda", "logs"),
    *("scheduler", "sns", "sqs", "states"),
)


@dataclass(frozen=True)
class _Place:
    """Where the stack is; makes the ARNs of what it has."""

    account: str
    region: str
    partition: str
    stack: str

    def arn(self, service: str, name: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{name}"

    def everywhere(self, service: str, name: str) -> str:
        """Of a service without regions."""
        return f"arn:{self.partition}:{service}::{self.account}:{name}"

    def bucket(self, name: str) -> str:
        return f"arn:{self.partition}:s3:::{name}-{self.account}-{self.region}"

    @property
    def buckets(self) -> list[str]:
        return [self.bucket(f"{self.stack}-{what}") for what in ("input", "output")]

    @property
    def boundary(self) -> str:
        return self.everywhere("iam", f"policy/{self.stack}-boundary")

    @property
    def function(self) -> str:
        # What follows is the random part that CloudFormation gives.
        return self.arn("lambda", f"function:{self.stack}-Function-*")

    @property
    def log(self) -> list[str]:
        group = self.arn("logs", f"log-group:/litescore/{self.stack}")
        return [group, f"{group}:*"]


def policy(*, account: str, region: str, partition: str = "aws", stack: str) -> Document:
    """The IAM policy document of who deploys, looks after and removes that stack.

    Roles can be made with the boundary `<stack>-boundary` only. An existing input bucket, or a
    model in S3, is somebody's: its reading has to be allowed beside it.
    """
    place = _Place(account, region, partition, stack)
    groups = (_code, _buckets, _own, _mappings, _roles, _key, _lists)
    return _document([one for group in groups for one in group(place)])


def boundary(*, account: str, region: str, partition: str = "aws", stack: str) -> Document:
    """The permissions boundary of the roles of that stack: `<stack>-boundary`.

    It lets them read any bucket's objects, for the input bucket and the model may be anybody's; what
    each role may really read, its own policy says.
    """
    place = _Place(account, region, partition, stack)
    return _document(
        [
            _allow(
                "Take",
                ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
                place.arn("sqs", f"{stack}-images"),
            ),
            _allow(
                "Read",
                ["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"],
                f"arn:{partition}:s3:::*",
            ),
            _allow(
                "Write",
                ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
                f"{place.bucket(f'{stack}-output')}/*",
            ),
            _allow("Log", ["logs:CreateLogStream", "logs:PutLogEvents"], *place.log),
            _allow("Invoke", ["lambda:InvokeFunction"], place.function),
            _allow(
                "Backfill",
                [
                    "states:StartExecution",
                    "states:DescribeExecution",
                    "states:StopExecution",
                    "states:DescribeMapRun",
                ],
                place.arn("states", f"*:{stack}-backfill*"),
            ),
        ]
    )


def _document(statements: Sequence[Document]) -> Document:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(
    sid: str, actions: Sequence[str], *resources: str, condition: Document | None = None
) -> Document:
    made: Document = {
        "Sid": sid,
        "Effect": "Allow",
        "Action": list(actions),
        "Resource": list(resources),
    }
    return made if condition is None else {**made, "Condition": condition}


def _of(service: str, words: str) -> list[str]:
    return [f"{service}:{word}" for word in words.split()]


def _code(place: _Place) -> list[Document]:
    code = place.bucket("litescore-code")
    return [
        # SAM's transform, which is AWS's own.
        _allow(
            "Transform",
            ["cloudformation:CreateChangeSet"],
            f"arn:{place.partition}:cloudformation:{place.region}:aws:transform/Serverless-2016-10-31",
        ),
        _allow(
            "Code",
            _of("s3", "CreateBucket PutBucketPublicAccessBlock ListBucket"),
            code,
        ),
    ]


def _buckets(place: _Place) -> list[Document]:
    objects = [f"{bucket}/*" for bucket in (place.bucket("litescore-code"), *place.buckets)]
    # ListBucketVersions, and ListBucketMultipartUploads for Athena's answers.
    configuration = (
        "CreateBucket TagResource UntagResource ListTagsForResource ListBucket* "
        "GetBucket* PutBucket* Get*Configuration Put*Configuration DeleteBucketPolicy"
    )
    parts = "GetObject GetObjectVersion PutObject AbortMultipartUpload ListMultipartUploadParts"
    return [
        _allow("Buckets", _of("s3", configuration), *place.buckets),
        # Zips, lists and inventories for backfills, records for status, Athena's answers, which it
        # writes in parts as the one who asks.
        _allow("Objects", _of("s3", parts), *objects),
        # For `litescore destroy` with the buckets; leave it out where they must stay.
        _allow(
            "Purge",
            _of("s3", "DeleteBucket DeleteObject DeleteObjectVersion"),
            *(f"{bucket}*" for bucket in place.buckets),
        ),
    ]


def _own(place: _Place) -> list[Document]:
    """All about what bears the stack's name, apart from buckets and roles."""
    stack, database = place.stack, place.stack.replace("-", "_")
    resources = [
        place.arn("cloudformation", f"stack/{stack}/*"),
        # What the check of one found is asked by the change set's own name.
        place.arn("cloudformation", "changeSet/litescore-*"),
        place.arn("sqs", f"{stack}-*"),
        place.arn("sns", f"{stack}-alarms*"),
        place.arn("events", f"rule/{stack}-*"),
        place.function,
        *place.log,
        place.arn("cloudwatch", f"alarm:{stack}-*"),
        place.everywhere("budgets", f"budget/{stack}-budget"),
        # The state machine, its executions and those of its batches, its map runs.
        place.arn("states", f"*:{stack}-backfill*"),
        place.arn("scheduler", f"schedule/default/{stack}-nightly"),
        place.arn("athena", f"workgroup/{stack}"),
    ]
    # A database is removed with all that may be in it: each kind is asked for.
    held = (f"{kind}/{database}/*" for kind in ("table", "userDefinedFunction"))
    tables = ["catalog", f"database/{database}", *held]
    return [
        _allow("Own", [f"{service}:*" for service in _OWN], *resources),
        # The catalog is the account's, and each action on a table is one on the catalog too.
        _allow(
            "Tables",
            ["glue:*Database", "glue:*Table", "glue:GetTables", "glue:GetPartitions"],
            *(place.arn("glue", name) for name in tables),
        ),
    ]


def _roles(place: _Place) -> list[Document]:
    roles = place.everywhere("iam", f"role/{place.stack}-*")
    services = [f"{name}.amazonaws.com" for name in ("lambda", "states", "scheduler")]
    # PutRolePolicy and PutRolePermissionsBoundary.
    bound = "CreateRole PutRole* DeleteRolePolicy"
    words = "GetRole* DeleteRole List*RolePolicies TagRole UntagRole Update*Role*"
    return [
        # Without the boundary a deployer could make an administrator and become it.
        _allow(
            "BoundRoles",
            _of("iam", bound),
            roles,
            condition={"StringEquals": {"iam:PermissionsBoundary": place.boundary}},
        ),
        _allow("Roles", _of("iam", words), roles),
        _allow(
            "PassRoles",
            ["iam:PassRole"],
            roles,
            condition={"StringEquals": {"iam:PassedToService": services}},
        ),
    ]


def _mappings(place: _Place) -> list[Document]:
    ours = {"ArnLike": {"lambda:FunctionArn": place.function}}
    mappings = place.arn("lambda", "event-source-mapping:*")
    return [
        _allow("NewMapping", ["lambda:CreateEventSourceMapping"], "*", condition=ours),
        _allow("Mapping", ["lambda:*EventSourceMapping"], mappings, condition=ours),
        _allow("MappingTags", _of("lambda", "ListTags TagResource UntagResource"), mappings),
    ]


def _key(place: _Place) -> list[Document]:
    tag = {"StringEquals": {"aws:RequestTag/litescore:stack": place.stack}}
    return [
        # By CloudFormation, else whoever may tag may make anybody's key one of the stack.
        _allow("NewKey", _of("kms", "CreateKey TagResource"), "*", condition={**tag, **_BY_STACK}),
        # A tag may take five minutes until it counts; CloudFormation goes on at once.
        _allow(
            "FreshKey",
            _of("kms", "DescribeKey EnableKeyRotation GetKey* ListResourceTags"),
            place.arn("kms", "key/*"),
            condition=_BY_STACK,
        ),
        _allow(
            "Key",
            ["kms:*"],
            place.arn("kms", "key/*"),
            condition={"StringEquals": {"aws:ResourceTag/litescore:stack": place.stack}},
        ),
    ]


def _lists(place: _Place) -> list[Document]:
    """What can be looked at only all at once."""
    words = (
        *("cloudwatch:GetMetricStatistics", "events:ListRules", "lambda:ListEventSourceMappings"),
        *("logs:DescribeIndexPolicies", "logs:DescribeLogGroups", "sns:GetSubscriptionAttributes"),
    )
    bill = place.everywhere("billing", "billingview/primary")
    named = (place.arn("cloudwatch", "alarm:*"), bill)
    return [
        _allow("Metrics", words, "*"),
        _allow("Mail", ["sns:Unsubscribe"], "*", condition=_BY_STACK),
        _allow("Lists", ["cloudwatch:DescribeAlarms", "billing:GetBillingViewData"], *named),
    ]
