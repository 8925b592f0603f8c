"""What a zip says of itself: ours or not, its Python, its processor, its model."""

from __future__ import annotations

import hashlib
import platform
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from infra.cloud.deployment import function_zip
from infra.package.build import Package
from litescore.errors import ConfigurationError, UsageError
from tests.infra.cloud.conftest import MODEL, write_zip


def elf(machine: int) -> bytes:
    """The head of a shared object for a processor."""
    return b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00" + machine.to_bytes(2, "little")


def test_the_built_zip_is_for_this_machine(built: Package, int8_model: Path) -> None:
    """The real one: its Python, its processor and its model, from its own files."""
    found = function_zip.read(function_zip.find(built.path.parent))
    assert found.python == ".".join(platform.python_version_tuple()[:2])
    assert found.arch == {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    assert found.model_sha256 == hashlib.sha256(int8_model.read_bytes()).hexdigest()
    assert found.sha256 == hashlib.sha256(built.path.read_bytes()).hexdigest()
    function_zip.check_target(found, local=True)


@pytest.mark.parametrize(
    ("name", "data", "python", "arch"),
    [
        ("a/__pycache__/b.cpython-314.pyc", b"", "3.14", None),
        ("a/b.pyc", (3531).to_bytes(2, "little") + b"\r\n", "3.12", None),
        ("a/b.cpython-313-aarch64-linux-gnu.so", elf(183), "3.13", "arm64"),
        ("a.libs/libc.so.6", elf(62), None, "x86_64"),
        ("a/README.so.txt", b"no ELF", None, None),
    ],
)
def test_each_kind_of_file_says_it(
    tmp_path: Path, name: str, data: bytes, python: str | None, arch: str | None
) -> None:
    """Names of bytecode, its first bytes, and the ELF header of shared objects."""
    found = function_zip.read(write_zip(tmp_path / "z.zip", **{name: data}))
    assert (found.python, found.arch) == (python, arch)
    assert found.model_sha256 == hashlib.sha256(MODEL).hexdigest()


def test_two_pythons_or_processors_are_refused(tmp_path: Path) -> None:
    """No function can run all of it."""
    files = {"a.cpython-313.pyc": b"", "a.cpython-312.pyc": b""}
    with pytest.raises(ConfigurationError, match=r"more than one Python \(3\.12, 3\.13\)"):
        function_zip.read(write_zip(tmp_path / "z.zip", **files))
    with pytest.raises(ConfigurationError, match=r"more than one processor \(arm64, x86_64\)"):
        function_zip.read(write_zip(tmp_path / "z.zip", **{"a.so": elf(62), "b.so": elf(183)}))


def test_what_is_not_ours_is_refused(tmp_path: Path) -> None:
    """No zip, and a zip of something else."""
    path = tmp_path / "z.zip"
    path.write_bytes(b"no zip")
    with pytest.raises(ConfigurationError, match="is no zip file"):
        function_zip.read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("main.py", b"")
    with pytest.raises(ConfigurationError, match="has no lambda_handler/__init__"):
        function_zip.read(path)


def test_a_folder_holds_exactly_one_zip(tmp_path: Path) -> None:
    """None and two are told; a file may be named."""
    with pytest.raises(UsageError, match="it holds none"):
        function_zip.find(tmp_path)
    first = write_zip(tmp_path / "a.zip")
    assert function_zip.find(tmp_path) == function_zip.find(first) == first
    write_zip(tmp_path / "b.zip")
    with pytest.raises(UsageError, match=r"it holds a\.zip, b\.zip"):
        function_zip.find(tmp_path)


def test_the_target_has_to_fit(tmp_path: Path) -> None:
    """AWS runs 3.12 to 3.14 on either processor, the local cloud what this machine is."""
    found = function_zip.read(write_zip(tmp_path / "z.zip"))
    here = ".".join(platform.python_version_tuple()[:2])
    for local in (True, False):
        function_zip.check_target(found, local=local)
    function_zip.check_target(replace(found, python=here), local=True)
    function_zip.check_target(replace(found, python="3.12", arch="arm64"), local=False)
    with pytest.raises(ConfigurationError, match=r"Python 3\.11, which .* --python 3\.13"):
        function_zip.check_target(replace(found, python="3.11"), local=False)
    with pytest.raises(ConfigurationError, match=rf"the local cloud runs {here}"):
        function_zip.check_target(replace(found, python="3.9"), local=True)
    with pytest.raises(ConfigurationError, match="is for riscv64, this machine is"):
        function_zip.check_target(replace(found, arch="riscv64"), local=True)
