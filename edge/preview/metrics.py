"""The snapshot as Prometheus reads it.

Text format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from edge.monitor import Snapshot
from edge.releases.status import ReleaseStatus, seconds_since
from edge.status import STATES, Status

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_QUANTILES = {"p50": "0.5", "p90": "0.9", "p99": "0.99"}
# What a status counts and can also go down.
_LEVELS = ("waiting",)

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Metric:
    """A family: its name without the `litescore_`, its type, what it is, and its samples."""

    name: str
    kind: str
    meaning: str
    samples: Sequence[tuple[Labels, float]]

    def text(self) -> str:
        """Its `# HELP`, its `# TYPE`, and one line a sample."""
        name = f"litescore_{self.name}"
        lines = [f"# HELP {name} {self.meaning}", f"# TYPE {name} {self.kind}"]
        lines += [f"{name}{_labels(labels)} {value!r}" for labels, value in self.samples]
        return "\n".join(lines) + "\n"


def text(snapshot: Snapshot, *, changes: int, viewers: int) -> str:
    """All metrics of one moment.

    changes  of the decision since the start
    viewers  of the preview now
    """
    metrics = [
        *_about(snapshot),
        *_release(snapshot.release),
        *_frames(snapshot, changes),
        *_source(snapshot),
        *_sinks(snapshot.sinks),
        *_machine(snapshot),
        _one("preview_viewers", "gauge", "Viewers of the preview.", viewers),
    ]
    return "".join(metric.text() for metric in metrics if metric.samples)


def _about(snapshot: Snapshot) -> list[Metric]:
    model = {
        "sha256": snapshot.model,
        "name": snapshot.model_name,
        "runtime": snapshot.runtime,
        "variant": snapshot.variant or "",
    }
    here = {"version": snapshot.version, "device": snapshot.device}
    problem = snapshot.model_problem is not None
    return [
        Metric("info", "gauge", "The version and the device; always 1.", [(here, 1)]),
        Metric("model_info", "gauge", "The model that is on; always 1.", [(model, 1)]),
        _one("model_refused", "gauge", "1 while a newer model file was not taken.", int(problem)),
        _one("uptime_seconds", "gauge", "Seconds since the start.", snapshot.uptime),
    ]


def _release(release: ReleaseStatus | None) -> list[Metric]:
    """Of a channel that is followed: nothing of a plain file."""
    if release is None:
        return []
    about = {"channel": release.channel, "slot": release.slot, "sha256": release.digest}
    checked, failing = seconds_since(release.checked), int(release.failure is not None)
    return [
        Metric("release_info", "gauge", "The release that is on; always 1.", [(about, 1)]),
        _one("release_turn", "gauge", "The channel's turn that was seen last.", release.number),
        _maybe("release_trial_seconds", "While it is on trial: until it may pass.", release.trial),
        _maybe("release_checked_seconds", "Since the channel was read.", checked),
        _one("release_failing", "gauge", "1 while no newer release can be taken.", failing),
        _one("release_refused", "gauge", "Releases not taken again.", len(release.bad)),
    ]


def _frames(snapshot: Snapshot, changes: int) -> list[Metric]:
    decision = snapshot.decision
    decided = [({"label": decision.label}, decision.score)] if decision else []
    return [
        _one("frames_total", "counter", "Frames, the failed ones among them.", snapshot.frames),
        _one("frames_failed_total", "counter", "Frames that were no pictures.", snapshot.failed),
        _one("frames_emitted_total", "counter", "Frames told to the sinks.", snapshot.emitted),
        _one("frames_per_second", "gauge", "Of the last ten seconds.", snapshot.fps),
        _quantiles("frame_latency_seconds", "From capture to decision.", snapshot.latency_ms),
        _quantiles("invoke_seconds", "What the model itself took.", snapshot.invoke_ms),
        _one("decision_changes_total", "counter", "Changes of the decision.", changes),
        Metric("decision", "gauge", "Score of the label that is decided on.", decided),
    ]


def _source(snapshot: Snapshot) -> list[Metric]:
    status = snapshot.source
    since = time.monotonic() - status.since
    return [
        Metric("source_state", "gauge", "1 for the state the source is in.", _states({}, status)),
        _one("source_state_seconds", "gauge", "How long it has been in it.", since),
        *_counts("source", {"": status}),
    ]


def _sinks(sinks: Mapping[str, Status]) -> list[Metric]:
    samples = [
        sample for name, status in sinks.items() for sample in _states({"sink": name}, status)
    ]
    return [
        Metric("sink_state", "gauge", "1 for the state a sink is in.", samples),
        *_counts("sink", sinks),
    ]


def _machine(snapshot: Snapshot) -> list[Metric]:
    celsius = snapshot.temperature_c
    causes = [({"cause": cause}, 1) for cause in snapshot.throttled]
    return [
        _maybe("temperature_celsius", "Of the processor.", celsius),
        Metric("throttled", "gauge", "1 for each cause that slows the machine down now.", causes),
    ]


def _one(name: str, kind: str, meaning: str, value: float) -> Metric:
    return Metric(name, kind, meaning, [({}, value)])


def _maybe(name: str, meaning: str, value: float | None) -> Metric:
    return Metric(name, "gauge", meaning, [] if value is None else [({}, value)])


def _quantiles(name: str, meaning: str, milliseconds: Mapping[str, float]) -> Metric:
    samples = [({"quantile": _QUANTILES[key]}, value / 1000) for key, value in milliseconds.items()]
    return Metric(name, "summary", f"{meaning} Of the last frames.", samples)


def _states(labels: Labels, status: Status) -> list[tuple[Labels, float]]:
    return [({**labels, "state": state}, int(state == status.state)) for state in STATES]


def _counts(part: str, statuses: Mapping[str, Status]) -> Iterable[Metric]:
    """A metric for each name that a status counts by: `litescore_sink_delivered_total{sink="mqtt"}`."""
    names = dict.fromkeys(name for status in statuses.values() for name in status.counts)
    for name in names:
        level = name in _LEVELS
        yield Metric(
            f"{part}_{re.sub('[^a-z0-9_]', '_', name)}{'' if level else '_total'}",
            "gauge" if level else "counter",
            f"What a {part} counts as {name}.",
            [
                ({part: owner} if owner else {}, status.counts[name])
                for owner, status in statuses.items()
                if name in status.counts
            ],
        )


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
