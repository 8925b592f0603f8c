"""Rules of who may do what: roles, policies of resources, encrypted connections."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.infra.template.rules.case import Case, Rule
from tests.infra.template.statements import KEY, Statement
from tests.infra.template.translation import reference

ROLE = "AWS::IAM::Role"
# Actions that know no resource: IAM takes only `*` for them.
_WITHOUT_RESOURCE = {
    # How Step Functions sets its log up: "Actions ... for CloudWatch Logs do not support resource
    # types".
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
}
# What the function may do, by statement: a new permission is a decision, so it is made here too.
_ALLOWED = {
    "TakeMessages": {"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"},
    "ReadImages": {"s3:GetObject", "s3:GetObjectVersion"},
    "TellGoneFromForbidden": {"s3:ListBucket"},
    "WriteRecords": {"s3:PutObject", "s3:GetObject"},
    "WriteLog": {"logs:CreateLogStream", "logs:PutLogEvents"},
    "ReadModel": {"s3:GetObject", "s3:GetObjectVersion"},
    "ReadReleases": {"s3:GetObject"},
}
# Those that a parameter asks for.
_ASKED = {"ReadModel": "ModelPath", "ReadReleases": "ModelShelf"}
# What has to refuse plain http: type -> (type of its policy, property that names it, action).
_REACHED_BY_NETWORK = {
    "AWS::S3::Bucket": ("AWS::S3::BucketPolicy", "Bucket", "s3:*"),
    "AWS::SQS::Queue": ("AWS::SQS::QueuePolicy", "Queues", "sqs:*"),
    "AWS::SNS::Topic": ("AWS::SNS::TopicPolicy", "Topics", "sns:Publish"),
}


def no_wildcard_resource(case: Case) -> Iterator[str]:
    """Every permission names what it is on; a `*` may only stand behind a name."""
    for statement in case.statements():
        if not statement.allows or statement.kind == KEY:
            continue
        if "NotResource" in statement.body:
            yield f"{statement} is on all but something"
        for resource in statement.resources:
            if _names_nothing(resource) and not set(statement.actions) <= _WITHOUT_RESOURCE:
                yield f"{statement} is on {resource}"


def _names_nothing(resource: str) -> bool:
    own = re.match(r"\$\{(\w+)(\.\w+)?\}", resource)
    if own:
        return False
    parts = resource.split(":", 5)
    if len(parts) < 6 or parts[0] != "arn" or "*" in "".join(parts[:5]):
        return True
    # "function:name", "role/name", "bucket", "log-group:/litescore/name:*"
    kind, _, name = parts[5].partition(":" if ":" in parts[5] else "/")
    return "*" in kind or (parts[2] != "s3" and name.startswith("*"))


def no_wildcard_action(case: Case) -> Iterator[str]:
    """Every permission says what it is for; a key's own account administers it."""
    for statement in case.statements():
        if not statement.allows:
            continue
        if "NotAction" in statement.body:
            yield f"{statement} allows all but something"
        if statement.kind == KEY and _is_for_the_account(statement):
            continue
        for action in statement.actions:
            if "*" in action:
                yield f"{statement} allows {action}"


def _is_for_the_account(statement: Statement) -> bool:
    principal = statement.body["Principal"]
    return bool(principal == {"AWS": "arn:aws:iam::123456789012:root"})


def nobody_else_is_let_in(case: Case) -> Iterator[str]:
    """No statement allows everybody; a service is let in for this account's resources only, or by a
    key for one topic.
    """
    for statement in case.statements():
        if not statement.allows or "Principal" not in statement.body:
            continue
        if statement.for_everybody:
            yield f"{statement} lets everybody in"
        is_for_service = "Service" in statement.body["Principal"] and statement.kind != ROLE
        of_whom = str(statement.body.get("Condition", ""))
        if is_for_service and not re.search("aws:(Source(Account|Arn)|sns:topicArn)", of_whom):
            yield f"{statement} lets a service in for anybody"


def the_function_may_do_its_work_only(case: Case) -> Iterator[str]:
    """What the handler does, and no more."""
    policies = (one for one in case.statements() if one.holder == "Role" and one.resources)
    found = {one.body["Sid"]: set(one.actions) for one in policies}
    wanted = {name for name in _ALLOWED if name not in _ASKED or case.choice.get(_ASKED[name])}
    if found != {name: _ALLOWED[name] for name in wanted}:
        yield f"the function may do {found}"


def the_queue_takes_images_of_the_input_only(case: Case) -> Iterator[str]:
    """From S3 for the own bucket, from EventBridge for the rule on an existing one: named, so that
    nobody else's bucket can fill the queue, and so that what is to be let in is.
    """
    own = case.of_type("AWS::S3::Bucket").get("InputBucket")
    arn = f"arn:aws:s3:::{own['BucketName']}" if own else "${ImagesRule.Arn}"
    service = "s3.amazonaws.com" if own else "events.amazonaws.com"
    let_in = [one for one in case.statements() if one.holder == "QueuePolicy" and one.allows]
    if len(let_in) != 1:
        yield f"the queue lets in {[str(one) for one in let_in]}"
    for one in let_in:
        source = one.body.get("Condition", {}).get("ArnEquals", {}).get("aws:SourceArn")
        found = (one.body["Principal"], one.actions, one.resources, reference(source))
        if found != ({"Service": service}, ["sqs:SendMessage"], ["${Queue.Arn}"], arn):
            yield f"the queue lets in {found}"


