"""What CloudFormation has to be allowed to make, change and remove each resource of the template.

CloudFormation's registry says for each type what its handlers may call, whatever a template asks of
them; here stands, by type, what ours never makes them call, and why.
"""

from __future__ import annotations

from collections.abc import Iterator

from tests.infra.template.translation import choices, resolved, translated
from tests.rig import cfnlint

HANDLERS = ("create", "read", "update", "delete")

# Properties that the template does not use -> what only they need, as beginnings of permissions.
UNUSED = {
    "keys of one's own, other than the topic's": (
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "kms:Encrypt",
    ),
    "grants on such keys": ("kms:CreateGrant",),
    "Lake Formation": ("lakeformation:",),
    "Glue's connections and schemas": (
        "glue:PassConnection",
        "glue:CreateConnection",
        "glue:UpdateConnection",
        "glue:DeleteConnection",
        "glue:GetConnection",
        "glue:GetSchemaVersion",
    ),
    "a function in a private network, on file systems": ("ec2:", "elasticfilesystem:", "s3files:"),
    "code signing, layers, scaling, recursion and runtime settings of a function": (
        "lambda:GetCodeSigning",
        "lambda:GetLayerVersion",
        "lambda:PassCapacityProvider",
        "lambda:AssociateRuntimeAlias",
    ),
    "managed policies of a role": ("iam:AttachRolePolicy", "iam:DetachRolePolicy"),
    "a role without a boundary": ("iam:DeleteRolePermissionsBoundary",),
    "service-linked roles": ("iam:CreateServiceLinkedRole",),
    "delivery of logs to other services": (
        "logs:CreateLogDelivery",
        "logs:PutResourcePolicy",
        "logs:DeleteResourcePolicy",
        "logs:DescribeResourcePolicies",
        "s3:REST.PUT.OBJECT",
        "firehose:",
    ),
    "tables of a bucket's metadata": (
        "s3tables:",
        "s3:DeleteBucketMetadata",
        "s3:CreateBucketMetadata",
        "s3:UpdateBucketMetadata",
    ),
    "object locks and access lists": ("s3:PutObjectAcl",),
    "settings of a bucket that the template never takes away": (
        "s3:DeleteBucketWebsite",
        "s3:DeleteBucketAnalytics",
        "s3:DeleteBucketCors",
        "s3:DeleteBucketMetricsConfiguration",
        "s3:DeleteBucketEncryption",
        "s3:DeleteBucketReplication",
        "s3:DeleteBucketLifecycle",
    ),
    "another attribute of a subscription that is there": ("sns:SetSubscriptionAttributes",),
    "an index of fields of a log": ("logs:PutIndexPolicy", "logs:DeleteIndexPolicy"),
    "removal of objects that a bucket held before": ("s3:DeleteObject",),
}


def needed() -> Iterator[tuple[str, str]]:
    """(resource type, permission) of all that the template's types need."""
    kinds = {
        resource["Type"]
        for choice in choices(translated())
        for resource in resolved(translated(), choice)["Resources"].values()
    }
    unused = tuple(beginning for beginnings in UNUSED.values() for beginning in beginnings)
    for kind, handlers in sorted(cfnlint.permissions(*sorted(kinds)).items()):
        found = {one for handler in HANDLERS for one in handlers.get(handler, [])}
        for permission in sorted(found):
            if not permission.startswith(unused):
                yield kind, permission
