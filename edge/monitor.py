"""How the whole loop is doing, for whoever shows it: the preview, the metrics, the broker."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import litescore
from edge.decisions import Decision
from edge.device import Device
from edge.frames import Source
from edge.loop import Loop
from edge.releases.status import ReleaseStatus
from edge.status import Status

# Seconds for which a temperature holds.
_LUKEWARM = 5.0


@dataclass(frozen=True)
class Snapshot:
    """One moment of a loop.

    device, boot, run      which device, since which boot, which loop (see `edge.device.Device`)
    version                of litescore
    model, model_name      SHA-256 of the model's file, and the file's name
    model_problem          why a newer file was not taken; None where nothing is wrong
    release                of the channel that is followed; None of a plain file
    runtime, variant       `litert` or `tflite-runtime`; how the model is quantized
    labels                 of the model, in output order
    since, uptime          monotonic seconds of the start; seconds since
    frames, failed, emitted  counts since the start
    fps                    of the last ten seconds
    latency_ms, invoke_ms  p50, p90 and p99 of the last frames, from capture to decision and of the
                           model alone; {} before the first frame
    source, source_name    how the source is doing, and what it is
    sinks                  how each sink is doing
    decision               the newest
    temperature_c          of the processor, degrees Celsius; None where the machine cannot say
    throttled              what slows the machine down now, such as `under-voltage`
    """

    device: str
    boot: str
    run: int
    version: str
    model: str
    model_name: str
    model_problem: str | None
    runtime: str
    variant: str | None
    labels: tuple[str, ...]
    since: float
    uptime: float
    frames: int
    failed: int
    emitted: int
    fps: float
    latency_ms: Mapping[str, float]
    invoke_ms: Mapping[str, float]
    source: Status
    source_name: str
    sinks: Mapping[str, Status]
    decision: Decision | None
    temperature_c: float | None
    throttled: tuple[str, ...]
    release: ReleaseStatus | None = None


class Snapshots(Protocol):
    """What the preview and the broker ask."""

    def snapshot(self) -> Snapshot:
        """How the loop is doing now; may be asked on any thread."""


class Heat(Protocol):
    """What a thermal reading says, as far as it is shown."""

    @property
    def temperature_c(self) -> float | None:
        """Of the processor, in degrees Celsius; None where the machine cannot say."""

    @property
    def throttled(self) -> tuple[str, ...] | None:
        """What slows the machine down now, such as `under-voltage`; None where it cannot say."""


class Part(Protocol):
    """A sink, or what keeps frames, as far as it is shown."""

    @property
    def name(self) -> str:
        """As the status page and the metrics call it; no two parts share one."""

    def status(self) -> Status:
        """How it is doing; may be asked on any thread."""


class Named(Protocol):
    """The model's file or channel, as far as it is shown."""

    @property
    def name(self) -> str:
        """A file's name, or a channel as `SHELF@CHANNEL`."""

    @property
    def problem(self) -> str | None:
        """Why a newer model is not taken, for a person; None where nothing is wrong."""

    @property
    def release(self) -> ReleaseStatus | None:
        """Where the followed channel stands; None of a file, and before it began."""


class Monitor:
    """Looks at a loop and its parts from outside; may be asked on any thread.

    parts    what it shows of as `sinks`; to be added to before anybody asks

    thermal  reads the processor's temperature
    """

    def __init__(
        self,
        loop: Loop,
        model: Named,
        source: Source,
        device: Device,
        thermal: Callable[[], Heat],
    ) -> None:
        self.parts: list[Part] = []
        self._loop = loop
        self._model = model
        self._source = source
        self._device = device
        self._thermal = thermal
        self._since = time.monotonic()
        self._felt: tuple[float, Heat] | None = None

    def snapshot(self) -> Snapshot:
        """How it is now."""
        loop, scorer, heat = self._loop, self._loop.scorer, self._heat()
        meter, device = loop.meter, self._device
        return Snapshot(
            device=device.id,
            boot=device.boot,
            run=device.run,
            version=litescore.__version__,
            model=scorer.digest,
            model_name=self._model.name,
            model_problem=self._model.problem,
            runtime=scorer.runtime,
            variant=scorer.contract.variant,
            labels=scorer.contract.labels,
            since=self._since,
            uptime=time.monotonic() - self._since,
            frames=meter.frames,
            failed=meter.failed,
            emitted=meter.emitted,
            fps=meter.fps,
            latency_ms=meter.latency_ms(),
            invoke_ms=meter.invoke_ms(),
            source=self._source.status(),
            source_name=self._source.name,
            sinks={part.name: part.status() for part in self.parts},
            decision=loop.decision,
            temperature_c=heat.temperature_c,
            throttled=heat.throttled or (),
            release=self._model.release,
        )

    def _heat(self) -> Heat:
        # The page asks several times a second; asking the firmware is a process.
        now = time.monotonic()
        if self._felt is None or now - self._felt[0] > _LUKEWARM:
            self._felt = now, self._thermal()
        return self._felt[1]
