"""litescore: one .tflite file that carries everything needed to use it, and one way from image
bytes to a record, run unchanged in a terminal, on AWS Lambda and on a Raspberry Pi.

The floor that every room stands on. It knows no TensorFlow, no Lambda and no camera, and imports
none of the rooms (`trainer`, `export`, `lambda_handler`, `edge`, `infra`). Importing it costs
nothing: each name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from litescore.classification import Classification as Classification
    from litescore.contract import Contract as Contract
    from litescore.errors import LitescoreError as LitescoreError
    from litescore.model import Model as Model
    from litescore.record import Record as Record
    from litescore.scorer import Scorer as Scorer

__version__ = "0.1.0"
__all__ = [
    "Classification",
    "Contract",
    "LitescoreError",
    "Model",
    "Record",
    "Scorer",
    "__version__",
]

_HOMES = {
    "Classification": "litescore.classification",
    "Contract": "litescore.contract",
    "LitescoreError": "litescore.errors",
    "Model": "litescore.model",
    "Record": "litescore.record",
    "Scorer": "litescore.scorer",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'litescore' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
