"""pip, asked for the wheels of another machine and Python. Installs nothing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import tempfile
from pathlib import Path

from infra.package.target import Target
from litescore.errors import ConfigurationError

_OPTIONS = ("--quiet", "--disable-pip-version-check", "--no-input", "--no-deps")
_WAY_OUT = (
    "build once where there is an index, and name a copy of its ~/.cache/litescore/wheels "
    "with --wheels"
)


def download(requirements: str, folder: Path, target: Target, *, hashes: bool = False) -> None:
    """Put the wheels of the lines `requirements` into `folder`.

    pip is the one of the Python that runs this, with the user's own settings: index, proxy and
    certificates. With `hashes` each line must have one. Raises ConfigurationError with what pip
    said, and what helps where there is no pip or no network.
    """
    if importlib.util.find_spec("pip") is None:
        raise ConfigurationError(
            f"pip is needed to fetch wheels and {sys.executable} has none: run "
            f"`python -m ensurepip`, or {_WAY_OUT}"
        )
    with tempfile.TemporaryDirectory() as scratch:
        listed = Path(scratch) / "wheels.txt"
        listed.write_text(requirements, encoding="utf-8")
        words = [*_OPTIONS, "--only-binary=:all:", "--dest", str(folder), "-r", str(listed)]
        words += ["--require-hashes"] if hashes else []
        words += ["--implementation=cp", f"--python-version={target.python}"]
        words += [f"--platform={name}" for name in target.platforms]
        done = subprocess.run(
            [sys.executable, "-m", "pip", "download", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0:
        asked = ", ".join(line.split(" ")[0] for line in requirements.splitlines())
        raise ConfigurationError(f"pip cannot fetch {asked}: {_reason(done.stderr)}; {_WAY_OUT}")


def _reason(said: str) -> str:
    """pip's first error; what it warns of comes before, what it advises after."""
    errors = [line for line in said.splitlines() if line.startswith("ERROR:")]
    lines = errors or said.strip().splitlines() or ["no reason given"]
    return lines[0].removeprefix("ERROR:").strip()[:300]
