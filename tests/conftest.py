"""Fixtures: the rig's servers, a data set, a trained run and its exported models, test images.

What is slow is made once a session, by the commands that a user would type.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from litescore import dataset
from litescore.store import patience
from litescore.store.patience import Patience
from tests.rig import emulator as rie
from tests.rig import seaweed, stub_s3, warm
from tests.rig.once import once
from tests.rig.pngs import Pngs, write_pngs
from tests.rig.seaweed import S3
from tests.rig.stub_s3 import StubS3
from tests.rig.wheel import build

_SHIPPED = Path(__file__).parents[1] / "trainer" / "data" / "fashion-mnist"


def pytest_make_parametrize_id(val: object) -> str | None:
    """Long bytes are told by their length: a gzip file bears the second in which it was made, and
    tests must have the same names in each of the processes that share them.
    """
    return f"{len(val)} bytes" if isinstance(val, bytes) and len(val) > 16 else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long by themselves come first: with one of them left at the end, one process
    works and the others wait for it.
    """
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session", autouse=True)
def _own_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test sees the settings or the AWS account of the person who runs it; the data it may. Nor
    does it leave decoded images in their cache. The rig's parts stay there: they are slow to make.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("LITESCORE_", "AWS_")) and name != "LITESCORE_DATA":
                patch.delenv(name)
        patch.setenv("LITESCORE_CACHE", str(tmp_path_factory.mktemp("images")))
        yield


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """A real S3 server: endpoint, credentials, boto3 client, `environ` for processes."""
    with seaweed.serve(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def bucket(s3: S3) -> str:
    """A fresh bucket's name."""
    return s3.make_bucket()


@pytest.fixture
def versioned_bucket(s3: S3) -> str:
    """A fresh bucket's name, with versioning on."""
    return s3.make_bucket(versioned=True)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """S3 is waited for only as long as a test may take."""
    short = Patience(connect=1, silence=1, retries=4, pause=0.01, total=2)
    monkeypatch.setattr(patience, "PATIENCE", short)


@pytest.fixture
def stub(impatient: None) -> Iterator[StubS3]:
    """A stub S3 server with the bucket `stub`, for faults and raw paths."""
    with stub_s3.serve() as state:
        yield state


@pytest.fixture
def emulator(tmp_path: Path) -> Callable[..., AbstractContextManager[rie.Emulator]]:
    """Lambda on this machine; the arguments are those of `tests.rig.emulator.emulate`.

    `with emulator(environ=..., timeout=...) as function: status, answer = function.invoke(event)`
    """
    return partial(rie.emulate, tmp_path)


@pytest.fixture(scope="session")
def fashion() -> Path:
    """Folder of Fashion-MNIST: the whole where LITESCORE_DATA names it, else the shipped slice."""
    root = os.environ.get("LITESCORE_DATA")
    whole = Path(root) / "fashion-mnist" if root else _SHIPPED
    return whole if whole.is_dir() else _SHIPPED


@pytest.fixture(scope="session")
def pngs(fashion: Path, tmp_path_factory: pytest.TempPathFactory) -> Pngs:
    """The first 50 test images, one PNG each, and their true labels."""
    return write_pngs(
        dataset.load(fashion, "test").take(range(50)), tmp_path_factory.mktemp("pngs")
    )


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    return once(tmp_path_factory, "wheel", build)


@pytest.fixture(scope="session")
def tensorflow() -> Iterator[Callable[..., Any]]:
    """`tensorflow(function, *words)`: what a test module's function answers in another process.

    Once TensorFlow is loaded in pytest's own, tflite-runtime refuses every model there.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as process:
        yield lambda function, *words: process.submit(function, *words).result()


@pytest.fixture(scope="session")
def warmed(tensorflow: Callable[..., Any]) -> warm.Warmed:
    """`warmed("export", run, ...)`: a command where TensorFlow is loaded already (see tests.rig.warm)."""
    return lambda *words: tensorflow(warm.litescore, *map(str, words))


@pytest.fixture(scope="session")
def run(fashion: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a small real training run: model.keras, contract.json, run.json and the rest."""

    def make(folder: Path) -> Path:
        words = ["train", "--preset", "fashion-basic", "--epochs", "2", "--data", str(fashion)]
        command = [sys.executable, "-m", "litescore", *words, "--out", str(folder)]
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-2000:]
        return folder

    return once(tmp_path_factory, "run", make)


@pytest.fixture(scope="session")
def f32_model(run: Path, warmed: warm.Warmed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run, exported to a float32 .tflite file."""
    return _exported(tmp_path_factory, run, warmed, "f32")


@pytest.fixture(scope="session")
def int8_model(run: Path, warmed: warm.Warmed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run, exported to an int8 .tflite file that takes uint8 pixels."""
    # Two epochs of training are judged here by what they convert to, not by what they score.
    return _exported(tmp_path_factory, run, warmed, "int8", "--max-drop", "5")


def _exported(
    factory: pytest.TempPathFactory, run: Path, warmed: warm.Warmed, variant: str, *words: str
) -> Path:
    def make(folder: Path) -> Path:
        path = folder / f"{variant}.tflite"
        done = warmed("export", run, "--quantize", variant, *words, "--out", path)
        assert done.returncode == 0, done.stderr[-2000:]
        return path

    return once(factory, f"model-{variant}", make)
