"""Home Assistant's discovery, held to the keys that Home Assistant documents."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from edge.sinks.homeassistant import discovery, discovery_topic, status_topic
from edge.sinks.mqtt_reports import diagnostics, state
from tests.edge.sinks.shown import LABELS, RELEASE, SNAPSHOT, shown

TOPIC = "litescore/0123456789ab"
OBJECT = "litescore_0123456789ab"

# From the source of Home Assistant's documentation (home-assistant/home-assistant.io):
# source/_integrations/mqtt.markdown, "Device discovery payload" and "Discovery payload".
ROOT_REQUIRED = {"device", "origin", "components"}
ROOT_KEYS = ROOT_REQUIRED | {
    *("availability", "availability_mode", "availability_template", "availability_topic"),
    *("payload_available", "payload_not_available"),
    *("command_topic", "state_topic", "qos", "encoding"),
}
ORIGIN_KEYS = {"name", "sw_version", "support_url"}
OBJECT_ID = re.compile("[a-zA-Z0-9_-]+")
# source/_integrations/sensor.mqtt.markdown and image.mqtt.markdown, "Configuration".
DEVICE_KEYS = {
    *("configuration_url", "connections", "hw_version", "identifiers", "manufacturer", "model"),
    *("model_id", "name", "serial_number", "suggested_area", "sw_version", "via_device"),
}
ENTITY_KEYS = {
    *("availability", "availability_mode", "availability_template", "availability_topic"),
    *("device", "enabled_by_default", "encoding", "entity_category", "entity_picture", "icon"),
    *("json_attributes_template", "json_attributes_topic", "name", "object_id", "platform"),
    "unique_id",
}
PLATFORM_KEYS = {
    "sensor": ENTITY_KEYS
    | {
        *("device_class", "expire_after", "force_update", "last_reset_value_template", "options"),
        *("payload_available", "payload_not_available", "suggested_display_precision", "qos"),
        *("state_class", "state_topic", "unit_of_measurement", "value_template"),
    },
    "image": ENTITY_KEYS
    | {"content_type", "image_encoding", "image_topic", "url_template", "url_topic"},
}
# source/_integrations/sensor.markdown, "Device class", of those that are used.
DEVICE_CLASS_UNITS = {"duration": {"ms", "s", "min", "h", "d"}, "temperature": {"°C", "°F", "K"}}


def known(**changes: Any) -> dict[str, Any]:
    picture = changes.pop("picture", True)
    payload = discovery(TOPIC, OBJECT, replace(SNAPSHOT, **changes), picture=picture)
    return dict(json.loads(payload))


def test_documented_keys() -> None:
    """No key that Home Assistant does not document, and none missing that it requires."""
    device = known(release=RELEASE)
    assert ROOT_REQUIRED <= set(device) <= ROOT_KEYS
    assert {"identifiers", "name"} <= set(device["device"]) <= DEVICE_KEYS
    assert {"name"} <= set(device["origin"]) <= ORIGIN_KEYS
    for entity in device["components"].values():
        assert set(entity) <= PLATFORM_KEYS[entity["platform"]]
        assert {"platform", "unique_id", "name"} <= set(entity)
        topic = "image_topic" if entity["platform"] == "image" else "state_topic"
        assert entity[topic].startswith(f"{TOPIC}/")


def test_documented_values() -> None:
    """Values are of the kinds that Home Assistant documents."""
    entities = known(release=RELEASE)["components"].values()
    assert len({entity["unique_id"] for entity in entities}) == len(entities)
    for entity in entities:
        assert entity.get("entity_category", "diagnostic") == "diagnostic"
        assert entity.get("state_class", "measurement") == "measurement"
        if entity.get("device_class") == "timestamp":
            assert not {"state_class", "unit_of_measurement"} & set(entity)
        if (kind := entity.get("device_class")) in DEVICE_CLASS_UNITS:
            assert entity["unit_of_measurement"] in DEVICE_CLASS_UNITS[kind]
        if "options" in entity:
            assert entity["device_class"] == "enum"
            assert not {"state_class", "unit_of_measurement"} & set(entity)
    assert OBJECT_ID.fullmatch(OBJECT)
    assert discovery_topic("homeassistant", OBJECT) == f"homeassistant/device/{OBJECT}/config"
    assert status_topic("homeassistant") == "homeassistant/status"


def test_entities() -> None:
    """Label and confidence, frame rate, latency and temperature, and the picture where there is one."""
    components = known()["components"]
    assert set(components) == {
        *("label", "confidence", "fps", "latency", "temperature", "picture"),
    }
    diagnostic = {name for name, one in components.items() if "entity_category" in one}
    assert diagnostic == {"fps", "latency", "temperature"}
    assert components["picture"]["content_type"] == "image/jpeg"
    assert "picture" not in known(picture=False)["components"]
    assert known()["availability_topic"] == f"{TOPIC}/availability"


def test_label_is_one_of_the_options() -> None:
    """Every decision is an option, `unknown` too, or Home Assistant would refuse it; of very many
    labels none is listed.
    """
    assert known()["components"]["label"]["options"] == [*LABELS, "unknown"]
    assert known(labels=("a", "unknown"))["components"]["label"]["options"] == ["a", "unknown"]
    many = known(labels=tuple(map(str, range(1000))))["components"]["label"]
    assert not {"options", "device_class"} & set(many)


def test_a_release_is_an_entity() -> None:
    """Of a channel that is followed, not of a plain file: its digest, all else as attributes; and
    when the channel was last read.
    """
    assert "release" not in known()["components"]
    components = known(release=RELEASE)["components"]
    topics = {components[name]["state_topic"] for name in ("release", "release_checked")}
    assert topics == {components["release"]["json_attributes_topic"]} == {f"{TOPIC}/diagnostics"}
    told = json.loads(diagnostics(replace(SNAPSHOT, release=RELEASE), {}))["release"]
    assert told["digest"] == RELEASE.digest
    assert (told["slot"], told["turn"], told["trial_s"]) == ("b", 7, 80)
    assert (told["failure"], told["bad"]) == (RELEASE.failure, dict(RELEASE.bad))
    assert datetime.fromisoformat(told["checked"]).tzinfo is not None


@pytest.mark.parametrize("name", ["label", "confidence", "fps", "latency", "temperature"])
def test_templates_name_what_is_published(name: str) -> None:
    """The key that a template reads is in the message on its topic, with a value."""
    entity = known()["components"][name]
    (key,) = re.findall(r"value_json\.(\w+)", entity["value_template"])
    told = (
        state(shown(1)) if entity["state_topic"].endswith("/state") else diagnostics(SNAPSHOT, {})
    )
    assert json.loads(told)[key] is not None


def test_before_the_first_frame() -> None:
    """What is not known yet, and a temperature that the machine cannot say, are null."""
    empty = replace(SNAPSHOT, latency_ms={}, invoke_ms={}, temperature_c=None)
    told = json.loads(diagnostics(empty, {"waiting": 3}))
    assert (told["latency_p50_ms"], told["temperature_c"], told["waiting"]) == (None, None, 3)
