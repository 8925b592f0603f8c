"""A model's file -> keras.Model, and one line that says why not.

Understood are .keras, .h5 and SavedModel folders. It knows nothing of pixels or classes.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from export.convert import tensorflow
from litescore.errors import ModelError
from litescore.terminal import hushed

_ENDPOINT = "serving_default"
_WAY_OUT = "write it with `model.export(FOLDER)` where it was made, and give that folder"
# Keras' own words for a class that it lacks: .keras files, .h5 files.
_MISSING = re.compile(r"Could not locate (?:class|function) '([^']+)'|Unknown layer: '([^']+)'")


def load(path: str | Path) -> Any:
    """The keras.Model in a .keras or .h5 file, or around the `serving_default` of a SavedModel.

    Raises ModelError naming the file and what it lacks: custom layers, code in a Lambda layer, one
    picture as its only input.
    """
    path = Path(path)
    if not path.exists():
        raise ModelError(f"no model at {path}: a .keras or .h5 file, or a SavedModel folder")
    if path.is_dir():
        return _load_saved_model(path)
    try:
        with hushed():
            model = tensorflow().keras.models.load_model(path, compile=False)
    except Exception as error:  # Keras raises whatever the layers of a file raise
        raise ModelError(f"cannot load {path}: {_reason(path, str(error))}") from error
    if not hasattr(model, "input_shape"):
        raise ModelError(
            f"{path} has no input shape: build it where it was made, with "
            "`model.build((None, HEIGHT, WIDTH, 3))` for colour pictures, and save it again"
        )
    return model


def _reason(path: Path, said: str) -> str:
    missing = sorted(_custom_classes(path)) or [a or b for a, b in _MISSING.findall(said)]
    if missing:
        return f"litescore does not have its custom layers {', '.join(missing)}; {_WAY_OUT}"
    if "`Lambda` layer" in said:
        return f"a Lambda layer in it holds Python code, which is not run from a file; {_WAY_OUT}"
    if path.suffix == ".keras" and not zipfile.is_zipfile(path):
        return "it is no .keras archive"
    if "File format not supported" in said:
        return "its name ends in neither .keras nor .h5, the files that Keras writes"
    return said.splitlines()[0] if said else "Keras gives no reason"


def _custom_classes(path: Path) -> set[str]:
    """The classes that a .keras archive names and Keras does not have."""
    if not zipfile.is_zipfile(path):
        return set()
    with zipfile.ZipFile(path) as archive:
        if "config.json" not in archive.namelist():
            return set()
        layers = list(_layers(json.loads(archive.read("config.json"))))
    # Keras writes no module for what it knows by its registered name only.
    return {one["class_name"] for one in layers if not str(one["module"]).startswith("keras")}


def _layers(config: Any) -> Iterator[dict[str, Any]]:
    """Every layer in a model's config, those of models inside it too."""
    if isinstance(config, list):
        for one in config:
            yield from _layers(one)
    elif isinstance(config, dict):
        if {"class_name", "module", "build_config", "config"} <= config.keys():
            yield config
        for one in config.values():
            yield from _layers(one)


def _load_saved_model(path: Path) -> Any:
    tf = tensorflow()
    if not (path / "saved_model.pb").is_file():
        raise ModelError(f"{path} is no SavedModel: it lacks saved_model.pb")
    try:
        with hushed():
            signature = tf.saved_model.load(str(path)).signatures.get(_ENDPOINT)
            if signature is None:
                raise ModelError(f"{path} has no {_ENDPOINT}: {_WAY_OUT}")
            taken, name = _only_input(path, signature), _only_output(path, signature)
            layer = tf.keras.layers.TFSMLayer(str(path), call_endpoint=_ENDPOINT)
            # An open input may lead to operations of one batch, which the output then shows.
            batch = taken.shape[0] or signature.structured_outputs[name].shape[0]
            pixels = tf.keras.Input(batch_shape=(batch, *taken.shape[1:]), dtype="float32")
            return tf.keras.Model(pixels, layer(pixels)[name])
    except (ValueError, OSError, TypeError, RuntimeError, tf.errors.OpError) as error:
        raise ModelError(f"cannot load {path}: {str(error).splitlines()[0]}") from error


def _only_input(path: Path, signature: Any) -> Any:
    taken = list(signature.structured_input_signature[1].values())
    if len(taken) != 1 or not taken[0].shape.rank or taken[0].dtype.name != "float32":
        told = ", ".join(f"{one.dtype.name}{one.shape}" for one in taken)
        raise ModelError(f"{path} takes {told}, not one picture of float32")
    return taken[0]


def _only_output(path: Path, signature: Any) -> str:
    given = list(signature.structured_outputs)
    if len(given) != 1:
        raise ModelError(
            f"{path} has {len(given)} outputs ({', '.join(given)}): a classifier has one, a number a class"
        )
    name: str = given[0]
    return name
