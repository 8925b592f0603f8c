"""A spool, a broker and a sink over both; and a place for lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from edge.sinks.mqtt import Mqtt
from edge.sinks.mqtt_link import Server
from edge.sinks.spool import Spool
from litescore.errors import ConfigurationError
from tests.edge.sinks.shown import DEVICE, Snapped
from tests.edge.sinks.sinking import HASTY, PLACE, ROOM
from tests.rig.broker import Broker
from tests.rig.process import HOST


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "mqtt.spool"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def spooled(path: Path, said: list[str]) -> Iterator[Callable[..., Spool]]:
    """Opens the spool at `path`, with room for a megabyte; closed at the end."""
    opened: list[Spool] = []

    def open_spool(**options: object) -> Spool:
        opened.append(Spool(path, **{"max_bytes": ROOM, "say": said.append, **options}))  # type: ignore[arg-type]
        return opened[-1]

    yield open_spool
    for spool in opened:
        with suppress(ConfigurationError):
            spool.close()


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    return Broker(tmp_path / "broker")


@pytest.fixture
def telling(broker: Broker, path: Path, said: list[str]) -> Iterator[Callable[..., Mqtt]]:
    """Makes the sink; closed at the end."""
    made: list[Mqtt] = []

    def make(**options: Any) -> Mqtt:
        spool = Spool(path, max_bytes=options.pop("max_bytes", 1 << 20))
        server = options.pop("server", Server(HOST, broker.port))
        values = {"device": DEVICE.id, "monitor": Snapped(), "say": said.append, "patience": HASTY}
        made.append(Mqtt(server, PLACE, spool, **{**values, **options}))
        return made[-1]

    yield make
    for sink in made:
        sink.close()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A file of records that is not there yet."""
    return tmp_path / "records.jsonl"
