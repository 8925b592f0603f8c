"""The smallest TensorFlow Lite that a model needs, recomputed from its operations.

The `min_runtime_version` in a file is not to be trusted: tools that rewrite a model leave the old
one. Reads only the table in `litescore.tflite.operations`; whether a runtime does load a file is the
runtime's to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from litescore.tflite import operations
from litescore.tflite.operations import Operation

# The releases that litescore installs, and the TensorFlow Lite that each has all operations of.
# A test asks both for every operation and version.
RELEASES = {
    "tflite-runtime": ("tflite-runtime 2.14.0", "2.14.0"),
    "litert": ("LiteRT 2.3.0", "2.23.0"),
}
# Custom operations that both are built with.
_BUILT_IN = ("Mfcc", "AudioSpectrogram", "TFLite_Detection_PostProcess", "NumericVerify")

_NUMBERS = re.compile(r"\d+(\.\d+)*")


@dataclass(frozen=True)
class Needed:
    """version: the oldest TensorFlow Lite that has all the operations, as `2.3.0`; None where the
    table does not know. because: the operation that needs it; None for a model without any.
    """

    version: str | None
    because: Operation | None


def smallest(held: Iterable[Operation]) -> Needed:
    """The smallest TensorFlow Lite for a model's operations, and which of them asks for it.

    One that is not in the table (newer, or custom) makes the whole unknown.
    """
    needed = Needed(None, None)
    for operation in held:
        version = _first_with(operation)
        if version is None:
            return Needed(None, operation)
        if needed.version is None or _order(version) > _order(needed.version):
            needed = Needed(version, operation)
    return needed


def refusal(held: Iterable[Operation], runtime: str) -> str | None:
    """Why `runtime` (`litert` or `tflite-runtime`) cannot load a model of these operations, naming
    the first that it lacks; None where nothing speaks against it.
    """
    release, extent = RELEASES[runtime]
    for operation in held:
        version = _first_with(operation)
        if operation.custom and operation.custom not in _BUILT_IN:
            return f"{operation}: {release} does not have it"
        if version and _order(version) > _order(extent):
            return (
                f"{operation.name} version {operation.version} needs TensorFlow Lite {version}, "
                f"{release} is older"
            )
        # Of the release that is the last of its name the table knows all; LiteRT grows on.
        if version is None and not operation.custom and runtime == "tflite-runtime":
            return f"{operation.name} version {operation.version} is newer than {release}"
    return None


def too_old(runtime: str, version: str, needed: str) -> str | None:
    """Why `runtime` of this version cannot load a model that needs this TensorFlow Lite; None where it
    may. The table speaks of the releases that litescore installs: of others nobody knows.
    """
    release, extent = RELEASES[runtime]
    if release.rpartition(" ")[2] != version or not _NUMBERS.fullmatch(needed):
        return None
    if _order(needed) <= _order(extent):
        return None
    return f"it needs TensorFlow Lite {needed}, {release} is older"


def _first_with(operation: Operation) -> str | None:
    """The first TensorFlow Lite that had this version of the operation; None for unknown."""
    _, versions = operations.known().get(operation.code, ("", ()))
    known = 0 < operation.version <= len(versions)
    return versions[operation.version - 1] if known else None


def _order(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
