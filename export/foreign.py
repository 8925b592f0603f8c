"""A Keras model that someone else trained, described well enough to be converted faithfully.

What its training did to the pictures is asked for and never guessed. It does not convert.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from export.source import Source


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
    threshold      0..1: from which probability on a label of a `multilabel` model holds
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
    threshold: float = 0.5
    convert_color: bool = False


def open_model(path: str | Path, description: Description) -> Source:
    """The model at `path` (.keras, .h5 or a SavedModel folder) with the images it is proven on.

    Raises ModelError for a model that cannot be read or is no classifier of pictures, UsageError
    for what the description lacks or contradicts, DataError for images that do not fit the model.
    """
    raise NotImplementedError
