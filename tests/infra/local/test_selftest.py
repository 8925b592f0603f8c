"""`litescore local check`: all is well in a cloud that is; a fault in it is found."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from infra.local.cli import local
from infra.local.cloud import LocalCloud
from infra.local.selftest import trial
from infra.local.state import Running, announced
from tests.infra.local.conftest import keys, waiting

BROKEN = "def handler(event, context): return {'batchItemFailures': []}"


def test_a_cloud_that_is_well(cloud: LocalCloud) -> None:
    """Every step is ok in the one that runs, and nothing is left of it."""
    before = [keys(cloud, cloud.stack.outputs[name]) for name in ("InputBucket", "OutputBucket")]
    with announced(Running(cloud.endpoint, cloud.stack.name, os.getpid())):
        done = CliRunner().invoke(local, ["--check"], standalone_mode=False)
    assert done.return_value == 0, done.output
    assert "FAILED" not in done.output
    assert "not run" not in done.output
    assert "ok      a message of no use becomes a dead letter" in done.output
    after = [keys(cloud, cloud.stack.outputs[name]) for name in ("InputBucket", "OutputBucket")]
    assert after == before
    assert waiting(cloud, cloud.stack.outputs["DeadLetterQueueUrl"]) == 0


def test_a_function_that_does_nothing_is_found(
    cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No records, no log, no dead letters: exit code 1, and what is missing in words."""
    monkeypatch.setattr(trial, "_PATIENCE", 2.0)
    package = tmp_path / "broken.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("lambda_handler/__init__.py", BROKEN)
    broken = cloud.deploy(package, name="idle")
    with announced(Running(cloud.endpoint, "idle", os.getpid())):
        done = CliRunner().invoke(local, ["check", "--json"], standalone_mode=False)
    assert done.return_value == 1, done.output
    found = json.loads(done.output)
    assert found["ok"] is False
    states = {one["step"]: (one["state"], one["note"]) for one in found["steps"]}
    assert states["the template is deployed"][0] == "ok"
    assert states["6 images become records"] == ("failed", "no record of each image within 2 s")
    assert states["a broken image fails alone"][0] == "failed"
    assert states["a message of no use becomes a dead letter"][0] == "failed"
    assert keys(broken, broken.input_bucket) == set()


def test_options_at_the_wrong_place_are_refused() -> None:
    """And without a word the help says what there is."""
    for words in (["--check", "env"], ["--model", "m.tflite", "down"]):
        done = CliRunner().invoke(local, words)
        assert done.exit_code == 2
        assert "name options after" in done.output
    assert CliRunner().invoke(local, []).exit_code == 2
