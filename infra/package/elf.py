"""What shared objects ask of the system that loads them, and whether Lambda's has it.

A wheel's name promises a glibc; nobody checks the rest. So every object is read: its machine, the
libraries that it needs, and the versions of the symbols that it takes out of them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from infra.package import lock
from infra.package.target import LOCAL_ONLY, PYTHONS, Target
from litescore.errors import ConfigurationError, MissingDependency

_MAGIC = b"\x7fELF"
_MACHINES = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64"}
# The loader has the version of the C library that it comes with, and the name of the machine.
_LOADER = "ld-linux"


@dataclass(frozen=True)
class Object:
    """A shared object or a program.

    place    in the zip
    machine  `x86_64`, `aarch64`, or ELF's name of another
    needs    libraries, by the names that the loader looks for
    asks     (library, symbol version)
    """

    place: str
    machine: str
    needs: tuple[str, ...]
    asks: tuple[tuple[str, str], ...]


def objects(files: Mapping[str, bytes]) -> list[Object]:
    """Every ELF object among files, whatever it is called."""
    return [_read(name, data) for name, data in sorted(files.items()) if data[:4] == _MAGIC]


def check(found: list[Object], target: Target) -> None:
    """Refuse objects that the target's system cannot load.

    Raises ConfigurationError naming the file, what it asks for, what is offered instead, and the
    way out.
    """
    troubles = [(one, trouble) for one in found for trouble in _troubles(one, found, target)]
    if troubles:
        one, trouble = troubles[0]
        others = f" (and {len(troubles) - 1} more of the kind)" if troubles[1:] else ""
        raise ConfigurationError(f"{trouble}{others}: {_way_out(one, target)}")


def _troubles(one: Object, found: list[Object], target: Target) -> Iterator[str]:
    if one.machine != target.machine:
        yield f"{one.place} is for {one.machine}, the function for {target.arch}"
        return
    # What the zip brings itself is not the system's matter.
    brought = {PurePosixPath(other.place).name for other in found}
    system = target.system
    for library in one.needs:
        if library not in brought and library not in system.libraries and _LOADER not in library:
            yield f"{one.place} needs {library}, which {system.name} and the zip do not have"
    for library, version in one.asks:
        if library not in brought and (offered := system.lacks(version)):
            yield f"{one.place} needs {version} of {library}, {system.name} offers {offered}"


def _way_out(one: Object, target: Target) -> str:
    """A container; and for LiteRT the newest Python whose wheel of it is older than this target's."""
    container = "build a container with --container"
    if not one.place.startswith("ai_edge_litert/"):
        return container
    mine = _litert(target)
    pythons = [python for python in PYTHONS if python not in LOCAL_ONLY]
    versions = {python: _litert(Target(target.arch, python)) for python in pythons}
    older = [python for python in pythons if _order(versions[python]) < _order(mine)]
    named = f", with --python {older[-1]} it is {versions[older[-1]]}" if older else ""
    return f"{container}, or take an older LiteRT than {mine}{named}"


def _litert(target: Target) -> str:
    [pin] = [pin for pin in lock.read(target) if pin.name == "ai-edge-litert"]
    return pin.version


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _read(place: str, data: bytes) -> Object:
    try:
        from elftools.common.exceptions import ELFError
        from elftools.elf.elffile import ELFFile
    except ModuleNotFoundError:
        raise MissingDependency("pyelftools", extra="aws") from None
    try:
        file = ELFFile(io.BytesIO(data))
        # Each names its own type of section; pyelftools' types say only the common one.
        dynamic: Any = file.get_section_by_name(".dynamic")
        versions: Any = file.get_section_by_name(".gnu.version_r")
        if dynamic is None and next(file.iter_segments("PT_DYNAMIC"), None):
            raise ELFError("no section tells what it needs")
        tags = dynamic.iter_tags("DT_NEEDED") if dynamic else ()
        libraries = versions.iter_versions() if versions else ()
        return Object(
            place,
            _MACHINES.get(file["e_machine"], str(file["e_machine"])),
            tuple(tag.needed for tag in tags),
            tuple((library.name, one.name) for library, wanted in libraries for one in wanted),
        )
    # pyelftools trusts numbers and types in a file: what it meets in a broken one, it raises.
    except Exception as error:
        why = str(error) or type(error).__name__
        raise ConfigurationError(f"{place} is a broken shared object: {why}") from error
