"""The smoke run of a zip: under the real emulator, by a Python that sees nothing but the zip."""

from __future__ import annotations

import json
import platform
import shutil
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from infra import emulator
from infra.package import interpreters, smoke
from infra.package.build import Package
from infra.package.contents import MODEL_NAME
from infra.package.target import Target
from litescore import contract, golden
from litescore.errors import ConfigurationError, GateError
from tests.rig import locked

PYTHON = ".".join(platform.python_version_tuple()[:2])
OTHER = {"x86_64": "arm64", "arm64": "x86_64"}
LOOKING = """
import importlib.util, os, sys
def handler(event, context):
    seen = [name for name in event if importlib.util.find_spec(name)]
    return {"seen": seen, "python": list(sys.version_info[:2]), "home": os.environ.get("HOME")}
"""

With = Callable[[bytes], Package]


@pytest.fixture
def with_model(built: Package, tmp_path: Path) -> With:
    """The built zip with another model in it."""

    def changed(model: bytes) -> Package:
        path = shutil.copy(built.path, tmp_path)
        with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(path, "a") as archive:
            archive.writestr(MODEL_NAME, model)  # of two entries of a name the last counts
        return replace(built, path=Path(path))

    return changed


def test_the_golden_samples_are_scored_by_the_zip(built: Package) -> None:
    """What export recorded, found again; said beforehand, and how long the start took."""
    said: list[str] = []
    found = smoke.run(built, say=said.append)
    assert found.ran
    assert found.words.startswith("identical: 10 golden samples on litert ")
    assert f"Python {platform.python_version()}; INIT " in found.words
    assert found.init_milliseconds is not None
    assert 10 < found.init_milliseconds < 20_000
    assert len(said) == 1


def test_a_model_without_samples_is_held_against_this_process(
    with_model: With, int8_model: Path
) -> None:
    """Stripped of its samples, it scores made-up images there as here."""
    whole = int8_model.read_bytes()
    held = contract.read(whole)
    assert held is not None
    bare = contract.append(contract.strip(whole), held)
    found = smoke.run(with_model(bare), say=lambda _: None)
    assert found.words.startswith("identical with LiteRT here: 4 generated images on litert ")


def test_wrong_answers_are_refused_with_their_number(with_model: With, int8_model: Path) -> None:
    """Samples that recorded other answers: as a runtime that computes otherwise would look."""
    with pytest.raises(GateError, match="10 of 10 golden samples get another class"):
        smoke.run(with_model(_recorded_otherwise(int8_model)), say=lambda _: None)


def test_a_zip_that_does_not_start_is_refused_with_its_log(with_model: With) -> None:
    """The error, and the end of what the function said."""
    with pytest.raises(
        ConfigurationError, match=r"fails under Lambda's emulator.*; its log ends with .*INIT"
    ):
        smoke.run(with_model(b"no model"), say=lambda _: None)


def test_what_this_machine_cannot_run_is_said(
    built: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No run, no error, and why: another Python, another processor."""
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    here = built.target
    newer, other = Target(here.arch, "3.14"), Target(OTHER[here.arch], here.python)
    told = [smoke.run(replace(built, target=one), say=lambda _: None) for one in (newer, other)]
    assert [one.ran for one in told] == [False, False]
    assert told[0].words == "not run here: there is no Python 3.14 on this machine"
    assert told[1].words == f"not run here: it is for {other.arch}, this machine is {here.arch}"


def test_the_function_sees_nothing_that_is_installed_here(tmp_path: Path) -> None:
    """numpy and litescore are importable in this process and not there; awslambdaric is."""
    (tmp_path / "looking.py").write_text(LOOKING)
    python = interpreters.find(PYTHON)
    assert python is not None
    runtime = emulator.isolated(python, PYTHON)
    log = tmp_path / "log"
    with emulator.running(
        tmp_path, log=log, runtime=runtime, handler="looking.handler"
    ) as function:
        names = ("numpy", "litescore", "pytest", "awslambdaric")
        status, answer = function.invoke(dict.fromkeys(names))
    assert (status, answer["seen"], answer["home"]) == (200, ["awslambdaric"], None)
    assert answer["python"] == [int(part) for part in PYTHON.split(".")]


def test_another_python_is_found_by_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of pyenv's, the one that starts and has the version and the processor; names prove nothing."""
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    machine = platform.machine()
    said = {"3.98.1": "3 97 " + machine, "3.98.2": "3 98 other", "3.98.3": "3 98 " + machine}
    for name, words in said.items():
        python = tmp_path / "versions" / name / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f"#!/bin/sh\necho {words}\n")
        python.chmod(0o755)
    assert interpreters.find("3.98") == tmp_path / "versions/3.98.3/bin/python"
    (tmp_path / "python3.99").write_text("#!/bin/sh\nexit 127\n")
    (tmp_path / "python3.99").chmod(0o755)
    assert interpreters.find("3.99") is None


def test_the_runtime_is_the_one_of_the_lock() -> None:
    """The versions and hashes that ship with the package are those of constraints.txt."""
    pinned = locked.pins()
    shipped = locked.pins(lock=emulator.LOCK)
    assert set(shipped) == {"awslambdaric", "simplejson", "snapshot-restore-py"}
    assert shipped == {name: pinned[name] for name in shipped}


def _recorded_otherwise(model: Path) -> bytes:
    whole = model.read_bytes()
    files = golden.carried(whole)
    answers = json.loads(files["litert.json"])
    answers["outputs"] = [[*row[1:], row[0]] for row in answers["outputs"]]
    held = contract.read(whole)
    assert held is not None
    return contract.append(
        contract.strip(whole), held, files | {"litert.json": json.dumps(answers).encode()}
    )
