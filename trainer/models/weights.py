"""Weights from files into a backbone, by the names of its layers. The file's own head is left out.

Understood are .keras files, what `save_weights` writes (.weights.h5), and .h5 files of older Keras.
No code in them is run. Knows nothing of where they come from.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litescore.errors import ModelError
from trainer.models.freezing import backbone_of
from trainer.models.limits import check_path

Arrays = Mapping[str, list[NDArray[Any]]]

# Layers named in a message.
_TOLD = 3
_WEIGHTS_IN_KERAS = "model.weights.h5"


def read(path: Path) -> Arrays:
    """The arrays of each layer with weights, in Keras' order, by the layer's name.

    Raises UsageError where there is no such file, ModelError where it cannot be read.
    """
    check_path(path)
    try:
        content = path.read_bytes()
        if path.suffix == ".keras":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                content = archive.read(_WEIGHTS_IN_KERAS)
        found = _named(content)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise ModelError(f"cannot read weights from {path}: {error}") from error
    if not found:
        raise ModelError(
            f"{path} names no layers, as Keras before 3.10 wrote it: save the whole model there, as "
            ".keras, with a newer one"
        )
    return found


def give(model: Any, arrays: Arrays, source: str) -> None:
    """Set the backbone's weights. Raises ModelError naming layers that `source` lacks or has otherwise."""
    wanted = [layer for layer in backbone_of(model) if layer.weights]
    wrong = [told for layer in wanted if (told := _difference(layer, arrays.get(layer.name)))]
    if wrong:
        more = f" and {len(wrong) - _TOLD} more" if len(wrong) > _TOLD else ""
        raise ModelError(
            f"{source} does not fit: of {len(wanted)} layers {len(wrong)} differ, "
            f"{'; '.join(wrong[:_TOLD])}{more}: give weights of the same --model"
        )
    for layer in wanted:
        layer.set_weights(arrays[layer.name])


def _difference(layer: Any, arrays: list[NDArray[Any]] | None) -> str | None:
    if arrays is None:
        return f"{layer.name} is missing"
    shapes = [tuple(weight.shape) for weight in layer.weights]
    given = [array.shape for array in arrays]
    if given != shapes:
        return f"{layer.name} has {_shapes(given)} instead of {_shapes(shapes)}"
    if not all(np.isfinite(array).all() for array in arrays):
        return f"{layer.name} holds numbers that are not finite"
    return None


def _shapes(shapes: list[tuple[int, ...]]) -> str:
    return " + ".join("x".join(map(str, shape)) or "1" for shape in shapes)


def _named(content: bytes) -> dict[str, list[NDArray[Any]]]:
    # It takes a tenth of a second, and most models need no file.
    import h5py

    with h5py.File(io.BytesIO(content), "r") as file:
        old = file.get("model_weights", file)
        return _old(old) if "layer_names" in old.attrs else _new(file)


def _new(file: Any) -> dict[str, list[NDArray[Any]]]:
    """Of Keras 3: groups called `vars`, which bear their layer's name and arrays 0, 1, 2 and so on."""
    found: dict[str, list[NDArray[Any]]] = {}

    def visit(path: str, group: Any) -> None:
        if path.rpartition("/")[2] == "vars" and "name" in group.attrs and len(group):
            found[str(group.attrs["name"])] = [np.asarray(group[key]) for key in _numbers(group)]

    file.visititems(visit)
    return found


def _numbers(group: Any) -> list[str]:
    return sorted(group, key=int)


def _old(file: Any) -> dict[str, list[NDArray[Any]]]:
    """Of Keras before 3: a group for each layer, which lists its arrays."""
    found = {}
    for name in map(_text, file.attrs["layer_names"]):
        arrays = [np.asarray(file[name][_text(one)]) for one in file[name].attrs["weight_names"]]
        if arrays:
            found[name] = arrays
    return found


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
