"""A Keras model, its contract and its images -> the source of an export, whoever trained it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from export.heads import SHOWN, heads
from export.preprocess import PREPROCESSES, Preprocess
from export.source import Source
from export.splits import Splits
from litescore.contract import Contract
from litescore.errors import ModelError


def source(
    path: str | Path,
    model: Any,
    contract: Contract,
    parts: Splits,
    *,
    preprocess: Preprocess = PREPROCESSES["none"],
    output: str | None = None,
) -> Source:
    """The model that was loaded from `path`, on raw pixels; the notes are those of images and ending.

    preprocess, output  as `heads` takes them

    Raises ModelError naming the file, and UsageError, for what `heads` refuses.
    """
    shown = parts.validation.take(range(min(SHOWN, len(parts.validation)))).tensors(contract)
    try:
        found = heads(model, contract, shown, preprocess=preprocess, output=output)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    return Source(
        name=str(path),
        model=found.probabilities,
        logits=found.logits,
        contract=replace(contract, output=found.output),
        train=parts.train,
        validation=parts.validation,
        test=parts.test,
        data=parts.place,
        notes=(*parts.notes, *found.notes),
    )
