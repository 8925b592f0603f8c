"""Whether this environment computes what the export computed: the answer to `{"verify": true}`.

Reads no image, and writes no record. What is compared is the scorer that events are scored by.
"""

from __future__ import annotations

import hashlib
import platform
from typing import Any

from lambda_handler import scoring
from litescore import golden
from litescore.errors import ConfigurationError
from litescore.golden import Verdict
from litescore.scorer import Scorer

NO_SAMPLES = "no golden samples"


def verify() -> dict[str, Any]:
    """The verdict on the model's golden samples, and what it was reached with.

    `images` and `differing` count samples and those with another best class, `farthest` is the
    largest difference of one probability. Where the file has no answers to compare with,
    `generated` holds the probabilities of `litescore.golden.generated`, to compare elsewhere.
    Raises ConfigurationError where the model's file is not that which was loaded any more.
    """
    scorer = scoring.prepare()
    verdict = _replayed(scorer)
    reply: dict[str, Any] = {
        "verdict": verdict.verdict,
        "runtime": verdict.runtime,
        "recorded": verdict.recorded,
        "python": platform.python_version(),
        "model": scorer.digest,
    }
    if found := verdict.comparison:
        counts = {"images": found.n, "differing": len(found.differing), "farthest": found.farthest}
        return reply | counts
    images = golden.generated(scorer.contract)
    return reply | {"generated": scorer.probabilities(images).tolist()}


def _replayed(scorer: Scorer) -> Verdict:
    data = scoring.model_file()
    if hashlib.sha256(data).hexdigest() != scorer.digest:
        raise ConfigurationError(
            f"{scoring.model()} is another file than was loaded: a new version was put in its place"
        )
    if not golden.carried(data):
        return Verdict(NO_SAMPLES, str(scorer.runtime_used))
    return golden.replay(scorer, data)
