"""What can be told of a model's words before anything is loaded. Knows no TensorFlow."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from litescore.contract import Contract
from litescore.errors import UsageError
from trainer.presets import BACKBONES, Architecture

# A backbone halves the picture five times; one pixel is left of 32.
SMALLEST = 32
# What the ImageNet weights were made for. At a third of it most of their patterns are too large.
_LEARNED = 224
_FEW = 96

_FILES = (".keras", ".h5")
_WORDS = ("imagenet", "none")


def check(architecture: Architecture, size: int | None = None) -> None:
    """Raises UsageError for words of a model that cannot work, with what would; `size` is pixels
    a side, where it is known.
    """
    if ":" in architecture.kind:
        function_of(architecture.kind)
    if architecture.kind not in BACKBONES:
        return
    if size is not None:
        check_size(architecture.kind, size, size)
    if architecture.weights not in _WORDS:
        check_path(Path(architecture.weights))


def content(architecture: Architecture) -> str:
    """The weights that it begins with: `imagenet`, `none`, or a file's SHA-256, wherever it lies.

    Raises UsageError where no weights can be read from a path.
    """
    if architecture.weights in _WORDS:
        return architecture.weights
    path = Path(architecture.weights)
    check_path(path)
    with path.open("rb") as file:
        return f"SHA-256 {hashlib.file_digest(file, 'sha256').hexdigest()}"


def check_size(kind: str, height: int, width: int) -> None:
    """Raises UsageError for a picture that a backbone cannot take."""
    if min(height, width) < SMALLEST:
        raise UsageError(
            f"{kind} halves a picture five times, {width} x {height} pixels are too few: give "
            f"--size {SMALLEST} or more ({_FEW} is a good start), or --model cnn"
        )


def check_path(path: Path) -> None:
    """Raises UsageError where no weights can be read from this path."""
    if not path.is_file():
        raise UsageError(
            f"no weights at {path}: --weights takes imagenet, none, or a .keras or .weights.h5 file, "
            "such as the model.keras of another run"
        )
    if path.suffix not in _FILES:
        raise UsageError(f"--weights {path}: its name ends in neither .keras nor .h5")


def function_of(name: str) -> tuple[str, str]:
    """Module and function of `module:function`. Raises UsageError for other words."""
    # A path of Windows has a colon of its own, in front.
    module, _, function = name.rpartition(":")
    if all(part.isidentifier() for part in (*module.split("."), function)):
        return module, function
    path = Path(module.replace("\\", "/"))
    if path.suffix == ".py" or len(path.parts) > 1:
        stem = path.stem if path.stem.isidentifier() else "mymodels"
        raise UsageError(
            f"--model {name} names a file: give the module's name, {stem}:{function or 'function'}, "
            "from the folder that holds it"
        )
    raise UsageError(f"--model {name} is no module:function, as mymodels:tiny")


def notes(architecture: Architecture, contract: Contract) -> Iterator[str]:
    """What a person should know before this model is trained, a sentence each."""
    side = min(contract.height, contract.width)
    if architecture.kind not in BACKBONES:
        return
    if architecture.weights == "imagenet" and side < _FEW:
        yield (
            f"ImageNet's weights were learned on {_LEARNED} pixels a side: at {side} they help "
            f"little, --size {_FEW} or more is better"
        )
    if architecture.weights == "none":
        yield f"{architecture.kind} learns from nothing: with less than thousands of images a class --model cnn learns sooner"
