"""infra/batch.yaml: linted, held to rules, its job run as the role that it has.

ministack refuses resources of AWS::Batch in a template, and its own AWS Batch runs no container.
So here the job's command runs in processes, by the container's entry point, against ministack's S3
with the permissions that the template gives.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.cloud import account
from infra.cloud.deployment import deploy
from infra.cost.work import Assumed
from infra.local import ministack
from infra.local.ministack import Server
from litescore import contract, results
from litescore.contract import Contract
from litescore.output import MOST_RECORDS
from tests.infra.batch_mutations import MUTATIONS
from tests.infra.batch_rules import (
    BOUNDARY,
    CHOICES,
    PATH,
    RULES,
    TEXT,
    parsed,
    violations,
)
from tests.infra.template.spoiling import Mutation
from tests.infra.template.translation import conditions, resolved
from tests.litescore import tiny
from tests.litescore.conftest import picture_bytes
from tests.rig import cfnlint

ENTRYPOINT = PATH.parent / "package" / "context" / "entrypoint.sh"


def test_the_template_holds_every_rule() -> None:
    """For each choice of parameters."""
    assert violations(parsed()) == {}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=str)
def test_a_rule_catches_what_it_is_for(mutation: Mutation) -> None:
    """The template is spoiled in one place: the rule that is for it speaks up."""
    template = parsed()
    mutation.edit(template)
    assert template != parsed()
    assert mutation.rule in violations(template)


def test_each_rule_and_condition_is_seen() -> None:
    """A rule has a mutation, and a condition is true in one choice and false in another."""
    assert {mutation.rule for mutation in MUTATIONS} == set(RULES)
    seen = [conditions(parsed(), choice) for choice in CHOICES]
    for name in parsed()["Conditions"]:
        assert {choice[name] for choice in seen} == {True, False}, name
    assert BOUNDARY in str(resolved(parsed(), CHOICES[1]))


def test_lint(tmp_path: Path) -> None:
    """AWS's own checkers find nothing."""
    done = cfnlint.validate(PATH, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_cloudformation_can_read_it() -> None:
    """No YAML aliases, which it refuses, and short enough to be sent as it is."""
    assert not [e for e in yaml.parse(TEXT) if isinstance(e, yaml.AliasEvent)]
    assert len(TEXT.encode()) <= 51_200


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("ImageUri", [choice["ImageUri"] for choice in CHOICES], ["debian", "ghcr.io/x/y:1", ""]),
        ("Input", ["s3://abc/in/", "@s3://abc/list.csv", "s3://abc/a b.zip"],
         ["s3://abc", "photos/", "@list.csv"]),
        ("Output", ["s3://abc/records/", "s3://abc/a/b/"], ["s3://abc/", "s3://abc/x", "s3://a*/x/", "s3://abc/x*/"]),
        ("ImageBucketName", ["", "abc"], ["s3://abc", "a", "abc/*"]),
    ],
)  # fmt: skip
def test_what_a_parameter_may_be(name: str, good: list[str], bad: list[str]) -> None:
    """Above all, no `*` that would open more in a role than it names."""
    pattern = parsed()["Parameters"][name]["AllowedPattern"]
    assert all(re.fullmatch(pattern, value) for value in good)
    assert not any(re.fullmatch(pattern, value) for value in bad)


def test_the_cost_of_it_is_that_of_these_figures() -> None:
    """What `litescore cost` takes for granted is what the templates say by themselves."""
    assumed, job = Assumed(), parsed()
    size = job["Resources"]["JobDefinition"]["Properties"]["ContainerProperties"]
    memory = {one["Type"]: one["Value"] for one in size["ResourceRequirements"]}["MEMORY"]
    assert assumed.shares == job["Parameters"]["Shares"]["Default"]
    assert assumed.share_gb * 1024 == float(memory)
    assert assumed.part_images == MOST_RECORDS
    template = deploy.TEMPLATE.read_text()
    batch = re.search(r"\n  BatchSize:\n    Type: Number\n    Default: (\d+)", template)
    mapped = re.search(r'"MaxItemsPerBatch": (\d+)', template)
    assert batch
    assert mapped
    assert (assumed.queue_batch, assumed.map_batch) == (int(batch[1]), int(mapped[1]))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """ministack, where a role may do what its policies say."""
    folder = tmp_path_factory.mktemp("ministack")
    with ministack.running(ministack.environment(), folder) as running:
        yield running


