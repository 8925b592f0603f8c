"""What Home Assistant is told, so that a device shows up by itself: MQTT device discovery.

One retained message at `<prefix>/device/<object>/config` names the device and its entities. Home
Assistant has the form since the end of 2024, and documents its keys under "MQTT": "Device discovery
payload", "MQTT Sensor" and "MQTT Image".
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from edge.decisions import UNKNOWN
from edge.monitor import Snapshot

# A sensor that lists its states is offered them in automations; of a thousand nobody chooses.
_MANY_LABELS = 100
_DIAGNOSTIC = {"entity_category": "diagnostic", "state_class": "measurement"}


def status_topic(prefix: str) -> str:
    """Where Home Assistant says `online` when it was started."""
    return f"{prefix}/status"


def discovery_topic(prefix: str, object_id: str) -> str:
    """Where the discovery of a device is published, retained; `object_id` of letters, digits, _ -."""
    return f"{prefix}/device/{object_id}/config"


def discovery(topic: str, object_id: str, snapshot: Snapshot, *, picture: bool) -> bytes:
    """The device and its entities, whose values lie below `topic`; `picture` says whether one does."""
    entities: dict[str, Mapping[str, Any]] = {
        "label": _label(topic, snapshot.labels),
        "confidence": {
            "platform": "sensor",
            "name": "Confidence",
            "icon": "mdi:percent",
            "state_topic": f"{topic}/state",
            "value_template": "{{ (value_json.confidence * 100) | round(1) }}",
            "unit_of_measurement": "%",
            "state_class": "measurement",
            "suggested_display_precision": 1,
        },
        "fps": {
            **_diagnostic(topic, "Frame rate", "fps"),
            "icon": "mdi:speedometer",
            "unit_of_measurement": "fps",
        },
        "latency": {
            **_diagnostic(topic, "Latency", "latency_p50_ms"),
            "device_class": "duration",
            "unit_of_measurement": "ms",
        },
        "temperature": {
            **_diagnostic(topic, "Temperature", "temperature_c"),
            "device_class": "temperature",
            "unit_of_measurement": "°C",
        },
    }
    if snapshot.release is not None:
        entities |= _release(topic)
    if picture:
        entities["picture"] = {
            "platform": "image",
            "name": "Picture",
            "image_topic": f"{topic}/picture",
            "content_type": "image/jpeg",
        }
    known = {
        "device": {
            "identifiers": [object_id],
            "name": f"litescore {topic.removeprefix('litescore/')}",
            "manufacturer": "litescore",
            "model": snapshot.model_name,
            "sw_version": snapshot.version,
            "serial_number": snapshot.device,
        },
        "origin": {"name": "litescore", "sw_version": snapshot.version},
        "availability_topic": f"{topic}/availability",
        "components": {
            name: {**entity, "unique_id": f"{object_id}_{name}"}
            for name, entity in entities.items()
        },
    }
    return json.dumps(known).encode()


def _label(topic: str, labels: tuple[str, ...]) -> dict[str, Any]:
    entity: dict[str, Any] = {
        "platform": "sensor",
        "name": "Label",
        "icon": "mdi:tag",
        "state_topic": f"{topic}/state",
        "value_template": "{{ value_json.label }}",
    }
    if len(labels) <= _MANY_LABELS:
        entity |= {"device_class": "enum", "options": list(dict.fromkeys((*labels, UNKNOWN)))}
    return entity


def _release(topic: str) -> dict[str, dict[str, Any]]:
    """Of a channel that is followed: the release, with all that is known of it as attributes, and
    when the channel was last read, which an automation may miss.
    """
    told = {"platform": "sensor", "state_topic": f"{topic}/diagnostics"}
    told |= {"entity_category": "diagnostic"}
    return {
        "release": {
            **told,
            "name": "Release",
            "icon": "mdi:package-variant-closed-check",
            "value_template": "{{ value_json.release.digest[:12] }}",
            "json_attributes_topic": f"{topic}/diagnostics",
            "json_attributes_template": "{{ value_json.release | tojson }}",
        },
        "release_checked": {
            **told,
            "name": "Channel read",
            "device_class": "timestamp",
            "value_template": "{{ value_json.release.checked }}",
        },
    }


def _diagnostic(topic: str, name: str, key: str) -> dict[str, Any]:
    return {
        "platform": "sensor",
        "name": name,
        "state_topic": f"{topic}/diagnostics",
        "value_template": f"{{{{ value_json.{key} }}}}",
        "suggested_display_precision": 1,
        **_DIAGNOSTIC,
    }
