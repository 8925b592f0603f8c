"""Fixtures of the trainer's tests: small data sets, finished runs."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from litescore import dataset
from litescore.dataset import Dataset
from tests.rig.once import once
from tests.trainer.pictures import Said, train, train_here, write_folder
from trainer.images.catalog import SHIPPED_ROOT

SHIPPED = SHIPPED_ROOT / "fashion-mnist"


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Said:
    """`litescore train` of fashion-logits for two epochs on the shipped slice."""
    words = ("--preset", "fashion-logits", "--epochs", "2", "--data", str(SHIPPED))
    return once(tmp_path_factory, "trained", lambda folder: train(*words, out=folder / "run"))


@pytest.fixture
def train_warmed(tensorflow: Callable[..., Any]) -> Callable[..., Said]:
    """`train` in a process where TensorFlow is loaded already."""

    def run(*words: str, out: Path, **variables: str) -> Said:
        done = tensorflow(train_here, [*words, "--out", str(out)], variables)
        return Said(out, done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def whole_fashion() -> Path:
    """The folder of the whole Fashion-MNIST."""
    root = os.environ.get("LITESCORE_DATA")
    if not root or not (Path(root) / "fashion-mnist").is_dir():
        pytest.skip("LITESCORE_DATA names no folder with the whole Fashion-MNIST")
    return Path(root) / "fashion-mnist"


@pytest.fixture
def colors(tmp_path: Path) -> Path:
    """A class folder of small photographs of two colours, of different sizes."""
    return write_folder(tmp_path / "colors", {"red": 24, "blue": 24})


@pytest.fixture
def photos(colors: Path) -> Dataset:
    """48 small photographs of two colours."""
    return dataset.load(colors, "all")
