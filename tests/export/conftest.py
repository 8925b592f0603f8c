"""Fixtures of the exporter's tests: pictures to export with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.export import pictures


@pytest.fixture(scope="session")
def textures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Class folder of colour pictures, 32 x 32, with `labels.txt` beside it."""
    return pictures.write(tmp_path_factory.mktemp("data") / "textures", size=(32, 32))


@pytest.fixture(scope="session")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `textures`, each of a size of its own."""
    return pictures.write(tmp_path_factory.mktemp("data") / "photographs", size=None)
