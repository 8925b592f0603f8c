"""Golden samples: proof that a device computes what the export computed.

A model file carries a few test images and, for each runtime that the export had, what this very
file answered. They prove the runtime; the digest proves the model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from litescore import image
from litescore.comparison import Comparison, compare
from litescore.contract import GOLDEN_FOLDER, associated_files
from litescore.errors import ContractError, PermanentError
from litescore.scorer import Scorer

GOLDEN_IMAGES = 10
NOT_RECORDED = "not recorded"


@dataclass(frozen=True)
class Verdict:
    """`identical`, `within one step`, `different` or `not recorded`, and the figures behind it."""

    verdict: str
    runtime: str
    recorded: str | None = None
    comparison: Comparison | None = None

    @property
    def proven(self) -> bool:
        return self.verdict in ("identical", "within one step")


def answers_file(runtime: str) -> str:
    """The name, in the golden folder, of what a runtime answered."""
    return f"{runtime}.json"


def verify(model: str | Path | bytes, *, runtime: str | None = None) -> Verdict:
    """Replay the golden samples of a model file on a runtime (the one at hand by default).

    Raises ContractError for a file that carries none, or broken ones.
    """
    scorer = Scorer(model, runtime=runtime)
    files = {
        name.removeprefix(GOLDEN_FOLDER): data
        for name, data in associated_files(model).items()
        if name.startswith(GOLDEN_FOLDER)
    }
    if not any(name.endswith(".png") for name in files):
        raise ContractError(f"{_named(model)} carries no golden samples: export it again")
    if answers_file(scorer.runtime) not in files:
        return Verdict(NOT_RECORDED, str(scorer.runtime_used))
    try:
        return _replay(scorer, files)
    except (ValueError, KeyError, TypeError, PermanentError) as error:
        raise ContractError(
            f"the golden samples of {_named(model)} are broken ({error}): export it again"
        ) from error


def _replay(scorer: Scorer, files: Mapping[str, bytes]) -> Verdict:
    pictures = sorted((n for n in files if n.endswith(".png")), key=lambda n: int(n[:-4]))
    answers = json.loads(files[answers_file(scorer.runtime)])
    # They are tensors already, cut out of what a camera saw.
    tensors = np.stack(
        [image.fit_stored(image.decode(files[n]), scorer.contract) for n in pictures]
    )
    wanted = scorer.dequantize(np.array(answers["outputs"], answers["dtype"]))
    found = compare(wanted, scorer.probabilities(tensors), step=scorer.step)
    recorded = f"{answers['runtime']} {answers['version']}"
    return Verdict(found.verdict, str(scorer.runtime_used), recorded, found)


def _named(model: str | Path | bytes) -> str:
    return "the model" if isinstance(model, bytes) else str(model)
