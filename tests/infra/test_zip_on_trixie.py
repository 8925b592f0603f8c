"""The very zip that is deployed, on another system: Debian trixie and its own Python 3.13.

Built for python3.13 on x86-64, unpacked at a read-only /var/task, and run by AWS's runtime under
AWS's emulator: the nearest there is to Lambda without an account.
"""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra import emulator
from infra.emulator import Runtime
from infra.package import build as package
from infra.package.build import Package
from infra.package.target import Target
from litescore import results
from litescore.record import Record
from tests.rig import locked, trixie
from tests.rig.pngs import Pngs
from tests.rig.seaweed import S3
from tests.rig.trixie import Trixie

DEPLOYED = Target("x86_64", "3.13")
# In a mount namespace of its own, which goes with the program. What lies in /var/task and
# /var/runtime cannot be written, and nothing else is importable but the standard library.
ENTER = """
for folder in proc sys dev; do mount --rbind /$folder "$0/$folder"; done
mount -t tmpfs var "$0/var"
mkdir "$0/var/task" "$0/var/runtime" "$0/var/tmp"
mount --bind "$1" "$0/var/task"
mount --bind "$2" "$0/var/runtime"
mount -o remount,bind,ro "$0/var/task"
mount -o remount,bind,ro "$0/var/runtime"
shift 2
exec chroot "$0" /usr/bin/env -C /var/task /usr/bin/python3 -S -s -m awslambdaric "$@"
"""
LOOKING = """
import importlib.util, os, pathlib, sys
def handler(event, context):
    try:
        pathlib.Path("written").touch()
        written = "yes"
    except OSError as error:
        written = error.strerror
    seen = [name for name in event if importlib.util.find_spec(name)]
    return [written, seen, list(sys.version_info[:2]), os.getcwd()]
"""


@pytest.fixture(scope="module")
def root() -> Iterator[Trixie]:
    """The root; of its own wheels nothing is used."""
    with trixie.enter() as entered:
        yield entered


@pytest.fixture(scope="module")
def zipped(int8_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The zip as `litescore package` makes it by default."""
    return package.build(int8_model, tmp_path_factory.mktemp("zip"), target=DEPLOYED)


@pytest.fixture(scope="module")
def runtime(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AWS's runtime for that Python, in the versions of the lock."""
    folder = tmp_path_factory.mktemp("runtime")
    names = locked.pins(lock=emulator.LOCK)
    platforms = locked.platforms("x86_64", glibc=34)
    locked.unpack(names, folder, python=DEPLOYED.python, platforms=platforms)
    return folder


def test_the_deployed_zip_scores_there_as_litescore_does_here(
    root: Trixie,
    zipped: Package,
    runtime: Path,
    s3: S3,
    bucket: str,
    pngs: Pngs,
    int8_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Golden samples identical; for images in S3 the very records of `litescore score`."""
    for path in pngs.paths:
        s3.client.upload_file(str(path), bucket, f"in/{path.name}")
    images, there, here = (f"s3://{bucket}/{name}/" for name in ("in", "there", "here"))
    task = tmp_path / "task"
    with zipfile.ZipFile(zipped.path) as archive:
        archive.extractall(task)
    environ = {**s3.environ, "LITESCORE_OUTPUT": there}
    with emulator.running(
        tmp_path, log=tmp_path / "log", runtime=_runtime(root, task, runtime), environ=environ
    ) as function:
        _, verdict = function.invoke({"verify": True})
        assert (verdict["verdict"], verdict["images"]) == ("identical", 10), function.program.tail()
        assert verdict["python"].startswith("3.13.")
        assert function.invoke({"prefix": images})[1]["scored"] == len(pngs.paths)

    _score_here(images, here, int8_model, s3)
    for name, value in s3.environ.items():
        monkeypatch.setenv(name, value)
    said = _said(here)
    assert len(said) == len(pngs.paths)
    assert _said(there) == said


def test_it_has_nothing_there_but_the_zip(root: Trixie, runtime: Path, tmp_path: Path) -> None:
    """Python 3.13, a task root that cannot be written, and none of the root's own wheels."""
    task = tmp_path / "task"
    task.mkdir()
    (task / "looking.py").write_text(LOOKING)
    looking = _runtime(root, task, runtime)
    with emulator.running(
        tmp_path, log=tmp_path / "log", runtime=looking, handler="looking.handler"
    ) as function:
        _, answer = function.invoke(dict.fromkeys(["numpy", "litescore", "awslambdaric"]))
    assert answer == ["Read-only file system", ["awslambdaric"], [3, 13], "/var/task"]


def _runtime(root: Trixie, task: Path, runtime: Path) -> Runtime:
    enter = ("/usr/bin/unshare", "--mount", "/bin/sh", "-ec", ENTER, root.root, task, runtime)
    return Runtime(enter, {"PATH": "/usr/bin:/bin:/usr/sbin", "PYTHONPATH": "/var/runtime"})


def _score_here(images: str, place: str, model: Path, s3: S3) -> None:
    settings = {"LITESCORE_RUNTIME": "litert", "LITESCORE_MODEL": str(model), **s3.environ}
    subprocess.run(
        [sys.executable, "-m", "litescore", "score", images, "--out", place],
        env=os.environ | settings,
        check=True,
        capture_output=True,
    )


def _said(place: str) -> dict[str, Record]:
    """The records by id, without the time."""
    return {record.id: record._replace(at="") for record in results.read(place)}
