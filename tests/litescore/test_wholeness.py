"""Half a model, or a damaged one, is noticed before a runtime follows it out of the file."""

from __future__ import annotations

import struct
import subprocess
import sys
from pathlib import Path
from random import Random

import numpy as np
import pytest

from litescore import contract
from litescore.errors import ModelError
from litescore.interpreter import _PROBE
from litescore.tflite import prefix, wholeness
from tests.litescore import tiny

MODELS = {
    "float": tiny.build((8, 8, 3), 5),
    "uint8": tiny.build((8, 8, 3), 5, dtype="uint8"),
    "probe": Path(_PROBE).read_bytes(),
    "described": prefix.attach(tiny.build(), "NOTE", b"what others say of it"),
}


@pytest.mark.parametrize("name", MODELS)
def test_whole_models_pass(name: str) -> None:
    """Also with a contract behind them."""
    wholeness.check(MODELS[name])
    held = contract.Contract(("a", "b"), "gray", 4, 3)
    wholeness.check(contract.append(MODELS[name], held))


def test_exported_models_pass(f32_model: Path, int8_model: Path) -> None:
    """What the converter writes is whole, and half of it is not."""
    for path in (f32_model, int8_model):
        model = contract.strip(path.read_bytes())
        wholeness.check(model)
        for kept in range(len(model) - 2000, len(model), 7):
            with pytest.raises(ModelError, match="not a whole TFLite model"):
                wholeness.check(model[:kept])


@pytest.mark.parametrize("name", MODELS)
def test_every_cut_is_noticed(name: str) -> None:
    """However much is missing at the end, be it one byte."""
    model = MODELS[name]
    for kept in range(8, len(model)):
        with pytest.raises(ModelError, match="not a whole TFLite model: copy or export it again"):
            wholeness.check(model[:kept])


@pytest.mark.parametrize("data", [b"", b"x" * 7, b"x" * 500, b"NK\3\4" * 20])
def test_what_is_no_model_is_told_apart(data: bytes) -> None:
    """Without the identifier it is not half a model but none."""
    with pytest.raises(ModelError, match="not a TFLite model: TFL3 "):
        wholeness.check(data)


@pytest.mark.parametrize("begin", [b"PK\3\4", b"\x89HDF\r\n\x1a\n"])
def test_a_keras_model_is_told_with_the_way_to_a_file(begin: bytes) -> None:
    """Those who name model.keras are told what makes a .tflite file of it."""
    with pytest.raises(ModelError, match=r"not a TFLite model: it is a Keras .*`litescore export`"):
        wholeness.check(begin + bytes(99))


def test_an_offset_before_the_file_is_noticed() -> None:
    """Python would count it from the end, and there find what it looks for."""
    model = bytearray(MODELS["uint8"])
    (root,) = struct.unpack_from("<I", model)
    (shape,) = struct.unpack_from("<i", model, root)
    struct.pack_into("<i", model, root, shape + len(model))
    with pytest.raises(ModelError, match="not a whole TFLite model"):
        wholeness.check(bytes(model))


def test_weights_that_reach_out_of_the_file_are_noticed() -> None:
    """A buffer that promises more bytes than there are."""
    model = bytearray(MODELS["float"])
    weights = tiny.weights(8 * 8 * 3, 5).astype(np.float32) * np.float32(tiny.WEIGHT)
    at = model.index(weights.tobytes()) - 4
    assert struct.unpack_from("<I", model, at) == (weights.nbytes,)
    struct.pack_into("<I", model, at, len(model))
    with pytest.raises(ModelError, match="not a whole TFLite model"):
        wholeness.check(bytes(model))


@pytest.mark.parametrize("name", ["serving_default", "min_runtime_version"])
def test_names_that_reach_out_of_the_file_are_noticed(f32_model: Path, name: str) -> None:
    """Signatures and metadata are followed by the runtimes too."""
    model = bytearray(contract.strip(f32_model.read_bytes()))
    at = model.index(name.encode()) - 4
    assert struct.unpack_from("<I", model, at) == (len(name),)
    struct.pack_into("<I", model, at, len(model))
    with pytest.raises(ModelError, match="not a whole TFLite model"):
        wholeness.check(bytes(model))


def test_damage_raises_nothing_else() -> None:
    """Offsets that lead anywhere: passed or refused, never another exception."""
    random = Random(0)
    refused = 0
    for _ in range(2000):
        model = bytearray(MODELS["uint8"])
        for _ in range(random.choice([1, 2, 20])):
            model[random.randrange(8, len(model))] = random.randrange(256)
        try:
            wholeness.check(bytes(model))
        except ModelError:
            refused += 1
    assert refused > 100


def test_tflite_runtime_does_need_it() -> None:
    """Left to itself it ends the process, or takes half a model for a whole: this is why we look."""
    pytest.importorskip("tflite_runtime")
    script = (
        "import sys\n"
        "from tflite_runtime.interpreter import Interpreter\n"
        "Interpreter(model_content=sys.stdin.buffer.read()).allocate_tensors()\n"
    )
    half = MODELS["uint8"][: len(MODELS["uint8"]) // 2]
    done = subprocess.run([sys.executable, "-c", script], input=half, capture_output=True)
    assert done.returncode < 0
