"""The function's zip as a deployment sees it: is it ours, which Python and processor is it for.

Told from its own files: what it was built of cannot differ from what lies in it.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from infra.package import target
from infra.package.contents import MODEL_NAME
from litescore.errors import ConfigurationError, UsageError

# The managed runtimes of AWS Lambda that litescore runs on.
PYTHONS = tuple(python for python in target.PYTHONS if python not in target.LOCAL_ONLY)

_OURS = ("lambda_handler/__init__.py", "litescore/__init__.py")
_SIGNATURES = "cryptography/__init__.py"
# What zipfile raises, by where the broken bytes are; the last of one that is said to be encrypted.
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, RuntimeError)
# Of a module's bytecode and of an extension module: numpy.cpython-313.pyc, _x.cpython-313-...so
_TAG = re.compile(r"\.cpython-3(\d+)[.-]")
# The first two bytes of bytecode: https://github.com/python/cpython/blob/main/Include/internal/pycore_magic_number.h
_MAGIC = {3495: "3.11", 3531: "3.12", 3571: "3.13", 3627: "3.14"}
# e_machine of the ELF header.
_MACHINES = {62: "x86_64", 183: "arm64"}


@dataclass(frozen=True)
class FunctionZip:
    """A function's zip.

    path          of the file
    sha256        of its bytes, in hexadecimal digits
    python        version that it is for, such as "3.13"; None where nothing in it says
    arch          "x86_64" or "arm64"; None where nothing in it says
    model_sha256  of the model in it; None where it has none
    signatures    whether it holds what looks at signatures: without, it follows no channel
    """

    path: Path
    sha256: str
    python: str | None
    arch: str | None
    model_sha256: str | None
    signatures: bool = False


def find(place: Path) -> Path:
    """The zip itself, or the only one in a folder. Raises UsageError with what is there instead."""
    if place.is_file():
        return place
    if not place.is_dir():
        raise UsageError(f"no package at {place}: make one with `litescore package --out {place}`")
    found = sorted(place.glob("*.zip"))
    if len(found) != 1:
        there = ", ".join(path.name for path in found) or "none"
        raise UsageError(f"{place} should hold exactly one .zip, it holds {there}: name the file")
    return found[0]


def read(path: Path) -> FunctionZip:
    """What the zip says of itself. Raises ConfigurationError for one that is not litescore's."""
    try:
        with zipfile.ZipFile(path) as archive:
            _check(path, archive)
            python = _only(path, "Python", _pythons(archive))
            arch = _only(path, "processor", _machines(archive))
            signatures = _SIGNATURES in archive.namelist()
            return FunctionZip(path, _sha256(path), python, arch, model_sha256(archive), signatures)
    except _BROKEN as error:
        raise ConfigurationError(f"{path} is no zip file: {error or 'cut short'}") from error


def check_target(found: FunctionZip, *, local: bool) -> None:
    """Raise ConfigurationError for a zip that the function's Python or processor cannot run."""
    if local:
        _check_local(found)
    elif found.python and found.python not in PYTHONS:
        raise ConfigurationError(
            f"{found.path} is for Python {found.python}, which litescore does not run on at AWS: "
            f"build it with `litescore package --python {PYTHONS[1]}`, or deploy with --local"
        )


def _check_local(found: FunctionZip) -> None:
    here = target.Target.here()
    wanted = f"litescore package --python {here.python} --arch {here.arch}"
    if found.python not in (None, here.python):
        raise ConfigurationError(
            f"{found.path} is for Python {found.python}, the local cloud runs {here.python}: "
            f"`{wanted}`"
        )
    if found.arch not in (None, here.arch):
        raise ConfigurationError(
            f"{found.path} is for {found.arch}, this machine is {here.arch}: `{wanted}`"
        )


def _check(path: Path, archive: zipfile.ZipFile) -> None:
    names = set(archive.namelist())
    missing = [name for name in _OURS if name not in names]
    if missing:
        raise ConfigurationError(
            f"{path} is not a zip of `litescore package`: it has no {missing[0]}"
        )
    unpacked = sum(entry.file_size for entry in archive.infolist())
    if unpacked > target.UNPACKED_LIMIT:
        raise ConfigurationError(
            f"{path} unpacks to {unpacked / 1e6:.0f} MB, Lambda takes {target.UNPACKED_LIMIT / 1e6:.0f}"
        )


def model_sha256(archive: zipfile.ZipFile) -> str | None:
    """The digest of the model in it; None for a zip without one, such as a test's."""
    if MODEL_NAME not in archive.namelist():
        return None
    return hashlib.sha256(archive.read(MODEL_NAME)).hexdigest()


def _pythons(archive: zipfile.ZipFile) -> set[str]:
    tags = {f"3.{found[1]}" for name in archive.namelist() if (found := _TAG.search(name))}
    return tags or _pythons_of_bytecode(archive)


def _pythons_of_bytecode(archive: zipfile.ZipFile) -> set[str]:
    found = set()
    for name in archive.namelist():
        if name.endswith(".pyc"):
            magic = int.from_bytes(_head(archive, name, 2), "little")
            found.add(_MAGIC.get(magic, f"of bytecode {magic}"))
    return found


def _machines(archive: zipfile.ZipFile) -> set[str]:
    found = set()
    for name in archive.namelist():
        if ".so" in name.rpartition("/")[2]:
            head = _head(archive, name, 20)
            if head.startswith(b"\x7fELF"):
                machine = int.from_bytes(head[18:20], "little")
                found.add(_MACHINES.get(machine, f"ELF machine {machine}"))
    return found


def _head(archive: zipfile.ZipFile, name: str, size: int) -> bytes:
    with archive.open(name) as file:
        return file.read(size)


def _only(path: Path, what: str, found: Iterable[str]) -> str | None:
    several = sorted(found)
    if len(several) > 1:
        raise ConfigurationError(
            f"{path} holds files for more than one {what} ({', '.join(several)}): build it anew"
        )
    return several[0] if several else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
