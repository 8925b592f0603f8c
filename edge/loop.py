"""The loop: each frame fitted, scored, decided on and told, until the source ends or a stop is wished.

It does not know what a camera is, nor where records go.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import closing

import numpy as np
from numpy.typing import NDArray

from edge.decisions import Decider
from edge.device import Device
from edge.emission import EVERY, Emission
from edge.frames import Frame, Source, tensor
from edge.meter import Meter, Summary
from edge.scored import Scored, Watcher
from edge.sinks import Sink
from edge.stop import Stop
from litescore.errors import PermanentError
from litescore.scorer import Scorer


class Loop:
    """Turns frames into records with one model on one device.

    sinks     take what is emitted
    watchers  look at every frame
    decider   makes one decision of frame after frame
    emission  says which frames are emitted; every one by default
    top       how many labels a record lists
    """

    def __init__(
        self,
        scorer: Scorer,
        device: Device,
        *,
        sinks: Sequence[Sink] = (),
        watchers: Sequence[Watcher] = (),
        decider: Decider | None = None,
        emission: Emission = EVERY,
        top: int = 3,
    ) -> None:
        self.meter = Meter()
        self._scorer = scorer
        self._device = device
        self._sinks = sinks
        self._watchers = watchers
        self._decider = decider or Decider(scorer.contract)
        self._emission = emission
        self._top = top

    def run(
        self,
        source: Source,
        stop: Stop,
        *,
        max_frames: int | None = None,
        interval: float = 0.0,
    ) -> Summary:
        """Score frames until the source ends, `max_frames` are done or a stop is requested.

        interval  at least so many seconds from one frame to the next

        Raises ConfigurationError when the source or a sink is lost.
        """
        with closing(source.frames()) as frames:
            for frame in frames:
                if stop.requested:
                    break
                if frame is None:
                    continue
                begun = time.perf_counter()
                self._tell(self.score(frame))
                if self.meter.frames == max_frames:
                    break
                stop.wait(begun + interval - time.perf_counter())
        return self.meter.summary()

    def score(self, frame: Frame) -> Scored:
        """What the model and the frames before it make of a frame."""
        scorer = self._scorer
        probabilities, decision, error = None, None, None
        try:
            probabilities = self._probabilities(frame)
            decision = self._decider.decide(probabilities, frame.monotonic)
        except PermanentError as raised:
            error = raised
        return Scored(
            frame,
            probabilities,
            decision,
            error,
            contract=scorer.contract,
            model=scorer.digest,
            device=self._device,
            top=self._top,
        )

    def _probabilities(self, frame: Frame) -> NDArray[np.float32]:
        if isinstance(frame.pixels, PermanentError):
            raise frame.pixels
        fitted = tensor(frame.pixels, self._scorer.contract)
        begun = time.perf_counter()
        probabilities: NDArray[np.float32] = self._scorer.probabilities(fitted[np.newaxis])[0]
        self.meter.invoked(time.perf_counter() - begun)
        return probabilities

    def _tell(self, scored: Scored) -> None:
        for watcher in self._watchers:
            watcher.see(scored)
        emitted = self._emission.due(scored)
        if emitted:
            for sink in self._sinks:
                sink.write(scored)
        self.meter.done(scored, emitted=emitted)
