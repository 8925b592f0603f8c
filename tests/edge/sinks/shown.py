"""Frames as the loop tells them to sinks, without a camera and a model; a loop's snapshot."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace

import numpy as np

from edge.decisions import Decision
from edge.device import Device
from edge.frames import Frame
from edge.monitor import Snapshot
from edge.releases.status import ReleaseStatus
from edge.scored import Scored
from edge.status import Status
from litescore.contract import Contract
from litescore.record import Subject

LABELS = ("red", "green", "blue")
CONTRACT = Contract(LABELS, "rgb", 8, 8, variant="f32")
MODEL = "ab" * 32
DEVICE = Device(id="0123456789ab", boot="boot", run=7)


def shown(number: int, label: str = "red", score: float = 0.9) -> Scored:
    """Frame `number`, whose newest decision is `label`."""
    now = time.monotonic()
    frame = Frame(
        Subject("camera", etag=DEVICE.etag(number)), number, now, np.zeros((8, 8, 3), np.uint8)
    )
    others = (1 - score) / (len(LABELS) - 1)
    scores = np.array([score if one == label else others for one in LABELS], np.float32)
    decision = Decision(label, score, now - 1.0, changed=False, previous=None)
    return Scored(
        frame, scores, decision, None, contract=CONTRACT, model=MODEL, device=DEVICE, top=3
    )


RELEASE = ReleaseStatus(
    "s3://bucket/models/shoes@stable",
    "b",
    MODEL,
    7,
    trial=80.4,
    since="2026-01-02T03:04:05Z",
    checked="2026-01-02T03:14:05Z",
    failure="channel 'stable' of shoes: no such file",
    bad={"cd" * 32: "the loop crashed with it"},
)
SNAPSHOT = Snapshot(
    device=DEVICE.id,
    boot=DEVICE.boot,
    run=DEVICE.run,
    version="0.1.0",
    model=MODEL,
    model_name="color.tflite",
    model_problem=None,
    runtime="litert",
    variant="f32",
    labels=LABELS,
    since=1.0,
    uptime=2.0,
    frames=3,
    failed=0,
    emitted=3,
    fps=29.97,
    latency_ms={"p50": 4.0, "p90": 5.0, "p99": 6.0},
    invoke_ms={"p50": 1.0, "p90": 2.0, "p99": 3.0},
    source=Status("running"),
    source_name="camera",
    sinks={},
    decision=None,
    temperature_c=48.3,
    throttled=(),
)


@dataclass
class Snapped:
    """A monitor that says what a test wants said."""

    now: Snapshot = field(default_factory=lambda: SNAPSHOT)

    def snapshot(self) -> Snapshot:
        return self.now

    def source(self, state: str) -> None:
        self.now = replace(self.now, source=Status(state, "because"))
