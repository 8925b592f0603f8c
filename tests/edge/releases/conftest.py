"""A shelf in a folder, a device, and slots."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.releases.slots import Slots
from litescore.releases.keys import PrivateKey
from litescore.releases.publishing import Publisher
from litescore.releases.shelf import open_shelf
from tests.releases.conftest import key, key_file

__all__ = ["key", "key_file"]


@pytest.fixture
def publisher(tmp_path: Path, key: PrivateKey) -> Publisher:
    return Publisher(open_shelf(str(tmp_path / "models" / "shoes")), key)


@pytest.fixture
def slots(tmp_path: Path, key: PrivateKey) -> Slots:
    return Slots(tmp_path / "state" / "shoes", (key.public,))
