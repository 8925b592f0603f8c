"""What training left in its folder, opened for export."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from export import opening, splits
from export.loading import load
from export.source import Source
from export.splits import Splits
from litescore.contract import Contract
from litescore.errors import ConfigurationError, ContractError, DataError
from litescore.store.s3 import is_s3


@dataclass(frozen=True)
class RunFolder:
    """A training run: the Keras model's path, its contract and what run.json says of its data.

    fraction, seed  of the training images that were validation images
    digest          of the training images
    """

    path: Path
    contract: Contract
    data: str | None
    fraction: float = 0.0
    seed: int = 0
    digest: str | None = None

    @property
    def model(self) -> Path:
        """The Keras model's file."""
        return self.path / "model.keras"


def open_run(path: str | Path, data: str | None = None, *, convert_color: bool = False) -> Source:
    """The model of a training run and its images: at `data`, or where the run found them.

    Raises ConfigurationError naming the file that is missing or broken, ModelError for a model that
    does not fit its contract, DataError for images that do not fit the model.
    """
    run = read(path)
    contract = run.contract
    place = data or _recorded(run)
    parts = splits.load(place, contract.labels, fraction=run.fraction, seed=run.seed)
    told = _strangers(run, parts, convert_color=convert_color)
    parts = replace(parts, notes=parts.notes + told)
    source = opening.source(run.model, load(run.model), contract, parts, output=contract.output)
    return replace(source, name=str(run.path))


def read(path: str | Path) -> RunFolder:
    """The run in a folder. Raises ConfigurationError naming the file that is missing or broken."""
    path = Path(path)
    for name in ("model.keras", "contract.json"):
        if not (path / name).is_file():
            raise ConfigurationError(
                f"{path} is no training run: it lacks {name}; make one with "
                f"`litescore train --out {path}`"
            )
    try:
        contract = Contract.from_json((path / "contract.json").read_bytes())
    except ContractError as error:
        raise ContractError(f"{path / 'contract.json'}: {error}") from error
    facts = _facts(path / "run.json")
    held = facts.get("validation") or {}
    return RunFolder(
        path,
        contract,
        facts.get("data"),
        float(held.get("fraction", 0.0)),
        held.get("seed", 0),
        facts.get("digest"),
    )


def _recorded(run: RunFolder) -> str:
    """Where the run found its images. Raises DataError when that is not known or not there."""
    file, way_out = run.path / "run.json", "give it with --data FOLDER"
    if not file.exists():
        raise DataError(f"{file} is missing, which names the data: {way_out}")
    if run.data is None:
        raise DataError(f"{file} names no data: {way_out}")
    if not is_s3(run.data) and not Path(run.data).exists():
        raise DataError(f"no data at {run.data}, where {file} says it is: {way_out}")
    return run.data


def _strangers(run: RunFolder, parts: Splits, *, convert_color: bool) -> tuple[str, ...]:
    """What to tell where the images are not those that the run was trained on.

    Its own were brought to the model's colour by training already, in whatever mode they are.
    """
    if run.digest is None or parts.whole.digest() == run.digest:
        return ()
    if not convert_color:
        splits.check_color(parts, run.contract)
    return (
        f"{parts.whole.name} is not what the model was trained on: some of its training images "
        "may be among these validation images",
    )


def _facts(path: Path) -> Mapping[str, Any]:
    """What run.json says, {} where there is none; what is read from it is of its type."""
    if not path.exists():
        return {}
    try:
        facts = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"{path} is not JSON: {error}") from error
    _check(path, "the whole", facts, _is_object, "JSON object")
    held = facts.get("validation") or {}
    _check(path, "validation", held, _is_object, "object")
    for name in ("data", "digest"):
        _check(path, name, facts.get(name), _is_text_or_none, "text")
    _check(path, "fraction", held.get("fraction", 0), _is_fraction, "number from 0 to below 1")
    _check(path, "seed", held.get("seed", 0), _is_seed, "whole number from 0 on")
    return dict(facts)


def _check(path: Path, name: str, value: Any, fits: Callable[[Any], bool], what: str) -> None:
    if not fits(value):
        raise ConfigurationError(f"{path}: {name} {value!r} is no {what}")


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_text_or_none(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_fraction(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1


def _is_seed(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
