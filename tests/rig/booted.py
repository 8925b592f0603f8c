"""A Debian trixie that boots: systemd as process 1 of namespaces of its own, with real units.

The system is made once into the cache folder, by mmdebstrap; a test's own files lie over it. The
kernel is this machine's, the network is not.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.rig.cache import cached
from tests.rig.needs import lack, needs
from tests.rig.process import StartError, running
from tests.rig.trixie import _mirror, _run

_GROUPS = Path("/sys/fs/cgroup")
_SUITE = "trixie"
_PACKAGES = "systemd,systemd-sysv,dbus,python3-minimal"
# The layers go with the mount namespace. The control groups are the container's own, whoever runs
# this machine's, and are removed afterwards.
_BOOT = """
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$3/work" "$3/merged"
for tree in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
    [ -e $tree/cgroup.procs ] || continue
    mkdir "$tree/$4" && echo $$ > "$tree/$4/cgroup.procs"
done
exec systemd-nspawn --boot --directory "$3/merged" --machine "$4" --register=no --keep-unit \
    --private-network --console=pipe
"""


@dataclass(frozen=True)
class Booted:
    """A system that runs, by its process 1 as this machine counts."""

    init: int

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as its root."""
        enter = ["nsenter", "--target", str(self.init), "--all"]
        return subprocess.run(
            [*enter, *map(str, words)], stdin=subprocess.DEVNULL, capture_output=True, text=True
        )


@contextmanager
def boot(folder: Path) -> Iterator[Booted]:
    """The system with the files of `folder` over it, until the block ends; skips where it cannot
    be had. Once it runs, `folder` is the system's to write to and nobody else's.
    """
    root = _root()
    folder.chmod(0o755)  # It is the system's /: closed, it would be so to every service.
    name = f"litescore-{uuid.uuid4().hex[:12]}"
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as scratch:
        for part in ("work", "merged"):
            Path(scratch, part).mkdir()
        layers = [str(root), str(folder), scratch, name]
        # systemd-nspawn leaves its container alone when it is killed; a namespace ends as one.
        enter = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        command = [*enter, "/bin/sh", "-ec", _BOOT, "boot", *layers]
        try:
            with _up(command, Path(scratch, "log"), name):
                yield Booted(_init(name) or 0)
        finally:
            _remove_groups(name)


@contextmanager
def _up(command: list[str], log: Path, name: str) -> Iterator[None]:
    with ExitStack() as started:
        try:
            started.enter_context(running(command, log=log, ready=lambda: _is_up(name)))
        except StartError as error:
            # No tool is missing: the kernel, or the container that this runs in, does not let it.
            pytest.skip(f"no systemd boots in a container here: {error}")
        yield


def _root() -> Path:
    if os.geteuid() != 0:
        lack("a container needs root")
    needs("mmdebstrap", "systemd-nspawn", "nsenter", "unshare")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        lack("root may not mount here, as in a plain container")
    digest = hashlib.sha256(f"{_SUITE} {_PACKAGES}".encode()).hexdigest()[:12]
    return cached(f"booted-{_SUITE}-{digest}", _make)


def _make(root: Path) -> None:
    options = ["--quiet", "--variant=minbase", f"--include={_PACKAGES}"]
    _run("mmdebstrap", *options, _SUITE, root, f"deb {_mirror()} {_SUITE} main")


def _is_up(name: str) -> bool:
    init = _init(name)
    if init is None:
        return False
    state = Booted(init).run("systemctl", "is-system-running").stdout.strip()
    return state in ("running", "degraded")


def _init(name: str) -> int | None:
    """The container's process 1."""
    for process in psutil.process_iter(["name", "cmdline"]):
        words = process.info["cmdline"] or []
        if process.info["name"] == "systemd-nspawn" and name in words:
            return next((child.pid for child in process.children()), None)
    return None


def _remove_groups(name: str) -> None:
    end = time.monotonic() + 30
    for tree in (*_GROUPS.glob(name), *_GROUPS.glob(f"*/{name}")):
        for group in (*sorted(tree.rglob("*"), reverse=True), tree):
            while group.is_dir() and not _removed(group) and time.monotonic() < end:
                time.sleep(0.05)


def _removed(group: Path) -> bool:
    """Whether it could be: its processes take a moment to be gone."""
    try:
        group.rmdir()
    except OSError:
        return False
    return True
