"""The loop: each frame fitted, scored, decided on and told, until the source ends or a stop is wished.

It does not know what a camera is, nor where records go.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import closing
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from edge.decisions import Decider, Deciding, Decision
from edge.device import Device
from edge.emission import Emission, Telling
from edge.frames import PATIENCE, Frame, Source, tensor
from edge.meter import Meter, Summary
from edge.outbox import Outbox
from edge.scored import Scored, Watcher
from edge.sinks import Sink
from edge.stop import Stop
from litescore.errors import PermanentError
from litescore.scorer import Scorer


class Loop:
    """Turns frames into records with one model on one device.

    sinks     take what is told; both lists may be added to before `run`
    watchers  look at every frame
    deciding  how one decision is made of frame after frame
    telling   which frames are told; every one by default
    alive     called at least each `edge.frames.PATIENCE` seconds
    top       how many labels a record lists
    """

    def __init__(
        self,
        scorer: Scorer,
        device: Device,
        *,
        sinks: Iterable[Sink] = (),
        watchers: Iterable[Watcher] = (),
        deciding: Deciding | None = None,
        telling: Telling | None = None,
        alive: Callable[[], None] = lambda: None,
        top: int = 3,
    ) -> None:
        self.meter = Meter()
        self.decision: Decision | None = None
        self._device = device
        self.sinks, self.watchers = list(sinks), list(watchers)
        self._deciding = deciding
        self._emission = Emission(telling or Telling(every=True))
        self._alive = alive
        self._top = top
        self._next: tuple[Scorer, Decider] | None = None
        self._scorer, self._decider = scorer, Decider(scorer.contract, deciding)

    @property
    def scorer(self) -> Scorer:
        """The model that is on."""
        return self._scorer

    def replace(self, scorer: Scorer) -> None:
        """Go on with another model from the next frame on; may be called on any thread.

        Raises UsageError for a model that has no label of which a confidence is asked for.
        """
        # Another model may have other labels: what was decided by the old one is not carried over.
        self._next = scorer, Decider(scorer.contract, self._deciding)

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
        source.expect(self._scorer.contract)
        with Outbox(self.sinks, self._alive) as outbox, closing(source.frames()) as frames:
            for frame in frames:
                self._alive()
                if self._next is not None:
                    (self._scorer, self._decider), self._next = self._next, None
                    source.expect(self._scorer.contract)
                if stop.requested:
                    break
                if frame is None:
                    continue
                begun = time.perf_counter()
                self._tell(self.score(frame), outbox)
                if self.meter.frames == max_frames:
                    break
                self._wait(stop, begun + interval)
        return self.meter.summary()

    def score(self, frame: Frame) -> Scored:
        """What the model and the frames before it make of a frame."""
        scorer = self._scorer
        probabilities, decision, error, seconds = None, None, None, None
        try:
            fitted = tensor(frame, scorer.contract)
            probabilities, seconds = self._probabilities(fitted)
            decision = self._decide(probabilities, frame)
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
            model_seconds=seconds,
        )

    def _wait(self, stop: Stop, until: float) -> None:
        while not stop.requested and (left := until - time.perf_counter()) > 0:
            self._alive()
            stop.wait(min(left, PATIENCE))

    def _probabilities(self, fitted: NDArray[np.uint8]) -> tuple[NDArray[np.float32], float]:
        """Of a frame's tensor, and the seconds that the model took."""
        begun = time.perf_counter()
        probabilities: NDArray[np.float32] = self._scorer.probabilities(fitted[np.newaxis])[0]
        seconds = time.perf_counter() - begun
        self.meter.invoked(seconds)
        if self._scorer.answers_floats and not isfinite(probabilities.max()):
            # In a mean it would stay for ever.
            raise PermanentError("unsupported", "the model's answer to it is no number")
        return probabilities, seconds

    def _decide(self, probabilities: NDArray[np.float32], frame: Frame) -> Decision:
        position = frame.place.get("position")
        self.decision = self._decider.decide(probabilities, frame.monotonic, position)
        return self.decision

    def _tell(self, scored: Scored, outbox: Outbox) -> None:
        for watcher in self.watchers:
            watcher.see(scored)
        emitted = self._emission.due(scored)
        if emitted:
            outbox.put(scored)
        self.meter.done(scored, emitted=emitted)
