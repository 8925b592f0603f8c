"""The table of versions, held against what the real runtimes load."""

from __future__ import annotations

import pickle
import struct
import subprocess
import sys

import pytest
from ai_edge_litert import schema_py_generated as schema

from litescore.tflite import flatbuffer, operations, opversions
from litescore.tflite.operations import Operation
from litescore.tflite.opversions import RELEASES, Needed
from tests.litescore import tiny
from tests.litescore.schema import edited

MODULES = {
    "litert": "ai_edge_litert.interpreter",
    "tflite-runtime": "tflite_runtime.interpreter",
}
# More than any operation has.
VERSIONS = range(1, 17)
# Takes pickled {key: model}, gives {key: what the runtime said, or None where it loads}.
ASK = """
import importlib, os, pickle, sys
runtime = importlib.import_module(sys.argv[1])
models = pickle.load(sys.stdin.buffer)
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
said = {}
for key, model in models.items():
    try:
        runtime.Interpreter(model_content=model)
        said[key] = None
    except (ValueError, RuntimeError) as error:
        said[key] = str(error)
pickle.dump(said, sys.stdout.buffer)
"""
DENSE = Operation("FULLY_CONNECTED", 9, 4, 3)
SOFTMAX = Operation("SOFTMAX", 25, 2, 1)
DENSE_12 = Operation("FULLY_CONNECTED", 9, 12, 1)
NEW = Operation("FULLY_CONNECTED", 9, 99, 1)
FUTURE = Operation("operation 999", 999, 1, 1)
CUSTOM = Operation("FlexErf", 32, 1, 1, "FlexErf")
MFCC = Operation("Mfcc", 32, 1, 1, "Mfcc")


@pytest.fixture(scope="module")
def declarations() -> dict[tuple[int, int], bytes]:
    """(code, version) -> a model that declares that operation, for all in the schema.

    It is not used, so that the model loads wherever the operation is known.
    """

    def change(model: schema.ModelT) -> None:
        added = schema.OperatorCodeT()
        added.builtinCode, added.deprecatedBuiltinCode, added.version = 999, 99, 999
        model.operatorCodes.append(added)

    template = edited(tiny.build(version=1), change)
    custom = schema.BuiltinOperator.CUSTOM
    codes = [code for code in operations.known() if code != custom]
    return {(code, n): patched(template, code, n) for code in codes for n in VERSIONS}


def patched(template: bytes, code: int, version: int) -> bytes:
    """The template with its last operation made another: quicker than packing it anew."""
    model = bytearray(template)
    added = flatbuffer.root(template).tables(1)[-1]
    for field, layout, value in ((0, "b", min(code, 127)), (2, "i", version), (3, "i", code)):
        place = added.place(field)
        assert place is not None
        struct.pack_into(f"<{layout}", model, place, value)
    return bytes(model)


def ask(runtime: str, models: dict[tuple[int, int], bytes]) -> dict[tuple[int, int], str | None]:
    """What a runtime says of each, in a process that a crash would end."""
    pytest.importorskip(MODULES[runtime])
    command = [sys.executable, "-c", ASK, MODULES[runtime]]
    done = subprocess.run(command, input=pickle.dumps(models), capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    said: dict[tuple[int, int], str | None] = pickle.loads(done.stdout)
    return said


def kind(code: int, version: int) -> Operation:
    return Operation(operations.known()[code][0], code, version, 1)


def test_tflite_runtime_agrees_with_the_table(
    declarations: dict[tuple[int, int], bytes],
) -> None:
    """Of every operation and version: it loads what is told loadable, and nothing else."""
    said = ask("tflite-runtime", declarations)
    assert sum(one is None for one in said.values()) > 300
    told = {key: opversions.refusal([kind(*key)], "tflite-runtime") for key in declarations}
    differing = [kind(*key) for key in said if (said[key] is None) != (told[key] is None)]
    assert differing == []


def test_litert_agrees_with_the_table(declarations: dict[tuple[int, int], bytes]) -> None:
    """It loads all that the table has, but one operation that no converter writes."""
    said = ask("litert", declarations)
    needed = {key: opversions.smallest([kind(*key)]).version for key in declarations}
    lacking = [kind(*key).name for key, version in needed.items() if version and said[key]]
    assert lacking == ["STABLEHLO_CBRT"]
    assert all(opversions.refusal([kind(*key)], "litert") is None for key in declarations)


@pytest.mark.parametrize("name", ["FlexErf", "Mfcc", "NumericVerify", "Other"])
@pytest.mark.parametrize("runtime", MODULES)
def test_custom_operations_that_are_built_in(runtime: str, name: str) -> None:
    """What a runtime lacks it names; what it has it runs, and our false use of it ends it."""

    def change(model: schema.ModelT) -> None:
        code, operator = model.operatorCodes[-1], model.subgraphs[0].operators[-1]
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        code.customCode = name
        operator.builtinOptionsType, operator.builtinOptions = 0, None

    pytest.importorskip(MODULES[runtime])
    script = f"import sys; from {MODULES[runtime]} import Interpreter\n"
    script += "Interpreter(model_content=sys.stdin.buffer.read()).allocate_tensors()"
    model = edited(tiny.build(version=1), change)
    done = subprocess.run([sys.executable, "-c", script], input=model, capture_output=True)
    lacking = (b"unresolved custom op", b"is(are) not supported by this interpreter")
    refused = opversions.refusal(operations.read(model), runtime)
    assert any(words in done.stderr for words in lacking) == (refused is not None), done.stderr


def test_the_smallest_is_the_largest_that_any_needs() -> None:
    """And the operation that asks for it is told."""
    assert opversions.smallest([DENSE, SOFTMAX]) == Needed("1.14.0", DENSE)
    assert opversions.smallest([DENSE, DENSE_12, SOFTMAX]) == Needed("2.17.0", DENSE_12)
    ten, nine = Operation("TILE", 69, 1, 1), Operation("NEG", 59, 1, 1)
    assert opversions.smallest([nine, ten]) == Needed("1.10.1", ten)
    assert opversions.smallest([]) == Needed(None, None)


@pytest.mark.parametrize("odd", [NEW, FUTURE, CUSTOM, MFCC, Operation("BROADCAST_TO", 130, 1, 1)])
def test_what_the_table_lacks_is_unknown(odd: Operation) -> None:
    """One such operation, and nothing can be promised of the file."""
    assert opversions.smallest([DENSE_12, odd, DENSE]) == Needed(None, odd)


def test_refusals_name_what_is_lacking() -> None:
    """The operation, its version, what it needs and what the runtime is."""
    assert opversions.refusal([DENSE, SOFTMAX], "tflite-runtime") is None
    assert opversions.refusal([DENSE, DENSE_12], "litert") is None
    assert opversions.refusal([DENSE, DENSE_12], "tflite-runtime") == (
        "FULLY_CONNECTED version 12 needs TensorFlow Lite 2.17.0, tflite-runtime 2.14.0 is older"
    )
    assert opversions.refusal([NEW], "tflite-runtime") == (
        "FULLY_CONNECTED version 99 is newer than tflite-runtime 2.14.0"
    )
    assert opversions.refusal([NEW, FUTURE, MFCC], "litert") is None
    for runtime, (release, _) in RELEASES.items():
        said = f"custom operation FlexErf: {release} does not have it"
        assert opversions.refusal([DENSE, CUSTOM], runtime) == said
        assert opversions.refusal([MFCC], runtime) is None
