"""What infra/batch.yaml has to hold: one function a rule (see batch_mutations)."""

from __future__ import annotations

import copy
import json
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from infra.local import ministack
from tests.infra.template.rules.case import Case, Rule
from tests.infra.template.translation import Template, resolved

PATH = Path(ministack.__file__).parents[1] / "batch.yaml"
TEXT = PATH.read_text(encoding="utf-8")
ECR = "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
BOUNDARY = "arn:aws:iam::123456789012:policy/boundary"
_NETWORK = {"Subnets": ["subnet-1"], "VpcId": "vpc-1"}
# Choices of parameters that make each condition true and false, and each form of a name.
CHOICES: tuple[Mapping[str, Any], ...] = (
    {**_NETWORK, "ImageUri": f"{ECR}/litescore:1", "Input": "s3://images/in/",
     "Output": "s3://records/run/1/"},
    {**_NETWORK, "ImageUri": f"{ECR}/team/litescore@sha256:{'0' * 64}",
     "Input": "@s3://lists/today.csv", "Output": "s3://records/run/1/",
     "ImageBucketName": "images", "PermissionsBoundary": BOUNDARY, "Architecture": "ARM64"},
)  # fmt: skip

# Of a template that needs no transform; the reader of YAML is AWS's.
_READ = """
import json, sys
from samtranslator.yaml_helper import yaml_parse
print(json.dumps(yaml_parse(sys.stdin.read()), default=str))
"""


def parsed() -> Template:
    """A copy of the template, which a test may spoil."""
    return copy.deepcopy(_parsed())


