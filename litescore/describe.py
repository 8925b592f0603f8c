"""Giving a .tflite file that another tool made its contract."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from litescore import contract as contracts
from litescore.contract import Contract
from litescore.errors import ContractError, ModelError, UsageError
from litescore.files import write_whole
from litescore.scorer import FLOAT_STEP, Probabilities, Scorer, read_model
from litescore.tflite import metadata, tensors

# Noisy pictures that must be answered with probabilities.
_TRIALS = 8
# By how much a softmax may miss 1 in floats; whole numbers may by a step a class.
_SUM_STEP = 0.01
# Mean and deviation that change nothing.
_RAW = ((0.0,), (1.0,))


def describe(
    model: str | Path,
    labels: str | Path,
    *,
    resize: str,
    interpolation: str,
    out: str | Path,
    output: str | None = None,
    threshold: float | None = None,
) -> Contract:
    """Write `model` with a contract to `out`; size and colour are read from its tensors.

    output     `softmax` or `multilabel`; None for softmax, or sigmoid where one unit tells two
               labels apart
    threshold  from which probability on a label of `multilabel` holds, 0.5 by default

    Raises ContractError for labels that do not match the output or an unknown mode, ModelError for
    a file that does not take raw pixels or does not give probabilities, UsageError for a threshold
    without multilabel; and leaves `out` as it was.
    """
    if threshold is not None and output != "multilabel":
        raise UsageError(f"--threshold {threshold:g} is for --output multilabel only")
    names = contracts.read_labels(labels)
    bare = contracts.strip(read_model(model))
    try:
        scorer = Scorer(bare, labels=names)
        held = _with_output(scorer.contract, output, threshold)
        _check_normalization(bare)
        _check_answers(scorer, held.output)
    except (ModelError, ContractError) as error:
        raise type(error)(f"{model}: {str(error).removeprefix('the model: ')}") from error
    held = replace(held, resize=resize, interpolation=interpolation)
    write_whole(out, contracts.append(bare, held))
    return held


def _with_output(held: Contract, output: str | None, threshold: float | None) -> Contract:
    if output is None:
        return held
    if held.output == "sigmoid":
        raise ContractError(
            f"one unit for two labels is a sigmoid, not {output}: leave out --output"
        )
    return replace(
        held, output=output, threshold=held.threshold if threshold is None else threshold
    )


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


def _check_answers(scorer: Scorer, output: str) -> None:
    answers = _answers(scorer)
    farthest = float(answers.flat[np.abs(answers - 0.5).argmax()])
    if not -FLOAT_STEP <= farthest <= 1 + FLOAT_STEP:
        raise ModelError(
            f"answers {farthest:g}, which is no probability: its graph must end in softmax"
        )
    sums = answers.sum(axis=1)
    farthest = float(sums[np.abs(sums - 1).argmax()])
    if output == "softmax" and abs(farthest - 1) > max(_SUM_STEP, scorer.step * answers.shape[1]):
        raise ModelError(
            f"the answers to an image add up to {farthest:.3g}, not to 1 as of a softmax: "
            "use --output multilabel where each label is a question of its own"
        )


def _answers(scorer: Scorer) -> Probabilities:
    c = scorer.contract
    shape = (_TRIALS, c.height, c.width, c.channels)
    return scorer.probabilities(np.random.default_rng(0).integers(0, 256, shape, np.uint8))
