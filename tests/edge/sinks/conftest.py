"""Frames as the loop hands them to sinks and watchers, without a loop."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.decisions import Decision
from edge.device import Device
from edge.frames import Frame, Still
from edge.scored import Scored
from litescore.contract import Contract
from litescore.errors import PermanentError
from litescore.record import Subject
from tests.edge.conftest import RED, plain

CONTRACT = Contract(("red", "green", "blue"), "rgb", 8, 8)
Score = Callable[..., Scored]


@pytest.fixture
def score(device: Device) -> Score:
    """`score(number, probabilities, pixels)`: a scored frame; a failed one for a PermanentError."""

    def make(
        number: int = 0,
        probabilities: tuple[float, ...] = (0.9, 0.06, 0.04),
        pixels: NDArray[np.uint8] | Still | PermanentError | None = None,
        *,
        contract: Contract = CONTRACT,
        changed: bool = False,
        decided: str | None = None,
    ) -> Scored:
        pixels = plain(RED) if pixels is None else pixels
        frame = Frame(Subject("/dev/video0", etag=device.etag(number)), number, 100.0, pixels)
        error = pixels if isinstance(pixels, PermanentError) else None
        best = contract.labels[int(np.argmax(probabilities))]
        decision = Decision(decided or best, 0.9, 100.0, changed, "green" if changed else None)
        return Scored(
            frame,
            None if error else np.array(probabilities, np.float32),
            None if error else decision,
            error,
            contract=contract,
            model="0" * 64,
            device=device,
            top=3,
        )

    return make
