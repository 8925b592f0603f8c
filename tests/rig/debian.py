"""Debian systems for tests, unpacked by mmdebstrap from this machine's own mirror."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.rig.needs import lack, needs

TOOLS = ("mmdebstrap", "apt-get")


def mirror() -> str:
    """Where this machine's apt takes Debian itself from; skips where there is none."""
    needs(*TOOLS)
    release = platform.freedesktop_os_release()
    if release.get("ID") != "debian":
        lack("the system is taken from the machine's own Debian mirror; this is no Debian")
    listed = run("apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)")
    mirrors = dict(line.split(" ", 1) for line in listed.splitlines())
    if release.get("VERSION_CODENAME") not in mirrors:
        lack(f"apt knows no mirror of {release.get('PRETTY_NAME')}")
    return mirrors[release["VERSION_CODENAME"]]


def unpack(
    folder: Path,
    suite: str,
    packages: str,
    *,
    source: str,
    architecture: str | None = None,
    only: Sequence[str] = (),
) -> None:
    """Unpack `packages` (names with commas) and what they need into `folder`, empty or not there.

    None of their scripts runs. `source` is a mirror; `architecture` is this machine's by default;
    `only` names the files to take, such as /usr/bin/name.
    """
    options = ["--quiet", "--variant=extract", f"--include={packages}"]
    options += [f"--architectures={architecture}"] if architecture else []
    # As root mmdebstrap refuses this, lest a script changes the machine; without root it is enough.
    options += ["--mode=chrootless"] if os.geteuid() else []
    options += ["--dpkgopt=path-exclude=/*"] if only else []
    options += [f"--dpkgopt=path-include={name}" for name in only]
    run("mmdebstrap", *options, suite, folder, f"deb {source} {suite} main")


def fingerprint(*parts: Path | str) -> str:
    """12 hex digits of files' contents and of texts: a made folder's name says what made it."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.read_bytes() if isinstance(part, Path) else part.encode())
    return digest.hexdigest()[:12]


def run(*words: str | Path) -> str:
    """What a command says on its output. Raises RuntimeError with its errors when it fails."""
    done = subprocess.run(
        [str(word) for word in words], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise RuntimeError(f"{words[0]} exited with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout
