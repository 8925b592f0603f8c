"""Fixtures of the cloud: the function's zip, and a running local cloud with it deployed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from infra.local import cloud as local
from infra.local.cloud import LocalCloud
from infra.package import build as package
from infra.package.build import Package
from tests.rig.once import once


@pytest.fixture(scope="session")
def built(int8_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The function's zip with the small int8 model."""
    return once(tmp_path_factory, "package", partial(package.build, int8_model))


@pytest.fixture(scope="session")
def cloud(built: Package) -> Iterator[LocalCloud]:
    """ministack with the template and that zip deployed in it."""
    with local.running(built.path) as running:
        yield running
