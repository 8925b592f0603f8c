"""What constraints.txt pins: for any Python, and for a part of litescore's dependencies.

pip evaluates environment markers for the Python that runs it, also when told to fetch wheels for
another; so what the lock says to another Python is worked out here.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.metadata import requires
from pathlib import Path

from packaging.markers import default_environment
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
_LOCK = ROOT / "constraints.txt"


def pins(python: str | None = None, *, lock: Path = _LOCK) -> dict[str, str]:
    """Distribution -> its line in the lock, hashes included, for a Python version like `3.13`.

    For the Python that runs the tests by default. `lock` is a file written as constraints.txt is.
    """
    environment = _environment(python)
    found: dict[str, str] = {}
    for entry in re.sub(r"\\\n\s*", " ", lock.read_text()).splitlines():
        words, *hashes = entry.partition("#")[0].split("--hash=")
        if not words.strip():
            continue
        requirement = Requirement(words)
        if requirement.marker is None or requirement.marker.evaluate(environment):
            pinned = [f"{requirement.name}{requirement.specifier}", *hashes]
            found[canonicalize_name(requirement.name)] = " --hash=".join(map(str.strip, pinned))
    return found


def closure(distribution: str, extras: tuple[str, ...], python: str | None = None) -> set[str]:
    """All that `distribution[extras]` needs on that Python, from the metadata installed here."""
    environment = _environment(python)
    found: set[str] = set()
    waiting = [Requirement(f"{distribution}[{','.join(extras)}]")]
    while waiting:
        for needed in _needs(waiting.pop(), environment):
            name = canonicalize_name(needed.name)
            if name not in found:
                found.add(name)
                waiting.append(needed)
    return found


def requirements(names: Collection[str], python: str) -> str:
    """The lines of the lock for these distributions, as pip reads them."""
    pinned = pins(python)
    return "".join(f"{pinned[name]}\n" for name in sorted(names))


def platforms(machine: str, *, glibc: int) -> list[str]:
    """What wheels for a `machine` with glibc 2.`glibc` may be called, as pip there prefers them.

    A wheel names the oldest glibc that it runs on.
    """
    named = [f"manylinux_2_{minor}_{machine}" for minor in range(glibc, 16, -1)]
    return [*named, f"manylinux2014_{machine}"]


def unpack(names: Collection[str], folder: Path, *, python: str, platforms: Sequence[str]) -> None:
    """Fetch the wheels that the lock pins for another Python or machine, and unpack them in `folder`.

    Raises RuntimeError with what pip said, of a hash that the lock lacks among others.
    """
    with tempfile.TemporaryDirectory() as scratch:
        wheels, listed = Path(scratch) / "wheels", Path(scratch) / "wheels.txt"
        listed.write_text(requirements(names, python))
        words = ["--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"]
        words += [f"--platform={name}" for name in platforms]
        words += ["--python-version", python, "--requirement", str(listed), "--dest", str(wheels)]
        pip = [sys.executable, "-m", "pip", "download", *words]
        done = subprocess.run(pip, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"pip exited with {done.returncode}: {done.stderr[-2000:]}")
        for wheel in wheels.iterdir():
            with zipfile.ZipFile(wheel) as contents:
                contents.extractall(folder)


def _needs(parent: Requirement, environment: Mapping[str, str]) -> Iterator[Requirement]:
    for text in requires(parent.name) or ():
        needed = Requirement(text)
        extras = ("", *parent.extras)
        if needed.marker is None or any(
            needed.marker.evaluate({**environment, "extra": extra}) for extra in extras
        ):
            yield needed


def _environment(python: str | None) -> dict[str, str]:
    environment = {name: str(value) for name, value in default_environment().items()}
    if python is not None:
        environment |= {"python_version": python, "python_full_version": f"{python}.0"}
    return environment
