"""What the loop made of one frame, and who looks at it."""

from __future__ import annotations

import time
from functools import cached_property
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from edge.decisions import Decision
from edge.device import Device
from edge.frames import Frame
from litescore.contract import Contract
from litescore.errors import PermanentError
from litescore.record import Record, moment, threshold_of
from litescore.view import WHOLE


class Scored:
    """One frame, scored or failed.

    frame          as the source gave it
    probabilities  float32[classes] of this frame alone, in the order of the contract's labels; None
                   where the frame failed
    decision       what the frames up to this one come to; None where this frame failed
    error          why it failed; None where it is scored
    contract       of the model that scored it
    model          its SHA-256
    model_seconds  that it took; None where the frame failed before it
    at             seconds since 1970 when it was scored

    The record is made when it is first asked for: most frames of a camera are told to nobody.
    """

    def __init__(
        self,
        frame: Frame,
        probabilities: NDArray[np.float32] | None,
        decision: Decision | None,
        error: PermanentError | None,
        *,
        contract: Contract,
        model: str,
        device: Device,
        top: int,
        model_seconds: float | None = None,
    ) -> None:
        self.frame = frame
        self.probabilities = probabilities
        self.decision = decision
        self.error = error
        self.contract = contract
        self.model = model
        self.model_seconds = model_seconds
        self.at = time.time()
        self._device = device
        self._top = top

    @cached_property
    def record(self) -> Record:
        """The record of this frame."""
        frame, contract = self.frame, self.contract
        if self.probabilities is None:
            assert self.error is not None
            return Record.failed(frame.subject, self.error, model=self.model, frame=self._where())
        return Record.scored(
            frame.subject,
            self.probabilities,
            labels=contract.labels,
            model=self.model,
            top=self._top,
            threshold=threshold_of(contract),
            frame=self._where(),
            decision=self.decision.to_json() if self.decision else None,
            at=moment(self.at),
        )

    def _where(self) -> dict[str, Any]:
        device, frame, view = self._device, self.frame, self.contract.view
        where = {
            "device": device.id,
            "boot": device.boot,
            "run": device.run,
            "number": frame.number,
            "monotonic": round(frame.monotonic, 6),
            **frame.place,
        }
        # So that training can see of a kept frame what the model saw.
        return where if view == WHOLE else where | {"view": view.to_json()}


class Watcher(Protocol):
    """Looks at every frame that was scored, on the loop's thread, whether emitted or not."""

    def see(self, scored: Scored) -> None:
        """Note it and return at once: less than 20 microseconds."""