def test_the_array_job_as_its_role(server: Server, tmp_path: Path) -> None:
    """Each image once, in processes that may no more than the job's role; which writes nowhere
    else and reads no other bucket.
    """
    clients = account.local_clients(server.endpoint)
    s3 = clients("s3")
    for bucket in ("images", "records", "others"):
        s3.create_bucket(Bucket=bucket)
    for number in range(12):
        s3.put_object(Bucket="images", Key=f"in/{number}.png", Body=picture_bytes(number))
    job = resolved(parsed(), CHOICES[0])["Resources"]
    environ = as_role(clients, job["JobRole"]["Properties"]) | {
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_REGION": ministack.REGION,
        "LITESCORE_MODEL": str(model(tmp_path)),
        "PATH": f"{Path(sys.executable).parent}:{os.defpath}",
        "PYTHONPATH": str(PATH.parents[1]),
        "AWS_BATCH_JOB_ARRAY_SIZE": "3",
    }
    words = command(job["JobDefinition"]["Properties"])
    processes = [
        subprocess.Popen(
            ["sh", str(ENTRYPOINT), *words], cwd=tmp_path, text=True,
            env=environ | {"AWS_BATCH_JOB_ARRAY_INDEX": str(index)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )
        for index in range(3)
    ]  # fmt: skip
    said = [process.communicate(timeout=90)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], said
    assert sum(int(out.partition(" scored")[0]) for out in said) == 12
    folder = tmp_path / "records"
    folder.mkdir()
    for entry in s3.list_objects_v2(Bucket="records", Prefix="run/1/")["Contents"]:
        s3.download_file("records", entry["Key"], str(folder / entry["Key"].replace("/", "_")))
    sources = [record.source for record in results.written(str(folder))]
    assert sorted(sources) == sorted(f"s3://images/in/{number}.png" for number in range(12))
    elsewhere = (
        ("s3://images/in/", "s3://records/run/2/"),
        ("s3://images/in/", "s3://others/"),
        ("s3://others/in/", "s3://records/run/1/"),
    )
    for source, place in elsewhere:
        refused = subprocess.run(
            ["sh", str(ENTRYPOINT), "score", source, "--out", place],
            env=environ, capture_output=True, text=True, timeout=90,
        )  # fmt: skip
        assert refused.returncode == 3, refused.stdout
        assert "enied" in refused.stderr, refused.stderr


def command(job: dict[str, Any]) -> list[str]:
    """The words that the container of the job definition gets."""
    parameters = {f"Ref::{name}": value for name, value in job["Parameters"].items()}
    return [parameters.get(word, word) for word in job["ContainerProperties"]["Command"]]


def as_role(clients: account.Clients, role: dict[str, Any]) -> dict[str, str]:
    """Credentials of a role that has the policies of the template's."""
    iam = clients("iam")
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    made = iam.create_role(
        RoleName="job",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [anybody]}),
    )["Role"]
    for policy in role["Policies"]:
        iam.put_role_policy(
            RoleName="job",
            PolicyName=policy["PolicyName"],
            PolicyDocument=json.dumps(policy["PolicyDocument"]),
        )
    taken = clients("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="share")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": taken["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": taken["SecretAccessKey"],
        "AWS_SESSION_TOKEN": taken["SessionToken"],
    }


def model(folder: Path) -> Path:
    """A small real model: what it says of an image does not matter here."""
    path = folder / "model.tflite"
    about = Contract(("ant", "bee", "cat"), "gray", 4, 3, variant="int8")
    path.write_bytes(contract.append(tiny.build((4, 3, 1), dtype="uint8"), about))
    return path
