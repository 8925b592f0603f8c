"""A Keras model that someone else trained, described well enough to be converted faithfully.

What its training did to the pictures is asked for and never guessed. It does not convert.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from export import opening, preprocess, splits
from export.loading import load
from export.preprocess import Preprocess
from export.source import Source
from export.splits import Splits
from litescore.contract import Contract, read_labels
from litescore.errors import ModelError, UsageError

_SCALERS = ("Rescaling", "Normalization")


@dataclass(frozen=True)
class Description:
    """What a model file cannot say about itself.

    labels         file of class names, one a line, in output order
    data           labelled images: a folder, IDX files or an .npz file
    preprocess     what training did to pixels 0..255 before the model: `none`, `unit` (0..1), or
                   `tf`, `torch`, `caffe` as in keras.applications; None when mean and std say it
    mean, std      (pixel - mean) / std in grey levels 0..255, one value or one a channel
    resize         `squash`, `fit-shortest` or `fit-longest`
    antialias      whether training resized with antialiasing (image_dataset_from_directory does
                   not); None is refused where a picture's size is not the model's
    size           (height, width), for a model whose own size is open, and only for it
    output         `softmax`, `sigmoid` or `multilabel`; None for what the model shows
    threshold      0..1: from which probability on a label of a `multilabel` model holds; None
                   for the contract's own
    convert_color  take pictures of the other colour mode: gray for rgb, or the reverse
    """

    labels: Path
    data: str
    preprocess: str | None = None
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    resize: str = "squash"
    antialias: bool | None = None
    size: tuple[int, int] | None = None
    output: str | None = None
    threshold: float | None = None
    convert_color: bool = False


def open_model(path: str | Path, description: Description) -> Source:
    """The model at `path` (.keras, .h5 or a SavedModel folder) with the images it is proven on.

    Raises ModelError for a model that cannot be read or is no classifier of pictures, UsageError
    for what the description lacks or contradicts, DataError for images that do not fit the model.
    """
    labels = read_labels(description.labels)
    model = load(path)
    contract = _contract(path, model, labels, description)
    before, notes = _preprocess(path, model, contract, description)
    parts = splits.load(description.data, labels)
    if not description.convert_color:
        splits.check_color(parts, contract)
    contract = replace(contract, interpolation=_interpolation(parts, contract, description))
    source = opening.source(
        path, model, contract, parts, preprocess=before, output=description.output
    )
    _check_threshold(source, description)
    facts = {
        "model": Path(path).name,
        "dataset": parts.whole.name,
        "digest": parts.whole.digest(),
        "preprocess": before.to_facts(),
    }
    return replace(source, notes=(*notes, *source.notes), facts=facts)


def _contract(
    path: str | Path, model: Any, labels: tuple[str, ...], description: Description
) -> Contract:
    *own, channels = _picture(path, model)
    height, width = _size(path, own, description)
    color = "gray" if channels == 1 else "rgb"
    contract = Contract(labels, color, height, width, resize=description.resize)
    if description.threshold is None:
        return contract
    return replace(contract, threshold=description.threshold)


def _size(path: str | Path, own: list[int | None], description: Description) -> tuple[int, int]:
    """Height and width: the model's own, and what is said where those are open."""
    height, width = own
    told = description.size
    if told is None:
        if height is None or width is None:
            raise UsageError(
                f"{path} takes pictures of {_words(own)}: say with --size which size it was "
                "trained on"
            )
        return height, width
    if any(side not in (None, wanted) for side, wanted in zip(own, told, strict=True)):
        raise UsageError(
            f"{path} takes pictures of {_words(own)}, not of --size {_words(told)} "
            "(width x height): leave --size out"
        )
    return told


def _words(size: Sequence[int | None]) -> str:
    """(height, width) as people say it, width first."""
    height, width = ("any" if side is None else side for side in size)
    return f"{width} x {height}"


def _picture(path: str | Path, model: Any) -> tuple[int | None, int | None, int]:
    """Height and width, None where open, and channels of the model's one input."""
    shape = model.input_shape
    if isinstance(shape, list):
        raise ModelError(f"{path} has {len(shape)} inputs, not one picture")
    sides = tuple(shape[1:])
    if len(sides) == 2 and None not in sides:
        return (*sides, 1)
    if len(sides) != 3 or sides[2] not in (1, 3):
        raise ModelError(
            f"{path} takes {sides}, not a picture of (height, width, channels) with 1 or 3 channels"
        )
    height, width, channels = sides
    return height, width, channels


def _preprocess(
    path: str | Path, model: Any, contract: Contract, description: Description
) -> tuple[Preprocess, tuple[str, ...]]:
    found = preprocess.chosen(
        description.preprocess, description.mean, description.std, channels=contract.channels
    )
    own = _own_scaling(model)
    if found is None:
        raise UsageError(
            f"say with --preprocess what training did to the pixels before {path} saw them: "
            f"{', '.join(preprocess.PREPROCESSES)}, or --mean and --std; {_hint(own)}"
        )
    if own is not None and found.name != "none":
        told = f"{own} in the model scales pixels too: --preprocess {found.name} comes before it"
        return found, (told,)
    return found, ()


def _hint(own: str | None) -> str:
    if own is None:
        return "no layer in it scales pixels, so `none` means that it was trained on 0..255"
    return f"{own} in it scales pixels already, so it is `none` where training fed it 0..255"


def _own_scaling(model: Any) -> str | None:
    """The layer that scales pixels before the first weights, in words; None without one."""
    for layer in _leaves(model):
        kind = type(layer).__name__
        if kind in _SCALERS:
            return f"{kind} layer {layer.name!r}"
        if layer.weights:
            return None
    return None


def _leaves(model: Any) -> Iterator[Any]:
    for layer in getattr(model, "layers", ()):
        yield from _leaves(layer) if getattr(layer, "layers", None) else [layer]


def _check_threshold(source: Source, description: Description) -> None:
    output = source.contract.output
    if description.threshold is not None and output != "multilabel":
        raise UsageError(
            f"--threshold {description.threshold:g} is for --output multilabel only, "
            f"{source.name} gives {output}: leave it out"
        )


def _interpolation(parts: Splits, contract: Contract, description: Description) -> str:
    if description.antialias is not None:
        return "bilinear-antialias" if description.antialias else "bilinear"
    odd = splits.other_size(parts, contract)
    if odd is not None:
        raise UsageError(
            f"a picture of {odd[1]} x {odd[0]} must be brought to {contract.width} x "
            f"{contract.height}: say whether training resized with --antialias (Pillow, litescore) "
            "or with --no-antialias (image_dataset_from_directory, tf.image.resize)"
        )
    return contract.interpolation
