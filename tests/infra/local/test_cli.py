"""`litescore local`: its words, and a running cloud ended from another terminal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner

from infra.local import cli, cloud, ending, page, state
from infra.local.cli import local
from infra.local.state import Running, announced
from litescore.errors import ConfigurationError, UsageError
from tests.infra.local.conftest import until

HERE = Running("http://127.0.0.1:4010", "litescore", os.getpid())
# A process that says it runs until it is ended.
WAITS = """
import os, signal
from infra.local.state import Running, announced
from infra.processes import unwinding_on_signals
with unwinding_on_signals(), announced(Running("http://127.0.0.1:4011", "waits", os.getpid())):
    signal.pause()
"""


def invoke(*words: str) -> str:
    """What it prints. Raises what it raises."""
    done = CliRunner().invoke(local, words, standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.output


def test_the_exports_name_the_running_one() -> None:
    """A shell that takes them has all that boto3 and the AWS tools need."""
    with announced(HERE):
        lines = invoke("env").splitlines()
    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:4010" in lines
    names = {line.split("=")[0].removeprefix("export ") for line in lines}
    assert names >= {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"}


@pytest.mark.parametrize("command", ["env", "down"])
def test_without_a_running_one_it_says_how_to_start_it(command: str) -> None:
    """In one line."""
    with pytest.raises(ConfigurationError, match="litescore local up --model FILE"):
        invoke(command)


def test_down_ends_it_and_waits() -> None:
    """Its process is asked as by SIGTERM, and nobody finds it any more when `down` is through."""
    words = [sys.executable, "-c", WAITS]
    with subprocess.Popen(words) as process:
        try:
            until(state.running)
            assert "4011" in invoke("down")
            assert state.running() is None
            assert process.wait(10) == 128 + signal.SIGTERM
        finally:
            process.kill()


def test_a_process_that_cannot_be_ended_is_one_line() -> None:
    """Here one that is gone already."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    with pytest.raises(ConfigurationError, match=f"cannot end process {process.pid}"):
        ending.end(Running("http://127.0.0.1:4012", "gone", process.pid))


def test_a_package_of_another_model_is_refused(tmp_path: Path) -> None:
    """Before anything is started: of the two that were named one would not run."""
    package, model = tmp_path / "function.zip", tmp_path / "model.tflite"
    model.write_bytes(b"another")
    with zipfile.ZipFile(package, "w") as archive:
        for name in ("lambda_handler/__init__.py", "litescore/__init__.py", "model.tflite"):
            archive.writestr(name, b"")
    with pytest.raises(UsageError, match="holds another model than"):
        invoke("up", "--package", str(tmp_path), "--model", str(model))


def test_a_package_for_another_python_is_refused(tmp_path: Path) -> None:
    """Functions run on the Python that runs litescore, and here nothing is older than 3.11."""
    with zipfile.ZipFile(tmp_path / "function.zip", "w") as archive:
        for name in ("lambda_handler/__init__.py", "litescore/__init__.py"):
            archive.writestr(name, b"")
        archive.writestr("numpy/_core.cpython-39-x86_64-linux-gnu.so", b"")
    with pytest.raises(ConfigurationError, match=r"is for Python 3\.9, the local cloud runs"):
        invoke("up", "--package", str(tmp_path))


@pytest.mark.parametrize(
    ("model", "way_out"),
    [
        ("s3://models/shoes.tflite", "aws s3 cp s3://models/shoes.tflite"),
        ("run/model.keras", "litescore export run/model.keras --out model.tflite"),
        (".", "litescore export . --out model.tflite"),
    ],
)
def test_what_is_no_model_file_is_told_with_the_way_out(model: str, way_out: str) -> None:
    """A URL, a Keras model and a run's folder are what people name first."""
    with pytest.raises(UsageError, match=re.escape(way_out)):
        invoke("up", "--model", model)


def test_it_is_announced_until_its_folder_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else `down` is through while the folder is still in use, and `up --keep` after it fails.

    The cloud is a stand-in: a real one cannot be looked at between its end and that of its process.
    """
    seen = []

    @contextmanager
    def running(*_: object, **__: object) -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(endpoint=HERE.endpoint, account=None, stack=None)
        seen.append(state.running())

    monkeypatch.setattr(cloud, "running", running)
    monkeypatch.setattr(page, "shown", lambda *_: nullcontext("http://127.0.0.1:4013/"))
    monkeypatch.setattr(cli, "_made_before", lambda package, _model: package)
    monkeypatch.setattr(cli, "_how_to_use", lambda *_: "running")
    monkeypatch.setattr(cli, "_wait", lambda _cloud: None)
    invoke("up", "--package", "build")
    assert [one and one.endpoint for one in seen] == [HERE.endpoint]
    assert state.running() is None


def test_a_stack_name_that_no_bucket_could_begin_with_is_refused() -> None:
    """Before anything is built or started."""
    with pytest.raises(UsageError, match="stack name"):
        invoke("up", "--stack", "Upper", "--package", "nowhere")
