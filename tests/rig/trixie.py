"""A Debian trixie root with Python 3.13: what Lambda's and the newest Raspberry Pi OS's Python do.

Made once into the cache folder: the system by mmdebstrap from this machine's own Debian mirror,
beside it the wheels that litescore's lock pins for that Python. Programs run in it by chroot, so
root is needed; network and kernel are this machine's.
"""

from __future__ import annotations

import os
import platform
import subprocess
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from tests.rig import debian, locked
from tests.rig.cache import cached
from tests.rig.needs import lack, needs

PYTHON = "3.13"
_SUITE = "trixie"
_PACKAGES = "python3,libstdc++6,zlib1g,ca-certificates,base-files,dash,coreutils"
_EXTRAS = ("edge", "litert")
# trixie's glibc is 2.41; wheels name the oldest that they run on.
_PLATFORMS = locked.platforms("x86_64", glibc=41)
# Where the lock's wheels lie in the root.
SITE = PurePosixPath("/opt/site")
# In a mount namespace of its own, which goes with the program: nothing stays mounted. LiteRT
# chooses its kernels by /proc/cpuinfo and /sys.
_ENTER = """
for folder in proc sys dev; do mount --rbind /$folder "$0/$folder"; done
exec chroot "$0" "$@"
"""


@dataclass(frozen=True)
class Trixie:
    """A root, and a folder of this run in it.

    root    the cached root: shared between runs, never written to outside `folder`
    folder  this run's own, to put files into; `inside` says what programs call a file in it
    """

    root: Path
    folder: Path

    def inside(self, path: Path) -> PurePosixPath:
        """What a program in the root calls `path`."""
        return PurePosixPath("/") / path.relative_to(self.root)

    def python(
        self,
        *words: str | PurePosixPath,
        environ: Mapping[str, str] | None = None,
        patience: float = 120.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run the root's Python in `folder`, which is importable, as are the pinned wheels.

        The program sees `environ` and nothing of this process's; it is killed after `patience`
        seconds. Its exit status, output and errors are in the answer.
        """
        here = self.inside(self.folder)
        settings = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "PYTHONPATH": f"{here}:{SITE}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "LC_ALL": "C.UTF-8",
            "HOME": str(here),
            "TMPDIR": str(here),
        }
        enter = ["unshare", "--mount", "/bin/sh", "-ec", _ENTER, str(self.root)]
        return subprocess.run(
            [*enter, "/usr/bin/env", "-C", str(here), "/usr/bin/python3", *map(str, words)],
            env=settings | dict(environ or {}),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patience,
        )


@contextmanager
def enter() -> Iterator[Trixie]:
    """The root, with a folder that goes when the block ends; skips where it cannot be had."""
    root = _root()
    with tempfile.TemporaryDirectory(prefix="litescore-", dir=root / "opt") as folder:
        yield Trixie(root, Path(folder))


def _root() -> Path:
    if os.geteuid() != 0:
        lack("a chroot needs root")
    if platform.machine() != "x86_64":
        lack("the trixie root is made for x86-64")
    needs(*debian.TOOLS, "unshare", "chroot")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        lack("root may not mount here, as in a plain container")
    names = locked.closure("litescore", _EXTRAS, PYTHON)
    made_by = (Path(__file__), Path(debian.__file__), locked.requirements(names, PYTHON))
    return cached(f"{_SUITE}-{debian.fingerprint(*made_by)}", lambda folder: _make(folder, names))


def _make(root: Path, names: Collection[str]) -> None:
    debian.unpack(root, _SUITE, _PACKAGES, source=debian.mirror())
    _trust(root)
    site = root / SITE.relative_to("/")
    locked.unpack(names, site, python=PYTHON, platforms=_PLATFORMS)


def _trust(root: Path) -> None:
    """What the package's own script would do: obstore wants certificates for plain http too."""
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    authorities = sorted((root / "usr/share/ca-certificates/mozilla").glob("*.crt"))
    bundle.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_text("".join(path.read_text() for path in authorities))
