"""The loop: each frame fitted, scored and written, until the source ends or a stop is wished.

It does not know what a camera is, nor where records go.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import closing
from dataclasses import dataclass
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.device import Device
from edge.sinks import Sink
from edge.sources import Frame, Source
from edge.stop import Stop
from litescore.errors import PermanentError
from litescore.image import Pixels, fit
from litescore.record import Record, threshold_of
from litescore.scorer import Scorer

# A loop that runs for a year tells the median of its last so many frames.
_REMEMBERED = 4096


@dataclass(frozen=True)
class Summary:
    """What a loop did: frames (the failed ones among them), seconds from the first frame on, and
    the median time in milliseconds that the model took of the last frames; None without any.
    """

    frames: int
    failed: int
    seconds: float
    model_ms: float | None

    def __str__(self) -> str:
        if not self.frames:
            return "0 frames"
        rate = self.frames / max(self.seconds, 1e-9)
        failed = f" ({self.failed} failed)" if self.failed else ""
        model = "" if self.model_ms is None else f", model p50 {self.model_ms:.3g} ms"
        plural = "" if self.frames == 1 else "s"
        return f"{self.frames} frame{plural}{failed}, {rate:.1f} frames/s{model}"


class Loop:
    """Turns frames into records with one model on one device.

    top  how many labels a record lists
    """

    def __init__(self, scorer: Scorer, device: Device, *, top: int = 3) -> None:
        self._scorer = scorer
        self._device = device
        self._top = top
        self._frames = 0
        self._failed = 0
        self._began = 0.0
        self._model_seconds: deque[float] = deque(maxlen=_REMEMBERED)

    def run(
        self,
        source: Source,
        sink: Sink,
        stop: Stop,
        *,
        max_frames: int | None = None,
        interval: float = 0.0,
    ) -> Summary:
        """Score frames until the source ends, `max_frames` are done or a stop is requested.

        interval  at least so many seconds from one frame to the next

        Raises ConfigurationError when the source or the sink is lost.
        """
        with closing(source.frames()) as frames:
            for frame in frames:
                if stop.requested:
                    break
                if frame is None:
                    continue
                begun = time.perf_counter()
                self._began = self._began or begun
                sink.write(self.record(frame))
                if self._frames == max_frames:
                    break
                stop.wait(begun + interval - time.perf_counter())
        return self.summary()

    def record(self, frame: Frame) -> Record:
        """The record of one frame: scored, or failed where it has no pixels."""
        self._frames += 1
        scorer, where = self._scorer, self._where(frame)
        if isinstance(frame.pixels, PermanentError):
            self._failed += 1
            return Record.failed(frame.subject, frame.pixels, model=scorer.digest, frame=where)
        return Record.scored(
            frame.subject,
            self._probabilities(frame.pixels),
            labels=scorer.contract.labels,
            model=scorer.digest,
            top=self._top,
            threshold=threshold_of(scorer.contract),
            frame=where,
        )

    def summary(self) -> Summary:
        """What was done so far."""
        seconds = time.perf_counter() - self._began if self._began else 0.0
        model = median(self._model_seconds) * 1000 if self._model_seconds else None
        return Summary(self._frames, self._failed, seconds, model)

    def _probabilities(self, pixels: Pixels) -> NDArray[np.float32]:
        tensor = fit(pixels, self._scorer.contract)
        begun = time.perf_counter()
        probabilities: NDArray[np.float32] = self._scorer.probabilities(tensor[np.newaxis])[0]
        self._model_seconds.append(time.perf_counter() - begun)
        return probabilities

    def _where(self, frame: Frame) -> dict[str, Any]:
        device = self._device
        return {
            "device": device.id,
            "boot": device.boot,
            "run": device.run,
            "number": frame.number,
            "monotonic": round(frame.monotonic, 6),
            **frame.place,
        }
