"""What the page shows beside the picture, as one JSON object: made once for all who look."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import numpy as np

from edge.decisions import Decision
from edge.monitor import Snapshot, Snapshots
from edge.preview.health import problem
from edge.preview.history import History, Seen
from edge.releases.status import ReleaseStatus, seconds_since
from edge.scored import Scored
from edge.status import Status

# Seconds: bars move five times a second, which eyes can follow; the other figures once.
BEAT = 0.2
_SNAPSHOT = 1.0
# So many labels are shown in the model's order, of more the best so many.
_BARS = 12
_DECISIONS = 12


class Feed:
    """The newest state; may be asked on any thread.

    silence  seconds without a frame that are no problem yet
    """

    def __init__(self, monitor: Snapshots, history: History, silence: float) -> None:
        self._monitor = monitor
        self._history = history
        self._silence = silence
        self._lock = threading.Lock()
        self._made = (0.0, "")
        self._snapshot: tuple[float, Snapshot] | None = None

    def text(self) -> str:
        """One line of JSON, at most BEAT seconds old."""
        with self._lock:
            now = time.monotonic()
            if now - self._made[0] >= BEAT * 0.9:
                self._made = now, json.dumps(self._state(now), separators=(",", ":"))
            return self._made[1]

    def _state(self, now: float) -> dict[str, Any]:
        if self._snapshot is None or now - self._snapshot[0] >= _SNAPSHOT:
            self._snapshot = now, self._monitor.snapshot()
        snapshot, newest = self._snapshot[1], self._history.newest
        return {
            "problem": problem(snapshot, newest, self._silence),
            "frame": _frame(newest),
            "decisions": [_decision(each, now) for each in self._history.decisions()[:_DECISIONS]],
            "figures": _figures(snapshot),
        }


def _frame(newest: Seen | None) -> dict[str, Any] | None:
    """The newest frame: its number, its bars, and what the frames up to it come to."""
    if newest is None:
        return None
    scored = newest.scored
    decision = scored.decision
    return {
        "number": scored.frame.number,
        "error": str(scored.error) if scored.error else None,
        "label": decision.label if decision else None,
        "score": decision.score if decision else None,
        "ranked": len(scored.contract.labels) > _BARS,
        "bars": bars(scored),
    }


def bars(scored: Scored) -> list[tuple[str, float]]:
    """Labels and their probabilities: all in the model's order, of many the best, best first."""
    if scored.probabilities is None:
        return []
    labels, values = scored.contract.labels, np.nan_to_num(scored.probabilities)  # JSON has no NaN
    indices = np.arange(len(labels))
    if len(labels) > _BARS:
        indices = np.argsort(-values, kind="stable")[:_BARS]
    return [(labels[index], round(float(values[index]), 4)) for index in indices]


def _decision(decision: Decision, now: float) -> dict[str, Any]:
    # How long ago, since the clock here may be wrong where the viewer's is right.
    ago = round(now - decision.since, 1)
    return {"label": decision.label, "score": round(decision.score, 4), "ago": ago}


def _figures(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "fps": snapshot.fps,
        "frames": snapshot.frames,
        "failed": snapshot.failed,
        "emitted": snapshot.emitted,
        "latency": dict(snapshot.latency_ms),
        "invoke": dict(snapshot.invoke_ms),
        "temperature": snapshot.temperature_c,
        "throttled": list(snapshot.throttled),
        "source": {"name": snapshot.source_name, **_status(snapshot.source)},
        "sinks": [{"name": name, **_status(each)} for name, each in snapshot.sinks.items()],
        "model": {
            "name": snapshot.model_name,
            "sha256": snapshot.model,
            "runtime": snapshot.runtime,
            "variant": snapshot.variant,
            "problem": snapshot.model_problem,
        },
        "release": _release(snapshot.release),
        "device": snapshot.device,
        "version": snapshot.version,
        "uptime": snapshot.uptime,
    }


def _release(release: ReleaseStatus | None) -> dict[str, Any] | None:
    """Times as how long ago, by the clock that they were taken with."""
    if release is None:
        return None
    ago = {"since": seconds_since(release.since), "checked": seconds_since(release.checked)}
    return release.to_json() | ago


def _status(status: Status) -> dict[str, Any]:
    return {"state": status.state, "reason": status.reason, "counts": dict(status.counts)}
