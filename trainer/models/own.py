"""A model of one's own: what `module:function` returns, called and checked.

It must be what every other model here is: a functional keras.Model of Keras' own layers, from
pixels 0..255 to probabilities, of which the exported graph may hold all.
"""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from litescore.contract import Contract
from litescore.errors import ModelError, UsageError
from trainer.backend import keras
from trainer.models.ending import ending_of
from trainer.models.limits import function_of

layers = keras.layers

# Of keras.layers, what changes pixels while training but does not begin with Random.
_AUGMENTS = frozenset(
    ("AugMix", "AutoContrast", "CutMix", "Equalization", "MixUp", "RandAugment", "Solarization")
)
_END_IN = "end it in Dense(classes), with softmax or without"


def build(name: str, contract: Contract) -> Any:
    """The functional keras.Model that `name` (`module:function`) makes, giving probabilities.

    The function is called with those of height, width, channels and classes that it takes. Raises
    UsageError where it cannot be found or called, ModelError for what it returns.
    """
    model = _called(name, _function(name), contract)
    try:
        return _checked(model, contract)
    except ModelError as error:
        raise ModelError(f"--model {name}: {error}") from error


def notes(model: Any) -> Iterator[str]:
    """What a person should know before such a model is trained, a sentence each."""
    inner = [layer for layer in _all_layers(model) if not isinstance(layer, layers.InputLayer)]
    if inner and not isinstance(inner[0], layers.Rescaling | layers.Normalization):
        yield (
            f"your model begins with {type(inner[0]).__name__} ({inner[0].name}): it is given pixels "
            "0..255, and learns better behind Rescaling(1 / 255)"
        )


def _function(name: str) -> Callable[..., Any]:
    module, function = function_of(name)
    with _working_directory():
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name and (module == error.name or module.startswith(f"{error.name}.")):
                raise UsageError(
                    f"--model {name}: no module {error.name} in {Path.cwd()} or installed"
                ) from error
            raise UsageError(f"--model {name}: {module} cannot be imported: {error}") from error
        # A module raises whatever its author's code raises; one that is a program may exit.
        except (Exception, SystemExit) as error:
            raise UsageError(
                f"--model {name}: {module} cannot be imported: {_said(error)}"
            ) from error
    made = getattr(found, function, None)
    if not callable(made):
        known = [key for key, value in vars(found).items() if inspect.isfunction(value)]
        raise UsageError(
            f"--model {name}: {module} has no function {function}"
            + (f"; it has {', '.join(known)}" if known else "")
        )
    return made  # type: ignore[no-any-return]


@contextmanager
def _working_directory() -> Iterator[None]:
    """Modules are also looked for here, as `python` does and an installed command does not."""
    here = str(Path.cwd())
    sys.path.insert(0, here)
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(here)


def _called(name: str, function: Callable[..., Any], contract: Contract) -> Any:
    words = {
        "height": contract.height,
        "width": contract.width,
        "channels": contract.channels,
        "classes": len(contract.labels),
    }
    try:
        taken = inspect.signature(function).parameters.values()
    except (TypeError, ValueError) as error:
        raise UsageError(f"--model {name} does not say what it takes: give a function") from error
    if not any(one.kind is one.VAR_KEYWORD for one in taken):
        asked = {one.name for one in taken}
        words = {word: value for word, value in words.items() if word in asked}
    needed = [one.name for one in taken if _is_needed(one) and one.name not in words]
    if needed:
        raise UsageError(
            f"--model {name} asks for {', '.join(needed)}: it is given height, width, channels and "
            "classes; give the others a default"
        )
    try:
        with _working_directory():
            return function(**words)
    except (Exception, SystemExit) as error:  # their code raises whatever it raises
        raise ModelError(f"--model {name} raised {_said(error)}") from error


def _is_needed(parameter: inspect.Parameter) -> bool:
    varied = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return parameter.default is parameter.empty and not varied


