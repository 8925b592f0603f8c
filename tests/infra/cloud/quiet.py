"""A stack whose queue no function listens to, and commands spoken to the cloud that it is in."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from infra.cloud.deployment import deploy
from infra.local import state
from infra.local.cloud import LocalCloud
from infra.package.build import Package
from litescore import cli, results
from litescore.record import Record


@dataclass(frozen=True)
class Said:
    """What a command ended with and said."""

    code: int
    out: str
    err: str


@contextmanager
def deployed(cloud: LocalCloud, package: Package, name: str, home: Path) -> Iterator[LocalCloud]:
    """The function in a stack of that name, with a queue that nothing takes from; `--local` finds
    the cloud meanwhile, by a state folder under `home`.
    """
    stack = deploy.deploy(
        cloud.client, package.path, name=name, parameters={"MaximumConcurrency": "2"}
    )
    functions = cloud.client("lambda")
    mappings = functions.list_event_source_mappings(FunctionName=stack.outputs["FunctionName"])
    for mapping in mappings["EventSourceMappings"]:
        functions.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(home))
        with state.announced(state.Running(cloud.endpoint, name, os.getpid())):
            yield replace(cloud, stack=stack)


def say(cloud: LocalCloud, capsys: pytest.CaptureFixture[str], words: Sequence[str]) -> Said:
    """`litescore ... --local --stack <the cloud's>`, in this process."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        cli.run(cli.litescore, [*words, "--local", "--stack", cloud.stack.name])
    spoken = capsys.readouterr()
    return Said(int(ended.value.code or 0), spoken.out, spoken.err)


def records_of(cloud: LocalCloud, folder: Path) -> dict[str, Record]:
    """Key -> record, of all that came so far."""
    cloud.download(folder)
    start = f"s3://{cloud.input_bucket}/"
    return {record.source.removeprefix(start): record for record in results.read(folder)}


def keep(cloud: LocalCloud, name: str, *rows: dict[str, str]) -> dict[str, Any]:
    """A list in the output bucket, as input of the state machine."""
    bucket, key = cloud.stack.outputs["OutputBucket"], f"manifests/{name}.jsonl"
    body = "".join(f"{json.dumps(row)}\n" for row in rows)
    cloud.client("s3").put_object(Bucket=bucket, Key=key, Body=body.encode())
    return {
        "from": "manifest",
        "bucket": cloud.input_bucket,
        "prefix": "",
        "manifest": {"bucket": bucket, "key": key},
        "max_images": 100,
    }


def begin(cloud: LocalCloud, given: dict[str, Any]) -> str:
    """A run of the state machine with that input; its name."""
    client, machine = cloud.client("stepfunctions"), cloud.stack.outputs["BackfillArn"]
    answer = client.start_execution(stateMachineArn=machine, input=json.dumps(given))
    return str(answer["executionArn"]).rpartition(":")[2]


def runs(cloud: LocalCloud) -> list[Any]:
    """All runs so far."""
    found = cloud.client("stepfunctions").list_executions(
        stateMachineArn=cloud.stack.outputs["BackfillArn"]
    )
    return list(found["executions"])
