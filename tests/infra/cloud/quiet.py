"""A stack whose queue no function listens to, and commands spoken to the cloud that it is in."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from infra.cloud import deploy
from infra.local import state
from infra.local.cloud import LocalCloud
from infra.package.build import Package
from litescore import cli


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
