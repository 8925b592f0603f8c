"""A frame as the loop hands it to sinks and watchers, without a loop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.decisions import Decision
from edge.device import Device
from edge.frames import Frame, Still
from edge.scored import Scored
from litescore.contract import Contract
from litescore.errors import PermanentError
from litescore.record import Subject
from tests.edge.conftest import RED, plain

DEVICE = Device(id="0123456789ab", boot="boot", run=7)
CONTRACT = Contract(("red", "green", "blue"), "rgb", 8, 8)


def scored(
    number: int = 0,
    probabilities: tuple[float, ...] = (0.9, 0.06, 0.04),
    pixels: NDArray[np.uint8] | Still | PermanentError | None = None,
    *,
    contract: Contract = CONTRACT,
    decision: Decision | None = None,
) -> Scored:
    """Frame `number` of a camera, scored; a failed one where `pixels` are a PermanentError."""
    pixels = plain(RED) if pixels is None else pixels
    failed = isinstance(pixels, PermanentError)
    best = contract.labels[int(np.argmax(probabilities))]
    return Scored(
        Frame(Subject("/dev/video0", etag=DEVICE.etag(number)), number, 100.0, pixels),
        None if failed else np.array(probabilities, np.float32),
        None if failed else decision or Decision(best, 0.9, 100.0, changed=False, previous=None),
        pixels if isinstance(pixels, PermanentError) else None,
        contract=contract,
        model="0" * 64,
        device=DEVICE,
        top=3,
    )
