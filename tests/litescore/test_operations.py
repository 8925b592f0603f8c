"""The operations of a file, read from its bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from ai_edge_litert import schema_py_generated as schema

from litescore import contract
from litescore.contract import Contract
from litescore.errors import ModelError
from litescore.interpreter import Interpreter, available
from litescore.tflite import operations, wholeness
from litescore.tflite.operations import Operation
from tests.litescore import tiny
from tests.litescore.schema import edited


def test_names_codes_and_versions() -> None:
    """In the file's order where they are used equally often."""
    assert operations.read(tiny.build(version=9)) == (
        Operation("RESHAPE", 22, 1, 1),
        Operation("FULLY_CONNECTED", 9, 9, 1),
        Operation("SOFTMAX", 25, 1, 1),
    )


def test_a_contract_changes_nothing() -> None:
    """The head that carries metadata leads to the same operations."""
    held = contract.append(tiny.build(), Contract(("a", "b", "c"), "gray", 4, 3))
    assert operations.read(held) == operations.read(tiny.build())


def test_the_names_are_the_schemas() -> None:
    """Every code of LiteRT's own schema, but the two that no file holds."""
    codes = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
    unused = {"DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES"}
    named = {code: name for code, (name, _) in operations.known().items()}
    assert named == {code: name for code, name in codes.items() if name not in unused}


@pytest.mark.parametrize("fixture", ["f32_model", "int8_model"])
def test_what_the_runtimes_say(fixture: str, request: pytest.FixtureRequest) -> None:
    """The same operations as the interpreter lists, each as often."""
    model = Path(request.getfixturevalue(fixture)).read_bytes()
    listed = Interpreter(model, available()[0]).operations()
    found = {one.name: 0 for one in operations.read(model)}
    for one in operations.read(model):
        found[one.name] += one.count
    assert found == {name: listed.count(name) for name in listed}


def test_what_is_used_often_comes_first() -> None:
    """Codes that are declared twice are counted together; what is declared only is needed too."""

    def change(model: schema.ModelT) -> None:
        again, unused = schema.OperatorCodeT(), schema.OperatorCodeT()
        again.builtinCode = again.deprecatedBuiltinCode = schema.BuiltinOperator.SOFTMAX
        unused.builtinCode, unused.deprecatedBuiltinCode, unused.version = 150, 127, 2
        model.operatorCodes += [again, unused]
        operator = schema.OperatorT()
        operator.opcodeIndex, operator.inputs, operator.outputs = 3, [5], [6]
        model.subgraphs[0].operators.append(operator)

    found = operations.read(edited(tiny.build(), change))
    assert [(one.name, one.version, one.count) for one in found] == [
        ("SOFTMAX", 1, 2),
        ("RESHAPE", 1, 1),
        ("FULLY_CONNECTED", 4, 1),
        ("GELU", 2, 0),
    ]


def test_custom_and_unknown_operations() -> None:
    """A custom one by its own name, one from the future by its code."""

    def change(model: schema.ModelT) -> None:
        custom, future = model.operatorCodes[1:]
        custom.builtinCode = custom.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM
        custom.customCode = "FlexErf"
        future.builtinCode, future.deprecatedBuiltinCode = 999, 127

    _, custom, future = operations.read(edited(tiny.build(), change))
    assert custom == Operation("FlexErf", 32, 4, 1, "FlexErf")
    assert str(custom) == "custom operation FlexErf"
    assert future == Operation("operation 999", 999, 1, 1)


@pytest.mark.parametrize("data", [b"", b"PK" * 100, tiny.build()[:900]])
def test_what_is_no_model(data: bytes) -> None:
    """As the check for wholeness says it."""
    with pytest.raises(ModelError) as said:
        operations.read(data)
    with pytest.raises(ModelError) as wanted:
        wholeness.check(data)
    assert str(said.value) == str(wanted.value)
