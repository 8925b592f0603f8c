"""What a zip is for: a machine and a Python, and what Lambda's runtime for them offers.

Knows names and numbers only: no wheel, no file.
"""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from litescore.errors import ConfigurationError, UsageError

ARCHITECTURES = ("x86_64", "arm64")
# 3.11 is for local use: on Lambda it runs on Amazon Linux 2, which LiteRT is too new for.
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
LOCAL_ONLY = ("3.11",)
# AWS's limit on what a function's zip may unpack to, layers included.
UNPACKED_LIMIT = 250 * 1024 * 1024

_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
_OLDEST_GLIBC = 17


@dataclass(frozen=True)
class System:
    """What an operating system lets shared objects ask for.

    name       as people call it
    versions   newest version of each family of symbols that its libraries define
    libraries  those that it has, apart from the loader
    """

    name: str
    versions: Mapping[str, tuple[int, ...]]
    libraries: frozenset[str]

    def lacks(self, version: str) -> str | None:
        """What it offers instead of a symbol version such as `GLIBC_2.35`; None where it has it."""
        family, _, number = version.partition("_")
        if family not in self.versions:
            return f"no {family}"
        newest = ".".join(map(str, self.versions[family]))
        if re.fullmatch(r"[0-9.]+", number):
            asked = tuple(map(int, number.split(".")))
            return f"{family}_{newest}" if asked > self.versions[family] else None
        return None if version in _UNNUMBERED else f"{family}_{newest}"


# Defined by each libstdc++ since GCC 5, without a number.
_UNNUMBERED = {"CXXABI_TM_1", "CXXABI_FLOAT128", "GLIBCXX_LDBL_3.4"}

# What python3.12 and newer run on. glibc 2.34 and GCC 11: AWS, "Amazon Linux 2023 User Guide", Core
# toolchain packages. What GCC 11 defines: the libstdc++ manual, "ABI Policy and Guidelines",
# Symbol versioning; libgcc's newest before GCC 12's is GCC_11.0 (of Arm). zlib is 1.2.11, which
# CPython itself is linked with; the newest version among its symbols is ZLIB_1.2.9.
AMAZON_LINUX_2023 = System(
    name="Amazon Linux 2023",
    versions={
        "GLIBC": (2, 34),
        "GLIBCXX": (3, 4, 29),
        "CXXABI": (1, 3, 13),
        "GCC": (11, 0),
        "ZLIB": (1, 2, 9),
    },
    libraries=frozenset(
        {
            *("libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1"),
            *("libutil.so.1", "libgcc_s.so.1", "libstdc++.so.6", "libz.so.1"),
        }
    ),
)


@dataclass(frozen=True)
class Target:
    """A machine and a Python: `Target("x86_64", "3.13")`.

    arch    `x86_64` or `arm64`, as Lambda calls them
    python  major and minor version

    Raises UsageError for others.
    """

    arch: str
    python: str

    def __post_init__(self) -> None:
        if self.arch not in ARCHITECTURES:
            raise UsageError(f"unknown machine {self.arch!r}: one of {', '.join(ARCHITECTURES)}")
        if self.python not in PYTHONS:
            raise UsageError(f"unknown Python {self.python!r}: one of {', '.join(PYTHONS)}")

    @classmethod
    def here(cls) -> Target:
        """The machine and the Python that run this: what the local cloud's functions run on.

        Raises ConfigurationError where no wheel for Lambda could run.
        """
        arch = {machine: arch for arch, machine in _MACHINES.items()}.get(platform.machine())
        if sys.platform != "linux" or arch is None:
            raise ConfigurationError(
                f"the function's libraries run on Linux on {' or '.join(_MACHINES.values())}, this "
                f"is {platform.system()} on {platform.machine()}: name a target with --arch"
            )
        return cls(arch, f"{sys.version_info.major}.{sys.version_info.minor}")

    def __str__(self) -> str:
        return f"Python {self.python} on {self.arch}"

    @property
    def machine(self) -> str:
        """As ELF, wheels and the kernel call it: `x86_64` or `aarch64`."""
        return _MACHINES[self.arch]

    @property
    def local_only(self) -> bool:
        """Whether Lambda has no runtime that it would load on."""
        return self.python in LOCAL_ONLY

    @property
    def system(self) -> System:
        """What shared objects are held against. For local use too: what loads there loads here."""
        return AMAZON_LINUX_2023

    @property
    def platforms(self) -> list[str]:
        """What its wheels may be called, the newest glibc first."""
        _, newest = self.system.versions["GLIBC"]
        minors = range(newest, _OLDEST_GLIBC - 1, -1)
        named = [f"manylinux_2_{minor}_{self.machine}" for minor in minors]
        return [*named, f"manylinux2014_{self.machine}"]


DEFAULT = Target("x86_64", "3.13")
