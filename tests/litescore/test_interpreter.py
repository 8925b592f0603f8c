"""Which runtime is chosen, and what its interpreter makes of models and of what is none."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from litescore import interpreter
from litescore.errors import ConfigurationError, ModelError, UsageError
from litescore.interpreter import Interpreter, available, choose
from litescore.settings import RUNTIMES
from tests.litescore import tiny
from tests.litescore.numpy2 import run_under_numpy2

HERE = {
    name
    for name, module in (("litert", "ai_edge_litert"), ("tflite-runtime", "tflite_runtime"))
    if find_spec(module) and (name == "litert" or np.__version__.startswith("1."))
}
both = pytest.mark.skipif(len(HERE) < 2, reason="needs both runtimes: Python 3.11 with numpy 1")
SHOW = "from litescore import interpreter; print(interpreter.choose())"


@pytest.fixture(params=available(), ids=lambda runtime: runtime.name)
def runtime(request: pytest.FixtureRequest) -> interpreter.Runtime:
    """Each runtime that works here."""
    found: interpreter.Runtime = request.param
    return found


def test_every_installed_runtime_is_available() -> None:
    """Both where both are installed, the preferred one first, each with its version."""
    found = available()
    assert {one.name for one in found} == HERE
    assert [one.name for one in found] == [name for name in RUNTIMES if name in HERE]
    assert all(one.version[0].isdigit() for one in found)


@both
def test_litert_is_preferred() -> None:
    """Without a word from anyone."""
    assert choose().name == "litert"
    assert str(choose()).startswith("litert 2.")


def test_the_argument_decides(
    runtime: interpreter.Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A runtime asked for by name comes before the environment's."""
    monkeypatch.setenv("LITESCORE_RUNTIME", "tflite-runtime")
    assert choose(runtime.name) == runtime


