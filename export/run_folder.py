"""What training left in its folder, as far as export needs it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from litescore.contract import Contract
from litescore.dataset import Dataset, load
from litescore.errors import ConfigurationError, DataError


@dataclass(frozen=True)
class RunFolder:
    """A training run: the Keras model's path, its contract and where its data lay."""

    path: Path
    contract: Contract
    data: str | None

    @property
    def model(self) -> Path:
        return self.path / "model.keras"


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
    return RunFolder(path, contract, _facts(path / "run.json").get("data"))


def open_data(run: RunFolder, data: str | None) -> tuple[Dataset, Dataset]:
    """Training images for calibration and test images for the proof; `data` or what the run used.

    Raises DataError when there are none, or their classes are not the model's.
    """
    place = data or run.data
    if place is None:
        raise DataError(f"{run.path / 'run.json'} names no data: give it with --data FOLDER")
    parts = load(place, "train"), load(place, "test")
    for part in parts:
        part.classes_for(run.contract.labels)
    return parts


def _facts(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        facts = json.loads(path.read_bytes())
    except ValueError as error:
        raise ConfigurationError(f"{path} is not JSON: {error}") from error
    return facts if isinstance(facts, dict) else {}
