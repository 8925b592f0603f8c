"""Small model files that prove themselves, a key, and shelves in a folder and in a real S3."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from litescore import contract, golden, image
from litescore.contract import Contract
from litescore.interpreter import available
from litescore.releases import keys
from litescore.releases.keys import PrivateKey
from litescore.releases.publishing import Publisher
from litescore.releases.shelf import Shelf, open_shelf
from litescore.scorer import Scorer
from tests.litescore import tiny
from tests.rig.seaweed import S3

LABELS = ("ant", "bee", "cat")
MEASURED = {"float": 0.95, "exported": {"litert": 0.945}, "n": 1000, "agreement": 0.99}

Make = Callable[..., bytes]


def make_model(
    number: int = 0, *, wrong: int = 0, labels: tuple[str, ...] = LABELS, exported: float = 0.945
) -> bytes:
    """A model file with golden samples; of another `number` another file. Its samples are off by
    `wrong`, and it scored `exported`.
    """
    accuracy = MEASURED | {"exported": {"litert": exported}}
    held = Contract(labels, "gray", 4, 3, variant="int8", accuracy=accuracy)
    held = replace(held, origin={"seed": number})
    model = tiny.build((4, 3, 1), len(labels), dtype="uint8")
    pixels = np.random.default_rng(number).integers(0, 256, (3, 4, 3, 1), np.uint8)
    files = {f"{i}.png": image.encode_png(pixels[i]) for i in range(len(pixels))}
    for runtime in available():
        outputs = Scorer(model, labels=labels, runtime=runtime.name).outputs(pixels).copy()
        outputs[0, 0] += np.uint8(wrong)
        answers = {"runtime": runtime.name, "version": runtime.version}
        answers |= {"dtype": str(outputs.dtype), "outputs": outputs.tolist()}
        files[golden.answers_file(runtime.name)] = json.dumps(answers).encode()
    return contract.append(model, held, files)


@pytest.fixture(scope="session")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A private key; the public one lies beside it."""
    path = tmp_path_factory.mktemp("keys") / "factory.key"
    keys.create(path)
    return path


@pytest.fixture(scope="session")
def key(key_file: Path) -> PrivateKey:
    return keys.read_private(key_file)


@pytest.fixture(params=["folder", "s3"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """An empty shelf for shoes, in a folder and in S3."""
    if request.param == "folder":
        return open_shelf(str(tmp_path / "models" / "shoes"))
    server: S3 = request.getfixturevalue("s3")
    for name, value in server.environ.items():
        monkeypatch.setenv(name, value)
    return open_shelf(f"s3://{server.make_bucket()}/models/shoes")


@pytest.fixture
def publisher(shelf: Shelf, key: PrivateKey) -> Publisher:
    return Publisher(shelf, key)
