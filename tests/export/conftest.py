"""Fixtures of the exporter's tests: a process that has TensorFlow, and pictures to export with.

TensorFlow is kept out of pytest's own process: once it is loaded there, tflite-runtime refuses
every model, and other tests need it.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.export import pictures


@pytest.fixture(scope="session")
def tensorflow() -> Iterator[Callable[..., Any]]:
    """`tensorflow(function, *words)`: what a test module's function answers in another process."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=spawn) as process:
        yield lambda function, *words: process.submit(function, *words).result()


@pytest.fixture(scope="session")
def textures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folder of colour pictures, 32 x 32, with `labels.txt` beside it."""
    return pictures.write(tmp_path_factory.mktemp("data") / "textures", size=(32, 32))


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `textures`, each of a size of its own."""
    return pictures.write(tmp_path_factory.mktemp("data") / "photographs", size=None)
