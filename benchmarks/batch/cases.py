"""The two kinds of images that people have, in a bucket, each with a model that takes them."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from litescore import image, store
from litescore.contract import Contract
from litescore.contract import append as append_contract
from litescore.record import Subject
from litescore.scorer import Scorer
from litescore.settings import processors
from tests.rig.seaweed import S3

SMALL, PHOTOS = 2000, 200
SMALL_NAME = "28 x 28 PNG, dense"
PHOTOS_NAME = "640 x 480 JPEG, MobileNetV3-Small"


@dataclass(frozen=True)
class Model:
    """A Keras model and the file made of it."""

    keras: object
    contract: Contract
    file: bytes


@dataclass(frozen=True)
class Case:
    """Images in a bucket, an output bucket, and a model that takes them."""

    name: str
    server: S3
    bucket: str
    output: str
    model: Model
    scorer: Scorer
    blobs: Sequence[bytes]
    subjects: Sequence[Subject]


def each(server: S3, small: int = SMALL, photos: int = PHOTOS) -> Iterator[Case]:
    """So many small images, then photographs; the environment is set to the server's."""
    os.environ.update(server.environ)
    yield put(server, SMALL_NAME, dense(), small_images(small))
    yield put(server, PHOTOS_NAME, mobilenet(), photographs(photos))


def put(server: S3, name: str, model: Model, blobs: Sequence[bytes]) -> Case:
    """The images in a fresh bucket."""
    bucket = upload(server, blobs)
    subjects = [entry.subject for entry in store.list_objects(f"s3://{bucket}/")]
    scorer = Scorer(model.file, most_threads=processors(), batch=None)
    return Case(name, server, bucket, server.make_bucket(), model, scorer, blobs, subjects)


def upload(server: S3, blobs: Sequence[bytes], ending: str = "") -> str:
    """A fresh bucket that holds each of `blobs` under its number."""
    bucket = server.make_bucket()
    with ThreadPoolExecutor(4) as threads:
        for number, blob in enumerate(blobs):
            threads.submit(store.put, f"s3://{bucket}/{number:06}{ending}", blob)
    return bucket


def dense() -> Model:
    """The tutorials' network for 28 x 28 gray images, untrained: it costs the same."""
    from tensorflow import keras

    labels = tuple(str(n) for n in range(10))
    contract = Contract(labels=labels, color="gray", height=28, width=28)
    layers = [
        keras.Input((28, 28, 1)),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Flatten(),
        keras.layers.Dense(128, "relu"),
        keras.layers.Dense(10, "softmax"),
    ]
    return _model(keras.Sequential(layers), contract)


def mobilenet() -> Model:
    """MobileNetV3-Small at 224 with random weights: they cost the same."""
    from tensorflow import keras

    labels = tuple(f"class {n}" for n in range(100))
    contract = Contract(labels=labels, color="rgb", height=224, width=224)
    network = keras.applications.MobileNetV3Small((224, 224, 3), weights=None, classes=100)
    return _model(network, contract)


def pooled() -> Model:
    """A model at 224 that costs next to nothing beside decoding."""
    from tensorflow import keras

    contract = Contract(labels=("ant", "bee"), color="rgb", height=224, width=224)
    layers = [
        keras.Input((224, 224, 3)),
        keras.layers.Rescaling(1 / 255),
        keras.layers.AveragePooling2D(32),
        keras.layers.Flatten(),
        keras.layers.Dense(2, "softmax"),
    ]
    return _model(keras.Sequential(layers), contract)


def _model(network: object, contract: Contract) -> Model:
    from export.convert import convert
    from export.graph import Saved

    with tempfile.TemporaryDirectory() as folder:
        saved = Saved(network, Path(folder)).at(None)
        file = convert(saved, "f32", np.empty(0, np.uint8))
    return Model(network, contract, append_contract(file, contract))


def small_images(count: int) -> list[bytes]:
    """28 x 28 gray PNGs."""
    generator = np.random.default_rng(0)
    return [image.encode_png(generator.integers(0, 256, (28, 28), np.uint8)) for _ in range(count)]


def photographs(count: int, width: int = 640, height: int = 480) -> list[bytes]:
    """JPEGs with the frequencies of photographs: noise at several scales, one on the other."""
    generator = np.random.default_rng(0)
    blobs = []
    for _ in range(count):
        canvas = np.zeros((height, width, 3), np.float32)
        for scale in (4, 16, 64, 160):
            noise = generator.integers(0, 256, (height // scale, width // scale, 3), np.uint8)
            layer = Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)
            canvas += np.asarray(layer, np.float32) / 4
        buffer = io.BytesIO()
        Image.fromarray(canvas.astype(np.uint8)).save(buffer, "JPEG", quality=85)
        blobs.append(buffer.getvalue())
    return blobs
