"""Metadata in front of a model: seen by every reader of the format, and gone without a trace."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from pathlib import Path
from random import Random
from typing import Any

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from litescore.errors import ModelError
from litescore.interpreter import available
from litescore.tflite import prefix, wholeness
from tests.litescore import tiny
from tests.litescore.schema import edited

NAME, CONTENT = "NOTE", bytes(range(256)) * 5
MODELS = {
    "float32": tiny.build((8, 8, 3), 5),
    "uint8": tiny.build((8, 8, 3), 5, dtype="uint8"),
    "int8": tiny.build((8, 8, 3), 5, dtype="int8", batch=2),
    "several": tiny.build(inputs=2, outputs=2),
}
KINDS = [*MODELS, "f32_model", "int8_model"]
runtimes = pytest.mark.parametrize("runtime", available(), ids=str)


@pytest.fixture(params=KINDS)
def model(request: pytest.FixtureRequest) -> bytes:
    """A model without metadata of ours: built here, or converted by TensorFlow."""
    if request.param in MODELS:
        return MODELS[request.param]
    path: Path = request.getfixturevalue(request.param)
    return prefix.detach(path.read_bytes())


def test_the_model_lies_behind_untouched(model: bytes) -> None:
    """At a multiple of 64, as its weights were aligned before; nothing else grows with it."""
    whole = prefix.attach(model, NAME, CONTENT)
    assert whole.endswith(model)
    assert (len(whole) - len(model)) % 64 == 0
    assert len(whole) - len(model) < len(CONTENT) + 1024
    assert prefix.detach(whole) == model
    assert prefix.detach(model) == model
    wholeness.check(whole)


def test_content_is_read_back(model: bytes) -> None:
    """By its name; a model without it has none."""
    assert prefix.content(model, NAME) is None
    whole = prefix.attach(model, NAME, CONTENT)
    assert prefix.content(whole, NAME) == CONTENT
    assert prefix.content(whole, "OTHER") is None


def test_the_same_makes_the_same_bytes(model: bytes) -> None:
    """Attaching again takes the first off, whatever it was."""
    whole = prefix.attach(model, NAME, CONTENT)
    assert prefix.attach(whole, NAME, CONTENT) == whole
    assert prefix.attach(prefix.attach(model, "OTHER", b"x"), NAME, CONTENT) == whole


@pytest.mark.parametrize("content", [b"", b"x", bytes(100_000)], ids=len)
def test_content_of_any_length(content: bytes) -> None:
    """Aligned to 16 within the file, as the schema wants the bytes of buffers."""
    whole = prefix.attach(MODELS["uint8"], NAME, content)
    assert prefix.content(whole, NAME) == content
    buffers = schema.Model.GetRootAs(whole, 0)
    data = buffers.Buffers(buffers.BuffersLength() - 1).DataAsNumpy()
    if content:
        assert (data.ctypes.data - np.frombuffer(whole, np.uint8).ctypes.data) % 16 == 0


@runtimes
def test_runtimes_answer_the_same(model: bytes, runtime: Any) -> None:
    """Bit for bit, for images of noise."""
    whole = prefix.attach(model, NAME, CONTENT)
    with_head, without = (load(runtime, data) for data in (whole, model))
    generator = np.random.default_rng(0)
    for _ in range(5):
        for tensor in without.get_input_details():
            pixels = generator.integers(0, 256, tensor["shape"]).astype(tensor["dtype"])
            for one in (with_head, without):
                one.set_tensor(tensor["index"], pixels)
        with_head.invoke()
        without.invoke()
        for tensor in without.get_output_details():
            got, wanted = (one.get_tensor(tensor["index"]) for one in (with_head, without))
            np.testing.assert_array_equal(got, wanted)


@runtimes
def test_signatures_survive(f32_model: Path, runtime: Any) -> None:
    """What the converter named, the runtime still finds and runs."""
    model = prefix.detach(f32_model.read_bytes())
    whole = load(runtime, prefix.attach(model, NAME, CONTENT))
    signatures = whole.get_signature_list()
    assert signatures == load(runtime, model).get_signature_list()
    ((name, ends),) = signatures.items()
    shape = whole.get_input_details()[0]["shape"]
    (answer,) = whole.get_signature_runner(name)(
        **{ends["inputs"][0]: np.zeros(shape, np.float32)}
    ).values()
    assert answer.sum() == pytest.approx(1)


def test_all_else_is_as_it_was(f32_model: Path) -> None:
    """Read by the published schema: the model's own metadata, every buffer, every table."""
    model = prefix.detach(f32_model.read_bytes())
    before = schema.ModelT.InitFromPackedBuf(model)
    after = schema.ModelT.InitFromPackedBuf(prefix.attach(model, NAME, CONTENT))
    names = [entry.name for entry in before.metadata]
    assert b"min_runtime_version" in names
    assert [entry.name for entry in after.metadata] == [*names, NAME.encode()]
    assert after.metadata[-1].buffer == len(before.buffers)
    added = after.buffers.pop()
    after.metadata.pop()
    assert bytes(added.data) == CONTENT
    assert repacked(after) == repacked(before)


def test_other_metadata_of_that_name_is_replaced() -> None:
    """A reader finds one entry: ours; and with the head gone, the other's again."""
    foreign = edited(MODELS["uint8"], adding(NAME, b"theirs"))
    assert prefix.content(foreign, NAME) == b"theirs"
    whole = prefix.attach(foreign, NAME, CONTENT)
    assert prefix.content(whole, NAME) == CONTENT
    held = schema.ModelT.InitFromPackedBuf(whole)
    assert [entry.name for entry in held.metadata] == [NAME.encode()]
    assert prefix.content(prefix.detach(whole), NAME) == b"theirs"


