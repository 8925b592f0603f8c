"""What is told besides the events: state, diagnostics, picture and discovery, and when.

Each message replaces the one before it, so none of them is kept for later. It does not know what
a connection is.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from edge.monitor import Snapshot, Snapshots
from edge.releases.status import ReleaseStatus
from edge.scored import Scored
from edge.sinks.homeassistant import discovery, discovery_topic
from edge.sinks.mqtt_link import Message
from litescore.record import moment

_STATE = 5.0
_DIAGNOSTICS = 30.0
_LOOK = 1.0
_PICTURE = 1.0
_NEVER = float("-inf")


class Picture(Protocol):
    """A frame for people."""

    @property
    def serial(self) -> int:
        """From 1, a higher one for each newer frame."""

    @property
    def jpeg(self) -> bytes:
        """An image file's bytes."""


class Pictures(Protocol):
    """Where pictures come from: encoded when they are asked for."""

    def latest(self) -> Picture | None:
        """The newest frame's; None before the first. May be asked on any thread."""


@dataclass(frozen=True)
class Place:
    """Where things are published.

    topic      without a `/` at its end; all but the discovery lies below it
    discovery  the prefix of Home Assistant's discovery; None for none
    object_id  names the device to Home Assistant
    """

    topic: str
    discovery: str | None
    object_id: str


class Reports:
    """Says which reports are due. `see` is for the loop's thread, the rest for one other.

    picture_every  seconds from picture to picture; a change of decision brings one at once, though
                   not within a second of another. None for no pictures
    """

    def __init__(
        self,
        place: Place,
        monitor: Snapshots,
        counts: Callable[[], Mapping[str, int]],
        pictures: Pictures | None = None,
        picture_every: float | None = None,
    ) -> None:
        self._place, self._monitor, self._counts = place, monitor, counts
        self._pictures = pictures if picture_every is not None else None
        self._picture_every = picture_every or 0.0
        self._newest: Scored | None = None
        self.renew()

    def see(self, scored: Scored) -> None:
        """Note the newest decision."""
        if scored.decision is not None:
            self._newest = scored

    def renew(self) -> None:
        """All are due: a broker or Home Assistant was started anew."""
        self._state: tuple[str, float] | None = None
        self._notable: tuple[object, ...] | None = None
        self._discovery: bytes | None = None
        self._pictured: tuple[int, str | None] = (0, None)
        self._state_at = self._diagnostics_at = self._looked_at = self._picture_at = _NEVER

    def due(self) -> Iterator[Message]:
        """What is to be published now."""
        now = time.monotonic()
        if now - self._looked_at >= _LOOK:
            self._looked_at = now
            yield from self._looked(self._monitor.snapshot(), now)
        yield from self._decided(now)
        yield from self._picture(now)

    def _looked(self, snapshot: Snapshot, now: float) -> Iterator[Message]:
        place = self._place
        if place.discovery is not None:
            known = discovery(
                place.topic, place.object_id, snapshot, picture=self._pictures is not None
            )
            if known != self._discovery:
                self._discovery = known
                topic = discovery_topic(place.discovery, place.object_id)
                yield Message(topic, known, qos=1, retain=True)
        notable = (snapshot.source.state, *_notable(snapshot.release))
        if now - self._diagnostics_at >= _DIAGNOSTICS or notable != self._notable:
            self._diagnostics_at, self._notable = now, notable
            told = diagnostics(snapshot, self._counts())
            yield Message(f"{place.topic}/diagnostics", told, retain=True)

    def _decided(self, now: float) -> Iterator[Message]:
        scored = self._newest
        if scored is None or scored.decision is None:
            return
        known = (scored.decision.label, round(scored.decision.score, 4))
        changed = self._state is None or self._state[0] != known[0]
        if changed or (known != self._state and now - self._state_at >= _STATE):
            self._state, self._state_at = known, now
            yield Message(f"{self._place.topic}/state", state(scored), retain=True)

    def _picture(self, now: float) -> Iterator[Message]:
        if self._pictures is None:
            return
        label = self._state[0] if self._state else None
        wait = self._picture_every
        if label != self._pictured[1]:
            wait = min(wait, _PICTURE)
        if now - self._picture_at < wait:
            return
        picture = self._pictures.latest()
        if picture is not None and picture.serial != self._pictured[0]:
            self._pictured, self._picture_at = (picture.serial, label), now
            yield Message(f"{self._place.topic}/picture", picture.jpeg)


def state(scored: Scored) -> bytes:
    """JSON of a decision: label, confidence 0..1, the time it was made and that of the frame."""
    decision = scored.decision
    assert decision is not None
    ago = scored.frame.monotonic - decision.since
    return _json(
        {
            "label": decision.label,
            "confidence": round(decision.score, 4),
            "since": moment(scored.at - ago),
            "at": moment(scored.at),
        }
    )


def diagnostics(snapshot: Snapshot, counts: Mapping[str, int]) -> bytes:
    """JSON of how the loop is doing; `counts` are those of the events."""
    return _json(
        {
            "fps": round(snapshot.fps, 2),
            "latency_p50_ms": _rounded(snapshot.latency_ms.get("p50")),
            "latency_p99_ms": _rounded(snapshot.latency_ms.get("p99")),
            "invoke_p50_ms": _rounded(snapshot.invoke_ms.get("p50")),
            "temperature_c": _rounded(snapshot.temperature_c),
            "throttled": list(snapshot.throttled),
            "frames": snapshot.frames,
            "failed": snapshot.failed,
            "uptime_s": round(snapshot.uptime),
            **counts,
            "source": snapshot.source.state,
            "source_reason": snapshot.source.reason,
            "model": snapshot.model,
            "model_name": snapshot.model_name,
            "model_problem": snapshot.model_problem,
            "release": snapshot.release.to_json() if snapshot.release else None,
            "version": snapshot.version,
        }
    )


def _notable(release: ReleaseStatus | None) -> tuple[object, ...]:
    """What of a release is told at once when it changes."""
    if release is None:
        return ()
    return release.slot, release.digest, release.trial is None, release.failure, len(release.bad)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


def _json(values: Mapping[str, object]) -> bytes:
    return json.dumps(values).encode()
