"""A model that sees pictures inverted, for one command: a digit drawn dark on white paper.

It is the very file that `litescore describe MODEL --invert` writes, but in memory. So its records
are that file's too: they name its SHA-256, and never pass for those of the model as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from litescore import carried
from litescore import contract as contracts
from litescore.errors import UsageError
from litescore.scorer import Scorer, read_model


def read(
    model: str,
    *,
    labels: Sequence[str] | None = None,
    version: str | None = None,
    sha256: str | None = None,
) -> bytes:
    """The model at a path or s3:// URL, with a contract whose view inverts.

    The arguments are those of `Scorer`; `sha256` is that of the model as it is. Raises as `Scorer`
    does, and UsageError for a model that inverts by its own contract.
    """
    data = read_model(model, version)
    # Its own checks first, under its own name.
    held = Scorer(model, labels=labels, version=version, sha256=sha256).contract
    if held.view.invert:
        raise UsageError(f"{model} inverts pictures by its own contract: leave out --invert")
    seen = replace(held, view=replace(held.view, invert=True), accuracy={})
    return contracts.append(data, seen, carried.read(data).golden_of(seen))
