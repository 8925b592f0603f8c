"""Giving a .tflite file that another tool made its contract."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from litescore import contract as contracts
from litescore.contract import Contract
from litescore.errors import ContractError, ModelError
from litescore.files import write_whole
from litescore.scorer import FLOAT_STEP, Scorer, read_model

# Noisy pictures that must be answered with probabilities.
_TRIALS = 8


def describe(
    model: str | Path,
    labels: str | Path,
    *,
    resize: str,
    interpolation: str,
    out: str | Path,
) -> Contract:
    """Write `model` with a contract to `out`; size and colour are read from its tensors.

    Raises ContractError for labels that do not match the output or an unknown mode, ModelError for
    a file that does not take raw pixels or does not give probabilities, and leaves `out` as it was.
    """
    names = contracts.read_labels(labels)
    bare = contracts.strip(read_model(model))
    try:
        scorer = Scorer(bare, labels=names)
    except (ModelError, ContractError) as error:
        raise type(error)(f"{model}: {str(error).removeprefix('the model: ')}") from error
    _check_answers(str(model), scorer)
    held = replace(scorer.contract, resize=resize, interpolation=interpolation)
    write_whole(out, contracts.append(bare, held))
    return held


def _check_answers(name: str, scorer: Scorer) -> None:
    c = scorer.contract
    shape = (_TRIALS, c.height, c.width, c.channels)
    answers = scorer.probabilities(np.random.default_rng(0).integers(0, 256, shape, np.uint8))
    farthest = float(answers.flat[np.abs(answers - 0.5).argmax()])
    if not -FLOAT_STEP <= farthest <= 1 + FLOAT_STEP:
        raise ModelError(
            f"{name}: answers {farthest:g}, which is no probability: its graph must end in softmax"
        )
