"""The wheels that a target's zip is made of: versions and hashes, shipped in `locks/`.

    python -m infra.package.lock 3.13 x86_64 [--follow] [NAME==VERSION ...]

asks pip anew for the wheels of a target and writes its file: the versions that stand there, but for
those named. One wheel a line, so that the same lock makes the same zip on any machine. What only a
function needs that follows a channel is in a file of its own, `--follow`.
"""

from __future__ import annotations

import hashlib
import re
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from infra.package import pip
from infra.package.target import Target
from litescore.errors import ConfigurationError

_FOLDER = Path(__file__).with_name("locks")
_FOLLOW = "follow-"
_LINE = re.compile(r"([a-z0-9-]+)==(\S+) --hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Pin:
    """One wheel: its distribution, its version, and the SHA-256 of the file."""

    name: str
    version: str
    sha256: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def line(self) -> str:
        """As pip reads it."""
        return f"{self.name}=={self.version} --hash=sha256:{self.sha256}"


def read(target: Target, *, follow: bool = False) -> tuple[Pin, ...]:
    """The wheels of a target, by name; with what following a channel takes, or without."""
    return _read(_file(target)) + (signatures(target) if follow else ())


def signatures(target: Target) -> tuple[Pin, ...]:
    """The wheels that look at signatures."""
    return _read(_file(target, _FOLLOW))


def _read(path: Path) -> tuple[Pin, ...]:
    lines = path.read_text(encoding="utf-8").splitlines()
    found = [_LINE.fullmatch(line) for line in lines if not line.startswith("#")]
    return tuple(Pin(*match.groups()) for match in found if match)


def _file(target: Target, kind: str = "") -> Path:
    return _FOLDER / f"{kind}python{target.python}-{target.arch}.txt"


def _renewed(target: Target, pins: tuple[Pin, ...], asked: dict[str, str]) -> str:
    """The text of a target's file, with the versions `asked` for."""
    renewed = [replace(pin, version=asked.pop(pin.name, pin.version)) for pin in pins]
    renewed += [Pin(name, version, "") for name, version in asked.items()]
    with tempfile.TemporaryDirectory() as folder:
        lines = [_hashed(pin, target, Path(folder) / pin.name).line for pin in renewed]
    return "\n".join([f"# The wheels of the zip for {target}.", *sorted(lines), ""])


def _hashed(pin: Pin, target: Target, folder: Path) -> Pin:
    pip.download(f"{pin.name}=={pin.version}\n", folder, target)
    [wheel] = folder.iterdir()
    return replace(pin, sha256=hashlib.sha256(wheel.read_bytes()).hexdigest())


def _main(python: str, arch: str, *words: str) -> None:
    target, versions = Target(arch, python), [word for word in words if word != "--follow"]
    asked = {name: version for name, _, version in (word.partition("==") for word in versions)}
    path = _file(target, _FOLLOW if "--follow" in words else "")
    path.touch()
    path.write_text(_renewed(target, _read(path), asked), encoding="utf-8")


if __name__ == "__main__":
    try:
        _main(*sys.argv[1:])
    except ConfigurationError as error:
        sys.exit(str(error))
