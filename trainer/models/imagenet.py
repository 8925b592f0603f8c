"""What backbones learned on ImageNet: the files that keras.applications downloads, in Keras' cache.

Downloaded here, because Keras waits for ever where there is no network.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from litescore.errors import DataError, ModelError
from litescore.files import write_whole
from trainer import keras_home as home
from trainer.backend import keras
from trainer.images.download import fetch
from trainer.models.weights import Arrays

URL = "https://storage.googleapis.com/"


@dataclass(frozen=True)
class Published:
    """Weights without their head: the application, the file behind URL, its MD5 as Keras has it
    (None where Keras has none).
    """

    application: str
    file: str
    md5: str | None

    @property
    def name(self) -> str:
        """Its name in Keras' cache."""
        return self.file.rpartition("/")[2]


FILES = {
    "mobilenet-v2": Published(
        "MobileNetV2",
        "tensorflow/keras-applications/mobilenet_v2/"
        "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5",
        None,
    ),
    "mobilenet-v3-small": Published(
        "MobileNetV3Small",
        "tensorflow/keras-applications/mobilenet_v3/"
        "weights_mobilenet_v3_small_224_1.0_float_no_top_v2.h5",
        "d3e8ec802a04aa4fc771ee12a9a9b836",
    ),
    "efficientnet-b0": Published(
        "EfficientNetB0",
        "keras-applications/efficientnetb0_notop.h5",
        "50bc09e76180e00e4465e1a485ddc09d",
    ),
}


def arrays(kind: str, keras_home: Path | None = None, *, url: str = URL) -> Arrays:
    """The arrays of each layer of a backbone, by the layer's name; from Keras' cache, or downloaded
    into it.

    Raises DataError, within seconds where there is no network, with the ways out.
    """
    published = FILES[kind]
    path = home.folder(keras_home) / "models" / published.name
    if not (path.is_file() and _is_whole(published, path.read_bytes())):
        _download(published, path, url)
    # Old files name their layers otherwise than Keras does now: it knows their order.
    make = getattr(keras.applications, published.application)
    try:
        model = make(include_top=False, input_shape=(224, 224, 3), weights=str(path))
    except (ValueError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(f"cannot read {path}: {reason}; remove it to download it anew") from error
    return {layer.name: layer.get_weights() for layer in model.layers if layer.weights}


def _download(published: Published, path: Path, url: str) -> None:
    try:
        content = fetch(url + published.file)
        if not _is_whole(published, content):
            raise DataError(f"{url}{published.file} has a wrong checksum")
    except DataError as error:
        raise DataError(
            f"no ImageNet weights here: {error}; begin without with --weights none, give a file "
            f"with --weights PATH, or put {published.name} into {path.parent}"
        ) from error
    write_whole(path, content)


def _is_whole(published: Published, content: bytes) -> bool:
    digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return published.md5 is None or digest == published.md5
