"""A device's files, and `litescore edge install` into them."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from edge.cli import edge
from litescore import contract as contracts
from litescore.contract import Contract
from tests.edge.service.installed import PROGRAM, Install
from tests.litescore import tiny


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A device's files: an SD card with a `litescore` below /opt."""
    root = tmp_path / "card"
    program = root / PROGRAM[1:]
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return root


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A small real model with the labels red, green and blue."""
    path = tmp_path / "small.tflite"
    contract = Contract(("red", "green", "blue"), "rgb", 8, 8, variant="f32")
    path.write_bytes(contracts.append(tiny.build((8, 8, 3)), contract))
    return path


@pytest.fixture
def install(root: Path, model: Path) -> Install:
    """The command with a model, a source and the root; more words as given."""

    def run(*words: object, source: str = "picamera", **environ: str) -> Result:
        fixed = ["--model", model, "--source", source, "--prefix", root]
        line = ["install", *fixed, "--program", PROGRAM, *words]
        return CliRunner().invoke(edge, list(map(str, line)), env=environ, standalone_mode=False)

    return run
