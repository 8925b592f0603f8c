"""What training left in its folder, opened for export."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from export import splits
from export.heads import heads
from export.loading import load
from export.source import Source
from export.splits import Splits
from litescore import dataset
from litescore.contract import Contract
from litescore.dataset import Dataset
from litescore.errors import ConfigurationError, DataError

# Images whose answers show what a model gives, where its structure does not.
_SHOWN = 64


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
        return self.path / "model.keras"


def open_run(path: str | Path, data: str | None = None, *, convert_color: bool = False) -> Source:
    """The model of a training run and its images: at `data`, or where the run found them.

    Raises ConfigurationError naming the file that is missing or broken, ModelError for a model that
    does not fit its contract, DataError for images that do not fit the model.
    """
    run = read(path)
    place = data or run.data
    if place is None:
        raise DataError(f"{run.path / 'run.json'} names no data: give it with --data FOLDER")
    parts = splits.load(place, run.contract.labels, fraction=run.fraction, seed=run.seed)
    notes = parts.notes + _strangers(run, parts, convert_color=convert_color)
    contract = run.contract
    shown = parts.validation.take(range(min(_SHOWN, len(parts.validation)))).tensors(contract)
    found = heads(load(run.model), contract, shown, output=contract.output)
    return Source(
        name=str(run.path),
        model=found.probabilities,
        logits=found.logits,
        contract=replace(contract, output=found.output),
        train=parts.train,
        validation=parts.validation,
        test=parts.test,
        data=place,
        notes=notes + found.notes,
    )


def read(path: str | Path) -> RunFolder:
    """The run in a folder. Raises ConfigurationError naming the file that is missing or broken."""
    path = Path(path)
    for name in ("model.keras", "contract.json"):
        if not (path / name).is_file():
            raise ConfigurationError(
                f"{path} is no training run: it lacks {name}; make one with "
                f"`litescore train --out {path}`"
            )
    contract = Contract.from_json((path / "contract.json").read_bytes())
    facts = _facts(path / "run.json")
    held = facts.get("validation") or {}
    return RunFolder(
        path,
        contract,
        facts.get("data"),
        float(held.get("fraction", 0.0)),
        int(held.get("seed", 0)),
        facts.get("digest"),
    )


def open_data(run: RunFolder, data: str | None) -> tuple[Dataset, Dataset]:
    """Training images for calibration and test images for the proof; `data` or what the run used.

    Raises DataError when there are none, or their classes are not the model's.
    """
    place = data or run.data
    if place is None:
        raise DataError(f"{run.path / 'run.json'} names no data: give it with --data FOLDER")
    parts = dataset.load(place, "train"), dataset.load(place, "test")
    for part in parts:
        part.classes_for(run.contract.labels)
    return parts


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


def _facts(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        facts = json.loads(path.read_bytes())
    except ValueError as error:
        raise ConfigurationError(f"{path} is not JSON: {error}") from error
    return facts if isinstance(facts, dict) else {}
