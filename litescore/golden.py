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
from numpy.typing import NDArray

from litescore import image
from litescore.comparison import Comparison, compare
from litescore.contract import GOLDEN_FOLDER, Contract, associated_files
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
        """Whether the runtime may be used: rounding may differ by one step of the output's scale."""
        return self.verdict in ("identical", "within one step")


def answers_file(runtime: str) -> str:
    """The name, in the golden folder, of what a runtime answered."""
    return f"{runtime}.json"


def verify(model: str | Path | bytes, *, runtime: str | None = None) -> Verdict:
    """Replay the golden samples of a model file on a runtime (the one at hand by default).

    Raises ContractError for a file that carries none, or broken ones.
    """
    return replay(Scorer(model, runtime=runtime), model)


def replay(scorer: Scorer, model: str | Path | bytes) -> Verdict:
    """As `verify`, on a scorer of that model that is loaded already."""
    files = carried(model)
    if not files:
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


def carried(model: str | Path | bytes) -> dict[str, bytes]:
    """Name -> content of a file's golden images and answers; {} where it has no such image."""
    files = {
        name.removeprefix(GOLDEN_FOLDER): data
        for name, data in associated_files(model).items()
        if name.startswith(GOLDEN_FOLDER)
    }
    return files if any(name.endswith(".png") for name in files) else {}


def generated(contract: Contract, count: int = 4) -> NDArray[np.uint8]:
    """uint8[count, height, width, channels]: the same images everywhere, for a model that carries
    none. Not noise alone: bands and slopes are what filters answer to.
    """
    shape = (contract.height, contract.width, contract.channels)
    place = np.arange(count * int(np.prod(shape)), dtype=np.uint64)
    scattered = (place * np.uint64(2654435761) >> np.uint64(16)) & np.uint64(63)
    sloping = (place * np.uint64(192) // np.uint64(max(1, place.size))) & np.uint64(255)
    return (scattered + sloping).astype(np.uint8).reshape(count, *shape)


def _named(model: str | Path | bytes) -> str:
    return "the model" if isinstance(model, bytes) else str(model)
