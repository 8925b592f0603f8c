"""Whether a model is one that the function's LiteRT can load."""

from __future__ import annotations

from collections.abc import Mapping

from litescore.errors import ModelError
from litescore.tflite import operations, opversions

# LiteRT -> the TensorFlow Lite that it has all operations of. A test asks each for all of them.
_EXTENTS: Mapping[str, str] = {"2.1.0": "2.20.0", "2.3.0": "2.23.0"}


def check(data: bytes, litert: str) -> None:
    """Refuse a model that needs a newer LiteRT than `litert`, the version in the zip.

    Raises ModelError naming the operation and the way out. What the table does not know passes:
    the runtime here has loaded it.
    """
    needed = opversions.smallest(operations.read(data))
    extent = _EXTENTS.get(litert)
    if needed.version and extent and _order(needed.version) > _order(extent):
        raise ModelError(
            f"the model's {needed.because} needs TensorFlow Lite {needed.version}, LiteRT {litert} "
            f"in the zip is of {extent}: package for another --arch, or build a container with "
            "--container"
        )


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