@cache
def _parsed() -> Template:
    done = subprocess.run(
        [ministack.environment(), "-c", _READ], input=TEXT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    template: Template = json.loads(done.stdout)
    return template


def violations(whole: Template) -> dict[str, set[str]]:
    """Rule -> what is against it in any choice of parameters; rules that hold are left out."""
    found: dict[str, set[str]] = {}
    for choice in CHOICES:
        case = Case(whole, choice, resolved(whole, choice))
        for name, rule in RULES.items():
            against = set(rule(case))
            if against:
                found.setdefault(name, set()).update(against)
    return found


def no_wildcards(case: Case) -> Iterator[str]:
    """Every permission names actions and what they are on. ecr:GetAuthorizationToken is known to
    IAM for `*` only: it stands alone in its statement.
    """
    for statement in case.statements():
        if "NotResource" in statement.body or "NotAction" in statement.body:
            yield f"{statement} is on all but something"
        if any("*" in action for action in statement.actions):
            yield f"{statement} allows {statement.actions}"
        token = statement.actions == ["ecr:GetAuthorizationToken"]
        for resource in statement.resources:
            if not token and not resource.startswith(("arn:aws:", "${Log.Arn}")):
                yield f"{statement} is on {resource}"


def roles_are_of_these_tasks(case: Case) -> Iterator[str]:
    """Only containers of this account take a role; nothing of AWS's own policies is in it."""
    for name, role in case.of_type("AWS::IAM::Role").items():
        if role.get("ManagedPolicyArns"):
            yield f"{name} holds managed policies"
        [trust] = role["AssumeRolePolicyDocument"]["Statement"]
        if trust["Principal"] != {"Service": "ecs-tasks.amazonaws.com"}:
            yield f"{name} may be taken by {trust['Principal']}"
        own = trust.get("Condition", {}).get("StringEquals", {}).get("aws:SourceAccount")
        if own != "123456789012":
            yield f"{name} may be taken for another account"
        if role.get("PermissionsBoundary") != case.choice.get("PermissionsBoundary"):
            yield f"{name} is not bounded as asked"


def least_privilege(case: Case) -> Iterator[str]:
    """The job reads its input, lists input and output, writes below the output, and no more; what
    starts it draws its own container and writes its own log.
    """
    images = {_bucket(case.choice["Input"]), case.choice.get("ImageBucketName")} - {None}
    output = case.choice["Output"].removeprefix("s3://")
    repository = case.choice["ImageUri"].partition("/")[2].partition("@")[0].partition(":")[0]
    s3, ecr = "arn:aws:s3:::", "arn:aws:ecr:eu-west-1:123456789012:repository/"
    listed = {f"{s3}{name}" for name in {*images, _bucket(case.choice["Output"])}}
    read, below = {f"{s3}{name}/*" for name in images}, {f"{s3}{output}*"}
    expected = {
        "JobRole": {
            "s3:GetObject": read | below,
            "s3:GetObjectVersion": read,
            "s3:ListBucket": listed,
            "s3:PutObject": below,
        },
        "ExecutionRole": {
            "ecr:GetAuthorizationToken": {"*"},
            **{
                f"ecr:{action}": {ecr + repository}
                for action in (
                    "BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer",
                )
            },
            "logs:CreateLogStream": {"${Log.Arn}"},
            "logs:PutLogEvents": {"${Log.Arn}"},
        },
    }  # fmt: skip
    for role, allowed in expected.items():
        found: dict[str, set[str]] = {}
        for statement in case.statements():
            if statement.holder == role and "Resource" in statement.body:
                for action in statement.actions:
                    found.setdefault(action, set()).update(statement.resources)
        if found != allowed:
            yield f"{role} may {found}, not {allowed}"


def _bucket(url: str) -> str:
    return url.removeprefix("@").removeprefix("s3://").partition("/")[0]


def log_is_kept_for_a_time(case: Case) -> Iterator[str]:
    """The job's log goes into the group of the template, whose retention is set."""
    [log] = case.of_type("AWS::Logs::LogGroup").values()
    if not log.get("RetentionInDays"):
        yield "the log is kept for ever"
    made = _job(case)["ContainerProperties"].get("LogConfiguration", {})
    if made.get("Options", {}).get("awslogs-group") != {"Ref": "Log"}:
        yield "the job logs elsewhere"


def spot_with_an_upper_bound(case: Case) -> Iterator[str]:
    """Managed Fargate Spot, of which no more runs at once than was asked for."""
    [environment] = case.of_type("AWS::Batch::ComputeEnvironment").values()
    resources = environment["ComputeResources"]
    if (environment["Type"], resources["Type"]) != ("MANAGED", "FARGATE_SPOT"):
        yield "not managed Fargate Spot"
    if resources["MaxvCpus"] != case.whole["Parameters"]["MaxVcpus"]["Default"]:
        yield "MaxVcpus bounds nothing"
    [queue] = case.of_type("AWS::Batch::JobQueue").values()
    order = [entry["ComputeEnvironment"] for entry in queue["ComputeEnvironmentOrder"]]
    if order != [{"Ref": "ComputeEnvironment"}]:
        yield f"the queue runs on {order}"


def reclaimed_shares_are_tried_again(case: Case) -> Iterator[str]:
    """Whatever ends a share but litescore's own exit codes is tried again, a few times."""
    strategy = _job(case).get("RetryStrategy", {})
    if not 2 <= strategy.get("Attempts", 1) <= 10:
        yield "a share that Spot takes away is lost"
    rules = strategy.get("EvaluateOnExit", [])
    if [(rule.get("OnExitCode"), rule["Action"]) for rule in rules] != [
        ("1", "EXIT"), ("2", "EXIT"), ("3", "EXIT"),
    ]:  # fmt: skip
        yield f"tries again on {rules}"


def shares_end(case: Case) -> Iterator[str]:
    """A share that hangs is stopped."""
    if not _job(case).get("Timeout", {}).get("AttemptDurationSeconds", 0) >= 60:
        yield "a share may run for ever"


def nobody_gets_in(case: Case) -> Iterator[str]:
    """Out by HTTPS, nothing in, and the environment uses that very group."""
    [group] = case.of_type("AWS::EC2::SecurityGroup").values()
    if group.get("SecurityGroupIngress"):
        yield "lets something in"
    ports = [(rule["FromPort"], rule["ToPort"]) for rule in group.get("SecurityGroupEgress", [{}])]
    if ports != [(443, 443)]:
        yield f"lets out by {ports}"
    [environment] = case.of_type("AWS::Batch::ComputeEnvironment").values()
    groups = environment["ComputeResources"]["SecurityGroupIds"]
    if groups != [{"Fn::GetAtt": ["SecurityGroup", "GroupId"]}]:
        yield f"runs in {groups}"


def each_process_takes_its_share(case: Case) -> Iterator[str]:
    """The command is that of a share of an array, from the input to the output asked for."""
    job = _job(case)
    if job.get("Parameters") != {name.lower(): case.choice[name] for name in ("Input", "Output")}:
        yield f"parameters {job.get('Parameters')}"
    command = job["ContainerProperties"]["Command"]
    if command != ["score", "Ref::input", "--share", "array", "--out", "Ref::output"]:
        yield f"command {command}"


def a_container_that_fargate_runs(case: Case) -> Iterator[str]:
    """Processors, memory and architecture that Fargate has, the roles named."""
    job = _job(case)
    properties = job["ContainerProperties"]
    if job.get("PlatformCapabilities") != ["FARGATE"]:
        yield "not for Fargate"
    size = {one["Type"]: one["Value"] for one in properties["ResourceRequirements"]}
    # With one processor: 2 to 8 GB in whole GB.
    if size.get("VCPU") != "1" or size.get("MEMORY") not in {str(1024 * n) for n in range(2, 9)}:
        yield f"Fargate has no {size}"
    wanted = case.choice.get("Architecture", "X86_64")
    if properties.get("RuntimePlatform", {}).get("CpuArchitecture") != wanted:
        yield f"runs on another processor than {wanted}"
    for name, role in (("ExecutionRoleArn", "ExecutionRole"), ("JobRoleArn", "JobRole")):
        if properties.get(name) != {"Fn::GetAtt": [role, "Arn"]}:
            yield f"{name} is {properties.get(name)}"


def the_outputs_tell_how_to_start(case: Case) -> Iterator[str]:
    """One command, with the queue, the definition and the number of shares."""
    start = case.template["Outputs"].get("Start", {}).get("Value", "")
    for words in (
        "aws batch submit-job", "--job-queue ${JobQueue}", "--job-definition ${JobDefinition}",
        "--array-properties size=64",
    ):  # fmt: skip
        if words not in start:
            yield f"no {words} in {start!r}"


def _job(case: Case) -> dict[str, Any]:
    [job] = case.of_type("AWS::Batch::JobDefinition").values()
    return job


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        no_wildcards, roles_are_of_these_tasks, least_privilege, log_is_kept_for_a_time,
        spot_with_an_upper_bound, reclaimed_shares_are_tried_again, shares_end, nobody_gets_in,
        each_process_takes_its_share, a_container_that_fargate_runs,
        the_outputs_tell_how_to_start,
    )
}  # fmt: skip
