"""64-bit Arm on this machine: Debian's own Python 3.11 and the real aarch64 wheels, under QEMU.

What Raspberry Pi OS Bookworm has. Made once into the cache folder, from this machine's own Debian
mirror and by litescore's lock: the system, a QEMU that LiteRT survives, and the wheels. QEMU turns
the instructions of a program; kernel, files and network are this machine's, and root is not needed.

    python -m tests.rig.arm64 --model model.tflite --images photos/

says whether a model answers there what it answers here.
"""

from __future__ import annotations

import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from litescore.scorer import Scorer
from tests.rig import debian, locked
from tests.rig.cache import cached

PYTHON = "3.11"
RUNTIMES = ("tflite-runtime", "litert")
# As QEMU calls the processors of a Raspberry Pi; the kernels of both runtimes go by what they can.
PI_3, PI_4, PI_5 = "cortex-a53", "cortex-a72", "cortex-a76"
CPUS = (PI_3, PI_4, PI_5)

_SUITE = "bookworm"
_PACKAGES = "python3.11,libstdc++6,zlib1g,base-files,dash,coreutils"
# bookworm's own QEMU 7.2 crashes in LiteRT; this one's static program runs on older systems.
_QEMU_SUITE, _QEMU = "trixie", "/usr/bin/qemu-aarch64"
_PLATFORMS = locked.platforms("aarch64", glibc=36)

# The output tensor of each image, as the model gives it, one after the other into a file.
_ANSWER = """
import sys
import numpy
from litescore.scorer import Scorer
model, tensors, answers, batch = sys.argv[1:]
scorer = Scorer(model, batch=int(batch))
images = numpy.load(tensors, mmap_mode="r")
with open(answers, "wb", buffering=0) as file:
    for start in range(0, len(images), scorer.batch):
        file.write(scorer.outputs(images[start : start + scorer.batch]).tobytes())
"""


@dataclass(frozen=True)
class Arm64:
    """Where programs of 64-bit Arm run.

    made    cached: QEMU, the root, the wheels. Programs only add .pyc files to it
    folder  this run's own: where programs start; importable
    """

    made: Path
    folder: Path

    def python(
        self,
        *words: str | Path,
        runtime: str,
        cpu: str = PI_4,
        environ: Mapping[str, str] | None = None,
        patience: float = 240.0,
    ) -> subprocess.CompletedProcess[str]:
        """Run Arm's Python in `folder`, with the pinned wheels of one runtime.

        cpu  as QEMU calls it

        The program sees `environ` and nothing of this process's; it is killed after `patience`
        seconds. Its exit status, output and errors are in the answer.
        """
        sites = [self.folder, self.made / "shared", self.made / runtime]
        settings = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "PYTHONPATH": ":".join(map(str, sites)),
            "PYTHONNOUSERSITE": "1",
            "LITESCORE_RUNTIME": runtime,
            "LC_ALL": "C.UTF-8",
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
        }
        root = self.made / "root"
        qemu = [f"{self.made}/qemu{_QEMU}", "-cpu", cpu, "-L", str(root)]
        return subprocess.run(
            [*qemu, f"{root}/usr/bin/python{PYTHON}", *map(str, words)],
            env=settings | dict(environ or {}),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=patience,
        )

    def answer(
        self,
        model: Path,
        tensors: Path,
        answers: Path,
        *,
        runtime: str,
        cpu: str = PI_4,
        batch: int = 1,
        patience: float = 240.0,
    ) -> NDArray[np.generic]:
        """What `Scorer.outputs` gives there for a .npy of uint8[n, h, w, c].

        `answers` is a file that grows by the outputs of one batch after the other. Raises
        RuntimeError with what the program said when it failed.
        """
        words: list[str | Path] = ["-c", _ANSWER, model, tensors, answers, str(batch)]
        done = self.python(*words, runtime=runtime, cpu=cpu, patience=patience)
        if done.returncode != 0:
            raise RuntimeError(f"{runtime} on {cpu}: {done.stderr[-2000:]}")
        kind = Scorer(model, runtime=runtime).outputs(np.load(tensors, mmap_mode="r")[:0])
        return np.fromfile(answers, kind.dtype).reshape(-1, kind.shape[1])


@contextmanager
def enter(wheel: Path | None = None) -> Iterator[Arm64]:
    """Arm with litescore, of a wheel or of this checkout, in a folder that goes when the block
    ends; skips where it cannot be had, or where this Python lacks a runtime to compare with.
    """
    pytest.importorskip("ai_edge_litert")
    pytest.importorskip("tflite_runtime", reason="tflite-runtime has no wheel for this Python")
    made = _made()
    with tempfile.TemporaryDirectory(prefix="litescore-arm64-") as name:
        folder = Path(name)
        if wheel:
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(folder)
        else:
            for room in ("litescore", "edge"):
                (folder / room).symlink_to(locked.ROOT / room)
        yield Arm64(made, folder)


def _made() -> Path:
    parts = _parts()
    pinned = [locked.requirements(names, PYTHON) for names in parts.values()]
    version = debian.fingerprint(Path(__file__), Path(debian.__file__), *pinned)
    return cached(f"arm64-{version}", lambda folder: _make(folder, parts))


def _parts() -> dict[str, set[str]]:
    """Distributions by the folder that their wheels are unpacked into."""
    edge = locked.closure("litescore", ("edge",), PYTHON)
    shared = edge - {"tflite-runtime"}
    litert = locked.closure("litescore", ("litert",), PYTHON) - shared
    return {"shared": shared, "tflite-runtime": edge - shared, "litert": litert}


def _make(folder: Path, parts: Mapping[str, set[str]]) -> None:
    system = partial(debian.unpack, source=debian.mirror())
    wheels = partial(locked.unpack, python=PYTHON, platforms=_PLATFORMS)
    with ThreadPoolExecutor() as pool:
        jobs = [
            pool.submit(system, folder / "qemu", _QEMU_SUITE, "qemu-user", only=[_QEMU]),
            pool.submit(system, folder / "root", _SUITE, _PACKAGES, architecture="arm64"),
            *(pool.submit(wheels, names, folder / part) for part, names in parts.items()),
        ]
        for job in jobs:
            job.result()
