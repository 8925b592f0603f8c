"""`litescore edge` with one release that takes the process down:
`python -m tests.rig.crashing DIGEST FRAMES run OPTION...`.

A stand-in by need: a model file that loads, answers its golden samples and then crashes either runtime
after some frames, on purpose and on every processor, is not known. The crash itself is a real one: SIGABRT
out of the model's invocation, as a failed check in a runtime's C++ code raises it. Everything else is the
real command.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from edge.cli import edge
from litescore.cli import run
from litescore.scorer import Scorer


def crash(digest: str, frames: int) -> None:
    """From now on the model with this digest aborts the process once it has scored so many frames."""
    scored = 0
    whole = Scorer.probabilities

    def probabilities(self: Scorer, tensors: Any) -> Any:
        nonlocal scored
        # Its golden samples come several at once.
        if self.digest == digest and len(tensors) == 1:
            if scored == frames:
                os.abort()
            scored += 1
        return whole(self, tensors)

    Scorer.probabilities = probabilities  # type: ignore[method-assign]


if __name__ == "__main__":
    crash(sys.argv[1], int(sys.argv[2]))
    run(edge, sys.argv[3:])