# tf.lite's and LiteRT's own programs, in a process that may load TensorFlow.
TOOLS = {
    "tf.lite.Interpreter": (
        "import tensorflow as tf\n"
        "held = tf.lite.Interpreter(model_path=PATH)\n"
        "held.allocate_tensors()\n"
        "held.invoke()\n"
    ),
    "tf.lite.experimental.Analyzer": (
        "import tensorflow as tf\ntf.lite.experimental.Analyzer.analyze(model_path=PATH)\n"
    ),
    "flatbuffer_utils": (
        "from tensorflow.lite.tools import flatbuffer_utils as tools\n"
        "held = tools.read_model(PATH)\n"
        "tools.strip_strings(held)\n"
        "tools.write_model(held, PATH)\n"
        "import tensorflow as tf\n"
        "tf.lite.Interpreter(model_path=PATH).allocate_tensors()\n"
    ),
    "CompiledModel": (
        "from ai_edge_litert.compiled_model import CompiledModel\n"
        "held = CompiledModel.from_file(PATH)\n"
        "inputs, outputs = held.create_input_buffers(0), held.create_output_buffers(0)\n"
        "held.run_by_index(0, inputs, outputs)\n"
    ),
}


@pytest.mark.parametrize("tool", TOOLS)
def test_other_tools_take_the_file(int8_model: Path, tmp_path: Path, tool: str) -> None:
    """The exported file as it is, contract and golden samples behind it."""
    pytest.importorskip("ai_edge_litert" if tool == "CompiledModel" else "tensorflow")
    path = tmp_path / "model.tflite"
    path.write_bytes(int8_model.read_bytes())
    assert path.read_bytes()[8:16] == b"litescor"
    command = [sys.executable, "-c", f"PATH = {str(path)!r}\n{TOOLS[tool]}"]
    environ = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]


def test_litert_benchmark_takes_the_file(int8_model: Path) -> None:
    """The command of LiteRT's wheel, which maps the file into memory."""
    command = Path(sys.executable).with_name("litert-benchmark")
    if not command.exists():
        pytest.skip("litert-benchmark is not installed here")
    words = [command, "--model", int8_model, "--use_cpu", "--num_runs", "1", "--warmup_runs", "1"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]


def test_weights_at_absolute_places_are_refused() -> None:
    """As the converter puts them above 2 GB: moving the file's beginning would lose them."""

    def move_weights(held: schema.ModelT) -> None:
        held.buffers[1].data, held.buffers[1].offset, held.buffers[1].size = None, 4096, 16

    def move_options(held: schema.ModelT) -> None:
        held.subgraphs[0].operators[0].largeCustomOptionsOffset = 4096

    for change in (move_weights, move_options):
        with pytest.raises(ModelError, match="the weights lie outside the model's tables"):
            prefix.attach(edited(MODELS["uint8"], change), NAME, CONTENT)


def test_a_newer_schema_is_refused() -> None:
    """A field of Model that came later may be an offset or a number: it cannot be led on to."""
    builder = flatbuffers.Builder(64)
    builder.StartObject(11)
    builder.PrependUint32Slot(0, 3, 0)
    builder.PrependUint32Slot(10, 7, 0)
    builder.Finish(builder.EndObject(), b"TFL3")
    with pytest.raises(ModelError, match="of a newer schema than this litescore knows"):
        prefix.attach(bytes(builder.Output()), NAME, CONTENT)


@pytest.mark.parametrize("length", [0, 64, 10**9])
def test_a_mark_alone_is_no_head(length: int) -> None:
    """Only where a model lies behind it."""
    model = bytearray(MODELS["uint8"])
    struct.pack_into("<8sI", model, 8, b"litescor", length)
    assert prefix.detach(bytes(model)) == bytes(model)


def test_no_damage_raises_anything_else() -> None:
    """Random bytes in the head: attached, read and taken off, or refused as a ModelError."""
    random, whole = Random(0), prefix.attach(MODELS["uint8"], NAME, CONTENT)
    for _ in range(1000):
        damaged = bytearray(whole)
        for _ in range(random.choice([1, 3, 20])):
            damaged[random.randrange(8, 400)] = random.randrange(256)
        try:
            prefix.content(bytes(damaged), NAME)
            prefix.attach(bytes(damaged), NAME, CONTENT)
        except ModelError:
            continue


def load(runtime: Any, model: bytes) -> Any:
    """The runtime's own interpreter, which takes any number of inputs."""
    wholeness.check(model)
    held = runtime.module.Interpreter(model_content=model)
    held.allocate_tensors()
    return held


def adding(name: str, content: bytes) -> Any:
    """A change that gives a model metadata, as other tools do it."""

    def change(held: schema.ModelT) -> None:
        buffer, entry = schema.BufferT(), schema.MetadataT()
        buffer.data = np.frombuffer(content, np.uint8)
        entry.name, entry.buffer = name, len(held.buffers)
        held.buffers.append(buffer)
        held.metadata = [entry]

    return change


def repacked(held: schema.ModelT) -> bytes:
    builder = flatbuffers.Builder(1024)
    builder.Finish(held.Pack(builder), b"TFL3")
    return bytes(builder.Output())
