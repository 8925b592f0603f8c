"""Which Python compiles the modules, and what becomes of them."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

import pytest

from infra.package import bytecode
from infra.package.contents import Part
from litescore.errors import ConfigurationError

HERE = ".".join(platform.python_version_tuple()[:2])
OTHER = "3.12" if HERE != "3.12" else "3.13"


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that is all of PATH, on a machine without pyenv."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    return tmp_path


def program(path: Path, text: str) -> Path:
    """A script in a Python's place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def part(**files: str) -> Part:
    """A distribution of some modules, and a file that is none."""
    contents = {f"{name}.py": text.encode() for name, text in files.items()}
    return Part("one", "1", None, None, contents | {"data.txt": b"data"})


def test_the_python_that_runs_this_is_at_hand(bare: Path) -> None:
    """For its own version; for another there is none here."""
    found = bytecode.find(HERE)
    assert found is not None
    assert found.version == platform.python_version()
    assert bytecode.find(OTHER) is None


@pytest.mark.parametrize(
    ("said", "works"),
    [
        (f"echo {OTHER}.7 cpython final -", True),
        (f"echo {OTHER}.0 cpython candidate -", False),
        (f"echo {OTHER}.7 pypy final -", False),
        (f"echo {OTHER}.7 cpython final t", False),
        ("echo 3.9.1 cpython final -", False),
        ("echo not installed >&2; exit 127", False),
        ("echo", False),
    ],
)
def test_a_name_proves_nothing(bare: Path, said: str, works: bool) -> None:
    """What is called pythonX.Y is run and asked: pyenv's may be a command that only complains."""
    program(bare / f"python{OTHER}", said)
    assert (bytecode.find(OTHER) is not None) == works


def test_pyenvs_are_found_behind_a_command_that_fails(bare: Path) -> None:
    """Of several that pyenv has, one that is of the version."""
    program(bare / f"python{OTHER}", "exit 127")
    there = bare / "pyenv" / "versions" / f"{OTHER}.4" / "bin" / "python"
    program(there, f"echo {OTHER}.4 cpython final -")
    assert bytecode.find(OTHER) == bytecode.Interpreter(there, f"{OTHER}.4")


def test_one_that_is_named_must_be_of_the_version(bare: Path) -> None:
    """Bytecode of another would be of no use, and no error either: Python passes it over."""
    with pytest.raises(ConfigurationError) as caught:
        bytecode.find(OTHER, Path(sys.executable))
    assert str(caught.value) == (
        f"--interpreter {sys.executable} is Python {platform.python_version()}, the function's "
        f"modules need Python {OTHER}"
    )
    with pytest.raises(ConfigurationError, match="is no Python that runs here"):
        bytecode.find(HERE, program(bare / "broken", "exit 1"))
    assert bytecode.find(HERE, Path(sys.executable)) is not None


def test_the_same_source_makes_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also of sets, whose order changes from process to process, and whatever the user has set."""
    python = bytecode.find(HERE)
    assert python is not None
    one = part(sets="X = lambda v: v in {'a', 'b', 'c', 'd', 'e', 1, 2.5, None}", other="Y = 1")
    first = bytecode.compiled([one], python)
    monkeypatch.setenv("PYTHONHASHSEED", "3")
    monkeypatch.setenv("PYTHONOPTIMIZE", "2")
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", "/nowhere")
    assert bytecode.compiled([one], python) == first
    [done] = first
    tag = sys.implementation.cache_tag
    made = {f"__pycache__/sets.{tag}.pyc", f"__pycache__/other.{tag}.pyc"}
    assert done.files.keys() == one.files.keys() | made


def test_a_module_that_does_not_compile_is_told() -> None:
    """With what Python says of it: such a zip would fail at its first event, or later."""
    python = bytecode.find(HERE)
    assert python is not None
    with pytest.raises(
        ConfigurationError, match=rf"one does not compile on Python {HERE}.*bad\.py"
    ):
        bytecode.compiled([part(bad="def")], python)
