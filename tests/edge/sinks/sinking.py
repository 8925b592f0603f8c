"""MQTT's sink in tests: where it publishes, how long it waits, what is written and what came."""

from __future__ import annotations

import json
from pathlib import Path

from edge.sinks.mqtt import Mqtt
from edge.sinks.mqtt_link import Patience
from edge.sinks.mqtt_reports import Place
from edge.status import Status
from tests.edge.sinks.shown import shown
from tests.rig.broker import Listener
from tests.rig.waiting import wait_until

ROOT = Path(__file__).parents[3]
TOPIC = "litescore/door"
PLACE = Place(TOPIC, "homeassistant", "litescore_door")
ROOM = 1 << 20
HASTY = Patience(connect=2.0, silence=1.0, first=0.05, longest=0.2)
USER = ("camera", "secret")


def write(sink: Mqtt, numbers: range) -> list[str]:
    """Tell these frames; the ids of their records."""
    frames = [shown(number) for number in numbers]
    for frame in frames:
        sink.write(frame)
    return [frame.record.id for frame in frames]


def ids(listener: Listener) -> list[str]:
    """Of the events that came, in order, each where it came first."""
    events = [json.loads(body)["id"] for body in listener.of(f"{TOPIC}/event")]
    return list(dict.fromkeys(events))


def waits_for(sink: Mqtt, state: str) -> Status:
    wait_until(lambda: sink.status().state == state)
    return sink.status()
