"""Giving a .tflite file that another tool made its contract."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from litescore import carried
from litescore import contract as contracts
from litescore.carried import Carried
from litescore.contract import Contract
from litescore.errors import ContractError, ModelError, UsageError
from litescore.files import write_whole
from litescore.scorer import FLOAT_STEP, Probabilities, Scorer, read_model
from litescore.tflite import metadata, tensors
from litescore.view import UNCHANGED, ViewChanges

# Noisy pictures that must be answered with probabilities.
_TRIALS = 8
# By how much a softmax may miss 1 in floats; whole numbers may by a step a class.
_SUM_STEP = 0.01
# Mean and deviation that change nothing.
_RAW = ((0.0,), (1.0,))


@dataclass(frozen=True)
class Described:
    """What a file was given.

    kept     what its own contract said and goes on saying; none for a file that had no contract
    changed  the fields by which its answers are others than before
    dropped  what it carried and carries no more
    """

    contract: Contract
    kept: tuple[str, ...]
    changed: tuple[str, ...]
    dropped: tuple[str, ...]


def describe(
    model: str | Path,
    labels: str | Path | None = None,
    *,
    out: str | Path,
    resize: str | None = None,
    interpolation: str | None = None,
    jpeg: str | None = None,
    output: str | None = None,
    threshold: float | None = None,
    view: ViewChanges = UNCHANGED,
    overwrite: bool = False,
) -> Described:
    """Write `model` with a contract to `out`; size and colour are read from its tensors.

    What is None stays as the file's own contract has it, or is Contract's default where the file
    has none; labels it must have then. Accuracy and golden samples stay where the answers do.

    output     `softmax` or `multilabel`; of itself softmax, or sigmoid where one unit tells two
               labels apart
    threshold  from which probability on a label of `multilabel` holds
    view       changes to what the model sees of a camera's picture
    overwrite  let `labels` replace other ones, and a contract that cannot be read

    Raises ContractError for labels that do not match the output or are not the file's own, or an
    unknown mode, ModelError for a file that does not take raw pixels or does not give probabilities,
    UsageError for missing labels or a threshold without multilabel; and leaves `out` as it was.
    """
    data = read_model(model)
    names = None if labels is None else contracts.read_labels(labels)
    modes = {"resize": resize, "interpolation": interpolation, "jpeg": jpeg, "output": output}
    modes = {name: value for name, value in modes.items() if value is not None}
    try:
        own = _carried(data, overwrite)
        names = _settled(names, own.contract, overwrite)
        told = Scorer(contracts.strip(data), labels=names).contract
        held = _merged(own, told, modes, threshold, view)
        file = contracts.append(data, held, own.golden_of(held))
        _check_normalization(contracts.strip(data))
        _check_answers(Scorer(file))
    except (ModelError, ContractError) as error:
        raise type(error)(f"{model}: {str(error).removeprefix('the model: ')}") from error
    write_whole(out, file)
    stated = [*modes, *(["labels"] if labels else []), *(["threshold"] if threshold else [])]
    stated += ["view"] if view else []
    return Described(held, own.kept(held, stated), own.changed(held), own.dropped(held))


def _carried(data: bytes, overwrite: bool) -> Carried:
    try:
        return carried.read(data)
    except ContractError as error:
        if not overwrite:
            raise ContractError(f"{error}; or replace it with --overwrite") from error
        return Carried(others=("a contract that cannot be read",))


def _settled(
    labels: tuple[str, ...] | None, own: Contract | None, overwrite: bool
) -> tuple[str, ...]:
    """The labels that were given, or else the file's own."""
    if own is None:
        if labels is None:
            raise UsageError("a file without a contract needs its class names: --labels FILE")
        return labels
    if labels not in (None, own.labels) and not overwrite:
        first = ", ".join(own.labels[:3]) + (", ..." if len(own.labels) > 3 else "")
        raise ContractError(
            f"its contract has other labels, or in another order ({first}): leave out --labels "
            "to keep them, or replace them with --overwrite"
        )
    return labels or own.labels


def _merged(
    own: Carried,
    told: Contract,
    modes: Mapping[str, Any],
    threshold: float | None,
    view: ViewChanges,
) -> Contract:
    """What was stated, else what the file's own contract says, else what its tensors tell."""
    if told.output == "sigmoid" and "output" in modes:
        raise ContractError(
            f"one unit for two labels is a sigmoid, not {modes['output']}: leave out --output"
        )
    held = own.carry_on(told)
    held = replace(held, **modes, view=view.apply(held.view))
    if held.output != "multilabel":
        if threshold is not None:
            raise UsageError(f"--threshold {threshold:g} is for --output multilabel only")
        held = replace(held, threshold=Contract.threshold)
    elif threshold is not None:
        held = replace(held, threshold=threshold)
    return replace(held, accuracy={}) if own.changed(held) else held


def _check_normalization(model: bytes) -> None:
    """Another tool's metadata may want the pixels changed first, of which the tensors say nothing.

    Whole numbers are raw pixels by their scale: there it tells of the graph's own floats.
    """
    wanted = metadata.normalization(model)
    (taken,) = tensors.read(model).inputs
    if taken.dtype != "float32" or wanted is None or wanted == _RAW:
        return
    mean, deviation = ("/".join(f"{value:g}" for value in values) for values in wanted)
    raise ModelError(
        f"its TFLite Metadata wants pixels normalized by mean {mean} and deviation {deviation}, "
        "litescore gives raw ones: put the normalization into the graph"
    )


def _check_answers(scorer: Scorer) -> None:
    answers = _answers(scorer)
    farthest = float(answers.flat[np.abs(answers - 0.5).argmax()])
    if not -FLOAT_STEP <= farthest <= 1 + FLOAT_STEP:
        raise ModelError(
            f"answers {farthest:g}, which is no probability: its graph must end in softmax"
        )
    sums = answers.sum(axis=1)
    farthest = float(sums[np.abs(sums - 1).argmax()])
    step = max(_SUM_STEP, scorer.step * answers.shape[1])
    if scorer.contract.output == "softmax" and abs(farthest - 1) > step:
        raise ModelError(
            f"the answers to an image add up to {farthest:.3g}, not to 1 as of a softmax: "
            "use --output multilabel where each label is a question of its own"
        )


def _answers(scorer: Scorer) -> Probabilities:
    c = scorer.contract
    shape = (_TRIALS, c.height, c.width, c.channels)
    return scorer.probabilities(np.random.default_rng(0).integers(0, 256, shape, np.uint8))
