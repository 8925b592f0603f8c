"""A shelf in a folder, a device, and slots."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.releases.slots import Slots
from litescore.releases.keys import PrivateKey
from litescore.releases.publishing import Publisher
from litescore.releases.shelf import open_shelf
from tests.edge.releases.followed import Followed, Start
from tests.releases.conftest import key, key_file

__all__ = ["key", "key_file"]


@pytest.fixture
def publisher(tmp_path: Path, key: PrivateKey) -> Publisher:
    return Publisher(open_shelf(str(tmp_path / "models" / "shoes")), key)


@pytest.fixture
def slots(tmp_path: Path, key: PrivateKey) -> Slots:
    return Slots(tmp_path / "state" / "shoes", (key.public,))


@pytest.fixture
def start(publisher: Publisher, slots: Slots) -> Iterator[Start]:
    """`start()` makes a follower in the place of the one before; all are closed in the end."""
    made: list[Followed] = []

    def begin(**words: object) -> Followed:
        for earlier in made:
            earlier.follower.close()
        made.append(Followed(publisher, slots, **words))  # type: ignore[arg-type]
        return made[-1]

    yield begin
    for one in made:
        one.follower.close()