def test_the_environment_decides(
    runtime: interpreter.Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LITESCORE_RUNTIME names the runtime."""
    monkeypatch.setenv("LITESCORE_RUNTIME", runtime.name)
    assert choose() == runtime


def test_an_unknown_runtime_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable, its value and the known ones are named."""
    monkeypatch.setenv("LITESCORE_RUNTIME", "tensorrt")
    with pytest.raises(UsageError, match="LITESCORE_RUNTIME='tensorrt' is not litert or tflite"):
        choose()


def test_an_unknown_runtime_by_name() -> None:
    """So it is in an argument."""
    with pytest.raises(ConfigurationError, match="tensorrt: unknown, one of litert, tflite"):
        choose("tensorrt")


def test_a_runtime_that_imports_and_fails_is_passed_over() -> None:
    """The real one: under NumPy 2 tflite-runtime imports and then cannot build an interpreter."""
    if "tflite-runtime" not in HERE:
        pytest.skip("tflite-runtime has no wheel for this Python")
    script = (
        "import tflite_runtime.interpreter\n"
        "from litescore import interpreter\n"
        "print([one.name for one in interpreter.available()])\n"
        "try: interpreter.choose('tflite-runtime')\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    found, refused = run_under_numpy2(script).splitlines()
    assert found == str(sorted(HERE - {"tflite-runtime"}))
    assert refused.startswith("ConfigurationError no TFLite interpreter works here (tflite-runtime")
    assert "pip install 'litescore[litert]'" in refused


def with_broken(folder: Path, module: str, source: str) -> dict[str, str]:
    """An environment in which that runtime's interpreter is this source."""
    (folder / module).mkdir()
    (folder / module / "__init__.py").touch()
    (folder / module / "interpreter.py").write_text(source)
    return os.environ | {"PYTHONPATH": str(folder)}


# Stand-ins by need: no release of LiteRT fails to import or computes wrongly on this machine.
BROKEN = {
    "does not import": "raise ImportError('GLIBCXX_3.4.30 not found')",
    "computes wrongly": (
        "import numpy as np\n"
        "class Interpreter:\n"
        "    def __init__(self, **_): pass\n"
        "    def allocate_tensors(self): pass\n"
        "    def get_input_details(self):\n"
        "        return [{'index': 0, 'shape': [1, 2], 'shape_signature': [1, 2],\n"
        "                 'dtype': np.float32, 'quantization': (0.0, 0)}]\n"
        "    get_output_details = get_input_details\n"
        "    def set_tensor(self, index, value): pass\n"
        "    def invoke(self): pass\n"
        "    def get_tensor(self, index): return np.zeros((1, 2), np.float32)\n"
    ),
}


@both
@pytest.mark.parametrize("source", BROKEN.values(), ids=BROKEN)
def test_the_other_runtime_steps_in(tmp_path: Path, source: str) -> None:
    """A LiteRT that does not import, or that computes wrongly, leaves tflite-runtime."""
    environ = with_broken(tmp_path, "ai_edge_litert", source)
    command = [sys.executable, "-c", SHOW]
    done = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert done.stdout.startswith("tflite-runtime 2."), done.stderr


def test_no_runtime_at_all(tmp_path: Path) -> None:
    """What was tried, how it failed, and the line that mends it."""
    with_broken(tmp_path, "ai_edge_litert", BROKEN["does not import"])
    environ = with_broken(tmp_path, "tflite_runtime", "import no_such_module")
    command = [sys.executable, "-m", "litescore", "inspect", "x.tflite"]
    (tmp_path / "x.tflite").write_bytes(tiny.build())
    done = subprocess.run(command, env=environ, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 3
    (line,) = done.stderr.splitlines()
    assert "litert: GLIBCXX_3.4.30 not found" in line
    assert "tflite-runtime: " in line
    assert "pip install 'litescore[litert]'" in line


def test_an_interpreter_says_what_the_model_is(runtime: interpreter.Runtime) -> None:
    """Shape, dtype, scale and zero point of input and output, -1 for a dynamic batch."""
    held = Interpreter(tiny.build((4, 3, 1), 5, dtype="int8"), runtime)
    assert (held.input.shape, held.input.dtype) == ((-1, 4, 3, 1), np.int8)
    assert (held.input.scale, held.input.zero_point) == (1.0, -128)
    assert (held.output.shape, held.output.dtype) == ((-1, 5), np.int8)
    assert (held.output.scale, held.output.zero_point) == (1 / 256, -128)
    assert held.operations() == ["RESHAPE", "FULLY_CONNECTED", "SOFTMAX"]


def test_a_dynamic_batch_is_resized(runtime: interpreter.Runtime) -> None:
    """The same images in any batch, the same answers."""
    held = Interpreter(tiny.build((4, 3, 1)), runtime)
    pixels = np.random.default_rng(0).integers(0, 256, (6, 4, 3, 1)).astype(np.float32)
    one_by_one = np.concatenate([held.invoke(pixels[i : i + 1]) for i in range(6)])
    held.resize(6)
    np.testing.assert_allclose(held.invoke(pixels), one_by_one, atol=1e-6)


def test_the_answer_is_a_copy(runtime: interpreter.Runtime) -> None:
    """What was answered does not change with the next invocation."""
    held = Interpreter(tiny.build((4, 3, 1), batch=1), runtime)
    first = held.invoke(np.zeros((1, 4, 3, 1), np.float32))
    kept = first.copy()
    held.invoke(np.full((1, 4, 3, 1), 255, np.float32))
    np.testing.assert_array_equal(first, kept)


@pytest.mark.parametrize("wrong", ["inputs", "outputs"])
def test_models_with_more_than_one_are_refused(runtime: interpreter.Runtime, wrong: str) -> None:
    """Two inputs, or two outputs, are not an image classifier's."""
    model = tiny.build(inputs=1 + (wrong == "inputs"), outputs=1 + (wrong == "outputs"))
    with pytest.raises(ModelError, match=f"the model has 2 {wrong}; litescore scores models with"):
        Interpreter(model, runtime)


def test_a_model_that_the_runtime_cannot_load(runtime: interpreter.Runtime) -> None:
    """An operation of a version that no runtime knows: the runtime and its words are told."""
    model = tiny.build(version=99)
    with pytest.raises(ModelError, match=rf"{runtime.name} .* cannot load the model: .*version"):
        Interpreter(model, runtime)


@pytest.mark.parametrize(
    "data", [b"", b"TFL3", b"hello " * 100, bytes(1000), b"PK\5\6" + bytes(18)]
)
def test_what_is_no_model_is_refused(runtime: interpreter.Runtime, data: bytes) -> None:
    """Nothing, text, zeros, a zip: an error, and the process lives on."""
    with pytest.raises(ModelError, match="not a TFLite model"):
        Interpreter(data, runtime)


def test_half_a_model_is_refused(runtime: interpreter.Runtime) -> None:
    """A copy that was interrupted. tflite-runtime alone would end the process (SIGSEGV)."""
    model = tiny.build((28, 28, 1), dtype="uint8")
    for kept in range(8, len(model), 97):
        with pytest.raises(ModelError, match="not a whole TFLite model"):
            Interpreter(model[:kept], runtime)


def test_the_runtimes_chatter_stays_off_the_terminal(tmp_path: Path) -> None:
    """Loading and invoking says nothing on standard error, in a process of its own."""
    (tmp_path / "m.tflite").write_bytes(tiny.build())
    script = (
        "import numpy as np\n"
        "from litescore.interpreter import Interpreter, available\n"
        "for one in available():\n"
        "    held = Interpreter(open('m.tflite', 'rb').read(), one)\n"
        "    held.resize(3)\n"
        "    held.invoke(np.zeros((3, 4, 3, 1), np.float32))\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
