"""Giving a .tflite file that another tool made its contract."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from litescore import contract as contracts
from litescore.contract import Contract
from litescore.files import write_whole
from litescore.scorer import Scorer


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
    a file that does not take raw pixels, and leaves `out` as it was.
    """
    data = Path(model).read_bytes() if Path(model).is_file() else b""
    names = contracts.read_labels(labels)
    bare = contracts.strip(data)
    found = Scorer(bare if data else model, labels=names).contract
    held = replace(found, resize=resize, interpolation=interpolation)
    write_whole(out, contracts.append(bare, held))
    return held
