"""What shared objects ask for, held against what Lambda's system has."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import _imaging

from infra.package import build as package
from infra.package import contents, elf, lock, target, wheels
from infra.package.elf import Object
from infra.package.target import AMAZON_LINUX_2023, DEFAULT, Target
from litescore.errors import ConfigurationError

FINE = Object(
    "numpy/core.so",
    "x86_64",
    ("libc.so.6", "libz.so.1", "ld-linux-x86-64.so.2", "libown-1a2b.so.1"),
    (
        *(("libc.so.6", "GLIBC_2.34"), ("libc.so.6", "GLIBC_2.2.5")),
        *(("libstdc++.so.6", "GLIBCXX_3.4.29"), ("libstdc++.so.6", "CXXABI_1.3.13")),
        *(("libstdc++.so.6", "CXXABI_TM_1"), ("libgcc_s.so.1", "GCC_4.2.0")),
        ("libown-1a2b.so.1", "OWN_9"),
    ),
)
OWN = Object("numpy.libs/libown-1a2b.so.1", "x86_64", ("libc.so.6",), ())


def asking(version: str, library: str = "libc.so.6") -> Object:
    return replace(FINE, asks=((library, version),))


def test_what_lambda_has_passes() -> None:
    """The newest of each family, versions without a number, and what the zip brings itself."""
    elf.check([FINE, OWN], DEFAULT)


@pytest.mark.parametrize(
    ("asked", "offered"),
    [
        ("GLIBC_2.35", "GLIBC_2.34"),
        ("GLIBC_ABI_DT_RELR", "GLIBC_2.34"),
        ("GLIBC_PRIVATE", "GLIBC_2.34"),
        ("GLIBCXX_3.4.30", "GLIBCXX_3.4.29"),
        ("CXXABI_1.3.14", "CXXABI_1.3.13"),
        ("GCC_12.0.0", "GCC_11.0"),
        ("ZLIB_1.2.12", "ZLIB_1.2.9"),
        ("OPENSSL_3.0.0", "no OPENSSL"),
    ],
)
def test_a_newer_symbol_is_refused(asked: str, offered: str) -> None:
    """By file, version, library, what is there instead, and the way out."""
    with pytest.raises(ConfigurationError) as caught:
        elf.check([asking(asked), OWN], DEFAULT)
    assert str(caught.value) == (
        f"numpy/core.so needs {asked} of libc.so.6, Amazon Linux 2023 offers {offered}: "
        "build a container with --container"
    )


def test_a_library_that_is_nowhere_is_refused() -> None:
    """Neither in the zip nor in the system: the loader would say so at the first event."""
    with pytest.raises(ConfigurationError, match=r"needs libown-1a2b\.so\.1, which Amazon Linux"):
        elf.check([replace(FINE, asks=())], DEFAULT)


@pytest.mark.parametrize("machine", ["aarch64", "EM_386"])
def test_an_object_of_another_machine_is_refused(machine: str) -> None:
    """And nothing more is said of it: what it asks for is another system's."""
    with pytest.raises(ConfigurationError) as caught:
        elf.check([replace(FINE, machine=machine), OWN], DEFAULT)
    assert str(caught.value).startswith(
        f"numpy/core.so is for {machine}, the function for x86_64: build a container"
    )


def test_this_machines_own_objects_are_read() -> None:
    """A real object by any name: its machine, its libraries, the versions that it takes of them."""
    data = Path(_imaging.__file__).read_bytes()
    [found] = elf.objects({"a.txt": b"text", "b": data, "c.so": b"no object"})
    assert found.place == "b"
    assert found.machine == Target.here().machine
    assert any(name.startswith("libc.so") for name in found.needs)
    assert any(version.startswith("GLIBC_2.") for _, version in found.asks)


def test_a_cut_object_is_refused() -> None:
    """Rather than taken for one that asks for nothing."""
    whole = Path(sys.executable).resolve().read_bytes()
    with pytest.raises(ConfigurationError, match=r"x\.so is a broken shared object"):
        elf.objects({"x.so": whole[: len(whole) // 2]})


# Where numbers lie in an object's header: how far off the table of sections is, how many it has.
_SHOFF, _SHNUM = slice(40, 48), slice(60, 62)


def test_an_object_that_lies_about_itself_is_refused() -> None:
    """The type of each of its sections changed in turn: it is read, or called broken."""
    whole = Path(_imaging.__file__).read_bytes()
    start = int.from_bytes(whole[_SHOFF], "little")
    told = set()
    for place in range(start + 4, len(whole), 64):
        try:
            elf.objects({"x.so": whole[:place] + b"\x01" + whole[place + 1 :]})
        except ConfigurationError as error:
            told.add(str(error))
    assert told
    assert all(one.startswith("x.so is a broken shared object: ") for one in told)


def test_an_object_without_sections_is_refused() -> None:
    """It loads, and what it asks for nobody has read."""
    stripped = bytearray(Path(_imaging.__file__).read_bytes())
    stripped[_SHOFF], stripped[_SHNUM] = bytes(8), bytes(2)
    with pytest.raises(ConfigurationError, match="no section tells what it needs"):
        elf.objects({"x.so": bytes(stripped)})


def test_litert_that_is_too_new_for_arm_is_refused(int8_model: Path, tmp_path: Path) -> None:
    """LiteRT of Python 3.14 really asks for GCC 12's library, on Arm. Named are the container and the
    Python whose LiteRT loads; nothing is written.
    """
    with pytest.raises(ConfigurationError) as caught:
        package.build(int8_model, tmp_path / "out", target=Target("arm64", "3.14"))
    assert str(caught.value) == (
        "ai_edge_litert/libLiteRt.so needs GLIBCXX_3.4.30 of libstdc++.so.6, Amazon Linux 2023 "
        "offers GLIBCXX_3.4.29 (and 1 more of the kind): build a container with --container, or "
        "take an older LiteRT than 2.3.0, with --python 3.13 it is 2.1.0"
    )
    assert not (tmp_path / "out").exists()


def test_every_object_of_a_build_is_held_against_the_system(
    int8_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Against a system with an older C++, the real wheels are refused: the build does ask."""
    older = replace(
        AMAZON_LINUX_2023, versions={**AMAZON_LINUX_2023.versions, "GLIBCXX": (3, 4, 20)}
    )
    monkeypatch.setattr(target, "AMAZON_LINUX_2023", older)
    with pytest.raises(ConfigurationError, match=r"needs GLIBCXX_3\.4\.2\d of libstdc\+\+\.so\.6"):
        package.build(int8_model, tmp_path, target=DEFAULT)


def test_wheels_of_the_wrong_machine_are_noticed() -> None:
    """A lock that holds Arm's wheel among x86's: its objects say what they are."""
    [pin] = [pin for pin in lock.read(Target("arm64", "3.13")) if pin.name == "obstore"]
    found = wheels.obtain([pin], Target("arm64", "3.13"))
    part = contents.of_wheel(pin, found[pin])
    with pytest.raises(
        ConfigurationError, match=r"_obstore\..*so is for aarch64, the function for"
    ):
        elf.check(elf.objects(part.files), DEFAULT)
