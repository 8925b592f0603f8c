"""What importing costs and brings along, and whose the import names are."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path
from statistics import median

import pytest

HEAVY = ("tensorflow", "keras", "boto3", "cv2", "picamera2")
NAMES = ("trainer", "export", "lambda_handler", "edge", "infra", "litescore")

LOADED = "import json, sys; print(json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"


def loaded_by(statement: str) -> set[str]:
    """Top-level modules that a fresh interpreter holds after `statement`."""
    command = [sys.executable, "-c", f"{statement}\n{LOADED}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("package", ["litescore", "lambda_handler", "edge"])
def test_importing_brings_nothing_heavy(package: str) -> None:
    """A package that scores loads no TensorFlow, no AWS SDK and no camera when imported."""
    loaded = loaded_by(f"import {package}")
    assert package in loaded
    assert not loaded & set(HEAVY)


def test_the_names_of_litescore_bring_nothing_heavy() -> None:
    """Nor do the names that `litescore` loads when they are first used."""
    loaded = loaded_by("from litescore import *")
    assert "numpy" in loaded
    assert not loaded & set(HEAVY)


@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_the_command_answers_without_numpy(words: list[str]) -> None:
    """`litescore --help` needs click only."""
    loaded = loaded_by(
        f"from litescore.cli import litescore; litescore.main({words}, standalone_mode=False)"
    )
    assert "click" in loaded
    assert not loaded & {*HEAVY, "numpy", "PIL", "obstore"}


def test_help_is_quick() -> None:
    """`litescore --help` takes less than 0.2 s more than importing click, medians of one run."""
    commands = {
        "click": [sys.executable, "-c", "import click"],
        "help": [sys.executable, "-m", "litescore", "--help"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(7):  # taking turns, so that other load meets both
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, capture_output=True, check=True)
            seconds[name].append(time.perf_counter() - began)
    assert median(seconds["help"]) - median(seconds["click"]) < 0.2, seconds


@pytest.mark.parametrize("name", NAMES)
def test_import_names_are_ours_alone(name: str) -> None:
    """No other distribution provides the name: pip would have replaced files silently.

    An editable install, which lists no names, is known by where the package comes from.
    """
    assert set(packages_distributions().get(name, ())) <= {"litescore"}
    spec = find_spec(name)
    assert spec is not None
    assert spec.origin is not None
    assert Path(spec.origin).parents[1] == Path(__file__).parents[1]