def inventories_of_the_input_are_taken(case: Case) -> Iterator[str]:
    """S3 brings an inventory as itself, so the bucket's policy has to let it in: for the images'
    bucket and for the folder that backfills read, and nothing else.
    """
    bucket = case.choice.get("InputBucketName") or "${InputBucket}"
    conditions = {
        "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
        "StringEquals": {"aws:SourceAccount": "123456789012"},
    }
    found = [
        (one.body["Principal"], one.actions, one.resources, one.body.get("Condition"))
        for one in case.statements()
        if one.holder == "OutputBucketPolicy" and one.allows
    ]
    where = ["${OutputBucket.Arn}/inventory/*"]
    if found != [({"Service": "s3.amazonaws.com"}, ["s3:PutObject"], where, conditions)]:
        yield f"the output bucket lets in {found}"


def connections_are_encrypted(case: Case) -> Iterator[str]:
    """Each bucket, queue and topic refuses plain http."""
    for kind, (policies, names, action) in _REACHED_BY_NETWORK.items():
        for name in case.of_type(kind):
            held_by = {
                policy
                for policy, properties in case.of_type(policies).items()
                if {"Ref": name} in [properties[names], *properties[names]]
            }
            of_it = [one for one in case.statements() if one.holder in held_by]
            if not any(_refuses_http(one, name, kind, action) for one in of_it):
                yield f"{name} takes plain http"


def _refuses_http(statement: Statement, name: str, kind: str, action: str) -> bool:
    whole = {f"${{{name}}}"} if kind == "AWS::SNS::Topic" else {f"${{{name}.Arn}}"}
    if kind == "AWS::S3::Bucket":
        whole |= {f"${{{name}.Arn}}/*"}
    return (
        statement.body["Effect"] == "Deny"
        and statement.for_everybody
        and statement.actions == [action]
        and whole <= set(statement.resources)
        and statement.body.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    )


def roles_have_the_boundary(case: Case) -> Iterator[str]:
    """Where one is given, each role made here bears it."""
    wanted = case.choice.get("PermissionsBoundary")
    for name, role in case.of_type(ROLE).items():
        if role.get("PermissionsBoundary") != wanted:
            yield f"{name} has no boundary of {wanted}"


def roles_have_no_managed_policies(case: Case) -> Iterator[str]:
    """AWS's own are for every queue and every log of the account."""
    for name, role in case.of_type(ROLE).items():
        if role.get("ManagedPolicyArns"):
            yield f"{name} has managed policies"


def functions_have_our_role(case: Case) -> Iterator[str]:
    """One that is written out here, not one that SAM makes up."""
    written = {"Fn::GetAtt": ["Role", "Arn"]}
    for name, function in case.of_type("AWS::Lambda::Function").items():
        if function["Role"] != written:
            yield f"{name} has the role {function['Role']}"


def a_missing_image_is_seen_as_missing(case: Case) -> Iterator[str]:
    """Without ListBucket on the input S3 answers 403 for an object that is gone."""
    theirs = case.choice.get("InputBucketName")
    bucket = f"arn:aws:s3:::{theirs}" if theirs else "${InputBucket.Arn}"
    granted = {
        resource
        for one in case.statements()
        if one.holder == "Role"
        and one.allows
        and "s3:ListBucket" in one.actions
        # A condition on a prefix is not met by the reading of an object.
        and "Condition" not in one.body
        for resource in one.resources
    }
    if bucket not in granted:
        yield f"ListBucket is granted on {sorted(granted)}, not on {bucket}"


def images_can_be_read_and_not_changed(case: Case) -> Iterator[str]:
    """The function reads what sets it off, that alone of the bucket, and writes nothing there."""
    theirs = case.choice.get("InputBucketName")
    bucket = f"arn:aws:s3:::{theirs}" if theirs else "${InputBucket.Arn}"
    actions: dict[str, set[str]] = {}
    for one in case.statements():
        if one.holder == "Role" and one.allows:
            for resource in one.resources:
                if resource.startswith(f"{bucket}/"):
                    actions.setdefault(resource, set()).update(one.actions)
    images = f"{bucket}/{case.choice.get('InputPrefix', '')}*"
    if actions != {images: {"s3:GetObject", "s3:GetObjectVersion"}}:
        yield f"on images the function may do {actions}"


RULES: tuple[Rule, ...] = (
    no_wildcard_resource,
    no_wildcard_action,
    nobody_else_is_let_in,
    the_function_may_do_its_work_only,
    the_queue_takes_images_of_the_input_only,
    inventories_of_the_input_are_taken,
    connections_are_encrypted,
    roles_have_the_boundary,
    roles_have_no_managed_policies,
    functions_have_our_role,
    a_missing_image_is_seen_as_missing,
    images_can_be_read_and_not_changed,
)
