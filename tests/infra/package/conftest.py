"""Zips for Lambda's default target, and what runs them."""

from __future__ import annotations

import zipfile
from functools import partial
from pathlib import Path

import pytest

from infra.package import build as package
from infra.package.build import Package
from infra.package.target import DEFAULT
from tests.rig.once import once


@pytest.fixture(scope="session")
def deployable(int8_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The zip that `litescore package` makes without more words: for AWS, not for here."""
    make = partial(package.build, int8_model, target=DEFAULT)
    return once(tmp_path_factory, "deployable", make)


@pytest.fixture(scope="session")
def unpacked(deployable: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """That zip, unpacked as Lambda does."""
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(deployable.path) as archive:
        archive.extractall(folder)
    return folder
