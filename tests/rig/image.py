"""A container image without a container engine: a Dockerfile of ours, done in a Debian root.

The packages of its apt lines are what the root is made of, and its RUN lines up to what is copied
from litescore are run in it as they stand, once into the cache folder: the layers that do not
change with the model. The rest is done for each use, in folders that are mounted over the root's.
Programs run by chroot, so root is needed; network and kernel are this machine's.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.rig import debian
from tests.rig.cache import cached
from tests.rig.needs import lack, needs

# What debian:*-slim has of itself.
_BASE = "base-files,dash,coreutils"
_CERTIFICATES = Path("etc/ssl/certs/ca-certificates.crt")
_OURS = "/opt/litescore"
# In a mount namespace of its own, which goes with the program. $1 lies over /opt/litescore.
_ENTER = """
for folder in proc sys dev; do mount --rbind /$folder "$0/$folder"; done
[ -z "$1" ] || mount --bind "$1" "$0/opt/litescore"
shift
exec chroot "$@"
"""


@dataclass(frozen=True)
class Dockerfile:
    """The instructions of a Dockerfile in order, (name, rest); comments and line breaks are gone."""

    instructions: tuple[tuple[str, str], ...]

    @classmethod
    def read(cls, path: Path) -> Dockerfile:
        text = re.sub(r"^#.*\n", "", path.read_text(), flags=re.MULTILINE)
        lines = re.sub(r"\\\n\s*", "", text).splitlines()
        return cls(
            tuple((w, rest) for line in lines if line for w, _, rest in [line.partition(" ")])
        )

    def all(self, name: str) -> list[str]:
        return [rest for found, rest in self.instructions if found == name]

    @property
    def suite(self) -> str:
        """bookworm of debian:bookworm-slim. Each stage is on the same."""
        (suite,) = {re.search(r"debian:(\w+)-slim", rest)[1] for rest in self.all("FROM")}  # type: ignore[index]
        return suite

    @property
    def packages(self) -> list[str]:
        """What the apt lines install."""
        lines = [rest for rest in self.all("RUN") if "apt-get" in rest]
        found = [re.search(r"--no-install-recommends (.*?) *&&", line) for line in lines]
        return sorted({name for match in found if match for name in match[1].split()})

    @property
    def runs(self) -> list[str]:
        """The other RUN lines."""
        return [rest for rest in self.all("RUN") if "apt-get" not in rest]

    @property
    def copied(self) -> list[tuple[str, str]]:
        """(source in the context, place in the image); not what one stage has of another."""
        return [
            (source, place)
            for source, place in (rest.rsplit(" ", 1) for rest in self.all("COPY"))
            if not source.startswith("--from")
        ]

    @property
    def environ(self) -> dict[str, str]:
        words = " ".join(self.all("ENV")).split()
        return dict(word.split("=", 1) for word in words)  # type: ignore[misc]


@dataclass(frozen=True)
class Image:
    """The image of a context. `ours` is this use's own /opt/litescore."""

    root: Path
    ours: Path
    dockerfile: Dockerfile
    environ: Mapping[str, str] = field(default_factory=dict)

    def entry(self, *words: str) -> list[str | Path]:
        """The command line that runs the entry point as the image's user."""
        (user,), (entry,) = self.dockerfile.all("USER"), self.dockerfile.all("ENTRYPOINT")
        return [
            *_enter(self.root, self.ours),
            f"--userspec={user}",
            self.root,
            *json.loads(entry),
            *words,
        ]

    def run(
        self, *words: str, environ: Mapping[str, str] | None = None, patience: float = 120.0
    ) -> subprocess.CompletedProcess[str]:
        """Run the entry point with `words`, as `docker run` does."""
        return subprocess.run(
            [str(word) for word in self.entry(*words)],
            env={**self.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patience,
        )


@contextmanager
def build(context: Path) -> Iterator[Image]:
    """The image of a context; skips where none can be made."""
    if os.geteuid() != 0:
        lack("a chroot needs root")
    needs(*debian.TOOLS, "unshare", "chroot")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True).returncode != 0:
        lack("root may not mount here, as in a plain container")
    dockerfile = Dockerfile.read(context / "Dockerfile")
    layers = [*dockerfile.packages, *dockerfile.runs, (context / "requirements.txt").read_text()]
    made_by = (Path(__file__), Path(debian.__file__), *layers)
    root = cached(
        f"image-{dockerfile.suite}-{debian.fingerprint(*made_by)}",
        lambda folder: _layers(folder, context, dockerfile),
    )
    with tempfile.TemporaryDirectory(prefix="litescore-image-") as name:
        ours = Path(name) / "litescore"
        ours.mkdir()
        _copy(dockerfile, context, lambda place: ours / place.removeprefix(f"{_OURS}/"), _OURS)
        for line in dockerfile.runs:
            if _OURS in line:
                _in_root(root, line, ours)
        environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **dockerfile.environ}
        yield Image(root, ours, dockerfile, environ)


def _layers(root: Path, context: Path, dockerfile: Dockerfile) -> None:
    packages = ",".join([_BASE, *dockerfile.packages])
    debian.unpack(root, dockerfile.suite, packages, source=debian.mirror())
    (root / _OURS.lstrip("/")).mkdir(parents=True)
    _connect(root)
    _copy(dockerfile, context, lambda place: root / place.lstrip("/"), "/build")
    for line in dockerfile.runs:
        if _OURS not in line:
            _in_root(root, line)


def _copy(dockerfile: Dockerfile, context: Path, put: Callable[[str], Path], under: str) -> None:
    for source, place in dockerfile.copied:
        if place.startswith(under):
            target = put(place)
            target.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (context / source).is_dir() else shutil.copy
            copy(context / source, target)


def _connect(root: Path) -> None:
    """Names and certificates as this machine has them: what an engine and ca-certificates do."""
    for name in ("etc/resolv.conf", "etc/hosts", str(_CERTIFICATES)):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(f"/{name}", root / name)


def _in_root(root: Path, line: str, ours: Path | None = None) -> None:
    command = [*_enter(root, ours), root, "/bin/sh", "-ec", line]
    environ = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", **_index()}
    done = subprocess.run(
        [str(word) for word in command],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if done.returncode != 0:
        raise RuntimeError(f"{line} exited with {done.returncode}: {done.stderr[-2000:]}")


def _index() -> dict[str, str]:
    """Where this machine's pip takes wheels from."""
    asked = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    found = subprocess.run(asked, capture_output=True, text=True).stdout.strip()
    return {"PIP_CERT": f"/{_CERTIFICATES}", **({"PIP_INDEX_URL": found} if found else {})}


def _enter(root: Path, ours: Path | None) -> Sequence[str | Path]:
    return ["/usr/bin/unshare", "--mount", "/bin/sh", "-ec", _ENTER, root, str(ours or "")]
