"""Wheel and sdist, installed by pip on Debian trixie's Python 3.13 beside what the lock pins for it.

pip and the build backend come from the tests' own environment: the root has neither. Both are Python
alone.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from importlib.metadata import distribution
from pathlib import Path, PurePosixPath

import pytest

import litescore
from tests.rig import trixie
from tests.rig import wheel as wheels
from tests.rig.trixie import Trixie

_TOOLS = ("pip", "hatchling", "packaging", "pathspec", "pluggy", "trove-classifiers")
# As a shell would start it: the environment's own program.
_RUN = "import os, sys; os.execv(sys.argv[1], sys.argv[1:])"


@pytest.fixture(scope="module")
def root(int8_model: Path) -> Iterator[Trixie]:
    """The root, with `tools/` and `model.tflite` in its folder."""
    with trixie.enter() as entered:
        for name in _TOOLS:
            _copy(name, entered.folder / "tools")
        shutil.copy(int8_model, entered.folder / "model.tflite")
        yield entered


def _copy(name: str, folder: Path) -> None:
    held = distribution(name)
    for file in held.files or ():
        if ".." not in file.parts and file.suffix != ".pyc":
            place = folder / file
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(held.locate_file(file), place)


def _said(root: Trixie, *words: str | PurePosixPath, tools: bool = False) -> str:
    """What a program says that sees the lock's wheels and, with `tools`, those."""
    seen = [str(trixie.SITE), *([f"{root.inside(root.folder)}/tools"] if tools else [])]
    done = root.python(
        *words, environ={"PYTHONPATH": ":".join(seen), "LITESCORE_RUNTIME": "litert"}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("form", ["wheel", "sdist"])
def test_it_installs_and_works(root: Trixie, wheel: Path, form: str, tmp_path: Path) -> None:
    """With nothing to fetch: the lock has all that the metadata asks for on that Python. The command
    finds the golden samples as they were recorded here.
    """
    package = wheel if form == "wheel" else wheels.pack(tmp_path)
    shutil.copy(package, root.folder / package.name)
    _said(root, "-m", "venv", "--without-pip", form)
    pip = ("-m", "pip", "--python", f"{form}/bin/python", "install", "--quiet", "--no-index")
    wanted = f"{root.inside(root.folder)}/{package.name}[litert,edge]"
    _said(root, *pip, "--no-build-isolation", wanted, tools=True)
    (site,) = (root.folder / form / "lib").glob("python3.13/site-packages")
    assert {path.name.partition("-")[0] for path in site.glob("*.dist-info")} == {"litescore"}
    command = f"{form}/bin/litescore"
    said = _said(root, "-c", _RUN, command, "--version")
    assert said == f"litescore, version {litescore.__version__}\n"
    _said(root, "-c", _RUN, command, "verify", "model.tflite")