def _said(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__


def _checked(model: Any, contract: Contract) -> Any:
    if not isinstance(model, keras.Model):
        raise ModelError(f"it returned {type(model).__name__}, not a keras.Model")
    shape = (contract.height, contract.width, contract.channels)
    if isinstance(model, keras.Sequential) and not model.built:
        _build(model, shape)
    _check_layers(model)
    _check_shapes(model, shape, len(contract.labels))
    ending = ending_of(model)
    if ending is None:
        raise ModelError(f"whether it ends in logits or probabilities cannot be seen: {_END_IN}")
    if ending not in ("softmax", "linear"):
        raise ModelError(f"it ends in {ending}: {_END_IN}")
    # A Sequential too becomes a plain graph.
    outputs = model.outputs[0]
    if ending == "linear":
        outputs = layers.Softmax(name="probabilities")(outputs)
    whole = keras.Model(model.inputs[0], outputs)
    if not whole.trainable_weights:
        raise ModelError(
            "nothing in it can learn: no weights are trainable; give it a layer that has some, as "
            "Dense(classes), and leave trainable on"
        )
    _check_answers(whole, shape)
    return whole


def _build(model: Any, shape: tuple[int, ...]) -> None:
    try:
        model.build((None, *shape))
    except Exception as error:  # a layer refuses a shape as its author chose
        raise ModelError(f"its layers do not take pictures of {shape}: {_said(error)}") from error


def _check_layers(model: Any) -> None:
    """Nothing of augmentation, which would be exported, and nothing that a file cannot hold."""
    for layer in _all_layers(model):
        kind = type(layer)
        if kind.__name__.startswith("Random") or kind.__name__ in _AUGMENTS:
            raise ModelError(
                f"{kind.__name__} ({layer.name}) would be in the exported model: take it out, "
                "--augment does it while training"
            )
        if kind is layers.Lambda or not kind.__module__.startswith("keras."):
            raise ModelError(
                f"{kind.__name__} ({layer.name}) is code that model.keras does not hold, so "
                "litescore export could not read it: build it of Keras' own layers"
            )


def _check_shapes(model: Any, shape: tuple[int, ...], classes: int) -> None:
    if not getattr(model, "inputs", None) or not getattr(model, "outputs", None):
        raise ModelError(
            "a subclass of keras.Model shows no graph: return keras.Model(input, output)"
        )
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ModelError(
            f"it has {len(model.inputs)} inputs and {len(model.outputs)} outputs: it needs one of each"
        )
    pixels, answers = model.inputs[0], model.outputs[0]
    if tuple(pixels.shape) != (None, *shape):
        raise ModelError(
            f"it takes {_told(pixels)}, the pictures are {shape}: begin with "
            "keras.Input((height, width, channels))"
        )
    if pixels.dtype != "float32":
        raise ModelError(f"it takes {pixels.dtype}: begin with an Input of float32")
    if tuple(answers.shape) != (None, classes):
        raise ModelError(f"it gives {_told(answers)}, the data has {classes} classes: {_END_IN}")


def _told(tensor: Any) -> str:
    shape = tuple(tensor.shape)
    fixed = "" if shape[0] is None else f", {shape[0]} at a time"
    return f"{shape[1:]}{fixed}"


def _check_answers(model: Any, shape: tuple[int, ...]) -> None:
    random = np.random.default_rng(0).integers(0, 256, shape)
    shown = np.stack([np.zeros(shape), random]).astype(np.float32)
    try:
        answers = np.asarray(model(shown, training=False))
    except Exception as error:  # TensorFlow has many kinds
        raise ModelError(f"it fails on a picture of {shape}: {_said(error)}") from error
    for name, answer in zip(("black", "random"), answers, strict=True):
        if not np.isfinite(answer).all():
            raise ModelError(f"it answers {answer[~np.isfinite(answer)][0]:g} to a {name} picture")


def _all_layers(model: Any) -> Iterator[Any]:
    """Every layer, those of models inside it too."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _all_layers(layer)
        else:
            yield layer
