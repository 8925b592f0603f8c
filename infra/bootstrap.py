"""Make the virtual environment, with pip in it, on a machine that may lack venv's pip or any.

    python3 infra/bootstrap.py .venv

The Makefile runs this file before anything is installed: standard library only, in words that an
older Python reads as far as the line that it is too old. Debian splits ensurepip off, and only
root can install it; then pip comes from the system's pip, or from Debian's package of pip, which
anyone may download.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

OLDEST, NEWEST = (3, 11), (3, 13)

# Debian's pip, as a wheel that runs from where it lies.
_PACKAGE = "python3-pip-whl"
_WHEELS = "usr/share/python-wheels/pip-*.whl"


def main() -> None:
    """Try one way after the other; exits with a line that says what to install where none works."""
    folder = Path(sys.argv[1])
    have = tuple(sys.version_info[:2])
    if not OLDEST <= have <= NEWEST:
        sys.exit(
            f"litescore needs Python {_dotted(OLDEST)} to {_dotted(NEWEST)}, {sys.executable} is "
            f"{_dotted(have)}: name another with `make PYTHON=/path/to/python3.11 ...`"
        )
    for way in (_with_ensurepip, _with_system_pip, _with_debian_pip):
        if way(folder):
            return
    sys.exit(f"{sys.executable} cannot make an environment: apt-get install python3-venv")


def _with_ensurepip(folder: Path) -> bool:
    return _runs([sys.executable, "-m", "venv", "--clear", folder])


def _with_system_pip(folder: Path) -> bool:
    return _bare(folder) and _installs_pip([sys.executable, "-m", "pip"], folder)


def _with_debian_pip(folder: Path) -> bool:
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        apt = ["apt-get", *_own_state(scratch)]
        return (
            _bare(folder)
            and _runs([*apt, "update"])
            and _runs([*apt, "download", _PACKAGE], cwd=scratch)
            and all(_runs(["dpkg-deb", "-x", deb, scratch]) for deb in scratch.glob("*.deb"))
            and any(
                _installs_pip([sys.executable, wheel / "pip"], folder)
                for wheel in scratch.glob(_WHEELS)
            )
        )


def _own_state(scratch: Path) -> list[str]:
    """apt's options for lists and downloads in a folder of our own: the system's are root's."""
    for part in ("state/lists/partial", "cache/archives/partial"):
        (scratch / part).mkdir(parents=True)
    options = {
        "Dir::State": scratch / "state",
        "Dir::State::status": "/var/lib/dpkg/status",
        "Dir::Cache": scratch / "cache",
        # As root apt would hand the download to a user who cannot write here.
        "APT::Sandbox::User": "root",
    }
    return [word for name, value in options.items() for word in ("-o", f"{name}={value}")]


def _bare(folder: Path) -> bool:
    return _runs([sys.executable, "-m", "venv", "--clear", "--without-pip", folder])


def _installs_pip(pip: Sequence[str | Path], folder: Path) -> bool:
    return _runs([*pip, "--python", folder / "bin" / "python", "install", "--quiet", "pip"])


def _runs(words: Sequence[str | Path], *, cwd: Path | None = None) -> bool:
    try:
        done = subprocess.run(
            [str(word) for word in words],
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def _dotted(version: Sequence[int]) -> str:
    return ".".join(str(part) for part in version)


if __name__ == "__main__":
    main()
