"""docs/DEPLOY-LOCAL.md: what it types into a cloud that runs, typed there."""

from __future__ import annotations

import os
import shlex
import shutil
import time
from pathlib import Path

import pytest

from infra.local import state
from infra.local.cloud import LocalCloud
from tests.docs.blocks import Block, blocks
from tests.docs.shell import shell
from tests.rig.pngs import Pngs

PAGE = "docs/DEPLOY-LOCAL.md"
HERE = f"{Path(__file__).relative_to(Path(__file__).parents[3])}::test_the_page"


def commands(block: Block) -> str:
    """What bash is told: a Python example by its own program; AWS's tools where they are there."""
    if block.kind == "python":
        return f"python -c {shlex.quote(block.text)}\n"
    lines = block.text.splitlines(keepends=True)
    return "".join(one for one in lines if shutil.which("aws") or not one.startswith("aws "))


def test_the_page(
    cloud: LocalCloud, pngs: Pngs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """AWS's tools, curl, boto3 and a query, in one shell with its exports: each image comes."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    typed = [block for block in blocks(PAGE) if block.said == HERE]
    assert [block.kind for block in typed] == ["sh", "python", "sh"]
    running = state.Running(cloud.endpoint, cloud.stack.name, os.getpid())
    with state.announced(running), shell(tmp_path / "page", tensorflow=_no_training) as terminal:
        (terminal.folder / "photos").mkdir()
        shutil.copy(pngs.paths[0], terminal.folder / "photos")
        shutil.copy(pngs.paths[0], terminal.folder / "image.png")
        s3 = cloud.client("s3")
        for block in typed[:2]:
            terminal.say(block, commands(block))
            s3.get_object(Bucket=cloud.input_bucket, Key="in/image.png")
            s3.delete_object(Bucket=cloud.input_bucket, Key="in/image.png")
        end = time.monotonic() + 60
        while "scored" not in (told := terminal.say(typed[2], commands(typed[2]))):
            assert time.monotonic() < end, told
    assert told.split()[0] == "dt"


def _no_training(*_: object) -> None:
    raise AssertionError("the page trains nothing")
