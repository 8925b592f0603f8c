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

# What takes a while to import, or has no business where nothing asks for it.
HEAVY = {
    "PIL", "ai_edge_litert", "asyncio", "boto3", "click", "cryptography", "cv2", "h5py",
    "http.client", "keras", "matplotlib", "multiprocessing", "numpy", "obstore", "paho", "pandas",
    "picamera2", "scipy", "sqlite3", "ssl", "tensorflow", "tflite_runtime", "unittest",
    "urllib.request",
}  # fmt: skip
PIXELS = {"numpy", "PIL"}
WEB = {"http.client", "ssl", "urllib.request"}
# Entry point -> what of that it may bring.
IMPORTS: dict[str, set[str]] = {
    "import litescore": set(),
    "import edge": set(),
    "import lambda_handler": set(),
    "from litescore import *": PIXELS,
    "import lambda_handler.job": PIXELS,
    # A channel's shelf may be a web server.
    "import edge.running": {"click", *PIXELS, *WEB},
}
COMMANDS: dict[str, set[str]] = {
    "--version": set(),
    "--help": set(),
    "score --help": set(),
    "train --help": set(),
    "export --help": set(),
    "package --help": set(),
    "deploy --help": set(),
    "edge run --help": PIXELS,
}
NAMES = ("trainer", "export", "lambda_handler", "edge", "infra", "litescore")

RUN = "from litescore.cli import litescore; litescore.main({words}, standalone_mode=False)"
LOADED = "import json, sys; print(json.dumps([*sys.modules]))"


def loaded_by(statement: str) -> set[str]:
    """What a fresh interpreter holds after `statement`, of HEAVY, and of ours by room."""
    command = [sys.executable, "-c", f"{statement}\n{LOADED}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return HEAVY.union(NAMES).intersection(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("statement", IMPORTS)
def test_an_import_brings_no_more_than_it_needs(statement: str) -> None:
    """No TensorFlow, no AWS SDK, no camera where pixels are scored; nothing where nothing is asked."""
    loaded = loaded_by(statement)
    assert statement.split()[1].split(".")[0] in loaded
    assert loaded & HEAVY <= IMPORTS[statement]


@pytest.mark.parametrize("words", COMMANDS)
def test_help_brings_no_more_than_click(words: str) -> None:
    """What a command works with is imported when it works."""
    loaded = loaded_by(RUN.format(words=words.split()))
    assert loaded & HEAVY <= {"click"} | COMMANDS[words]


START = """
import lambda_handler.job, sys
ours = [name for name in sys.modules if name.split(".")[0] in ("litescore", "lambda_handler")]
print(*[name for name in ours if hasattr(sys.modules[name], "Path")])
"""


def test_a_function_starts_without_pathlib() -> None:
    """None of our modules that a start loads brings it: it is a twentieth of a bare start."""
    done = subprocess.run([sys.executable, "-c", START], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


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
