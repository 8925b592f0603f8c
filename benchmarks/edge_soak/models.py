"""Model files that take each other's place."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from litescore import contract as contracts
from litescore.contract import GOLDEN_FOLDER


@dataclass(frozen=True)
class Models:
    """Bytes of .tflite files.

    good   several that answer the same and differ in their contract, so in their digest
    half   the first half of one
    wrong  one whose golden samples say something else than it answers
    """

    good: tuple[bytes, ...]
    half: bytes
    wrong: bytes

    @classmethod
    def of(cls, path: Path) -> Models:
        """Made of an exported file, which has golden samples."""
        model = path.read_bytes()
        good = (model, *(_named(model, f"another, {n}") for n in range(2)))
        return cls(good, model[: len(model) // 2], _named(model, "wrong", broken=True))


def _named(model: bytes, name: str, *, broken: bool = False) -> bytes:
    contract = contracts.read(model)
    assert contract is not None
    golden = {
        file.removeprefix(GOLDEN_FOLDER): _broken(data)
        if broken and file.endswith("json")
        else data
        for file, data in contracts.associated_files(model).items()
        if file.startswith(GOLDEN_FOLDER)
    }
    changed = replace(contract, origin=dict(contract.origin) | {"soak": name})
    return contracts.append(model, changed, golden)


def _broken(answers: bytes) -> bytes:
    """The answers, each under the next picture."""
    told = json.loads(answers)
    told["outputs"] = told["outputs"][1:] + told["outputs"][:1]
    return json.dumps(told).encode()
