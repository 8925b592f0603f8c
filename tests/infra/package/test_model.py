"""Which models an older LiteRT in the zip cannot load."""

from __future__ import annotations

import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from ai_edge_litert import schema_py_generated as schema

from infra.package import build as package
from infra.package import model, wheels
from infra.package.lock import Pin
from infra.package.target import Target
from litescore.errors import ModelError
from litescore.tflite import operations, opversions
from litescore.tflite.operations import Operation
from tests.litescore import tiny
from tests.litescore.schema import edited

# The wheel of the version that Arm's zip has, for the machine and the Python of tests.
OLD = Pin(
    "ai-edge-litert", "2.1.0", "dcf7d79374ab467cec19f2edadd3beb243ad17833f8c5ad59bf76712bf1449b1"
)
# Takes pickled {key: model}, gives the keys of those that load.
ASK = """
import os, pickle, sys
sys.path.insert(0, sys.argv[1])
from ai_edge_litert import interpreter
assert interpreter.__file__.startswith(sys.argv[1])
models = pickle.load(sys.stdin.buffer)
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
def loads(model):
    try:
        interpreter.Interpreter(model_content=model)
    except (ValueError, RuntimeError):
        return False
    return True
pickle.dump({key for key, model in models.items() if loads(model)}, sys.stdout.buffer)
"""


def declaring(code: int, version: int) -> bytes:
    """A model that declares an operation and does not use it: loaded where that is known."""

    def change(held: schema.ModelT) -> None:
        added = schema.OperatorCodeT()
        added.builtinCode, added.deprecatedBuiltinCode, added.version = (
            code,
            min(code, 127),
            version,
        )
        held.operatorCodes.append(added)

    return edited(tiny.build(version=1), change)


def test_a_model_that_is_too_new_for_the_zip_is_refused(tmp_path: Path) -> None:
    """Which loads here, with a newer LiteRT: named are the operation, both versions and what helps."""
    path = tmp_path / "new.tflite"
    path.write_bytes(declaring(schema.BuiltinOperator.ADD, 6))
    with pytest.raises(ModelError) as caught:
        model.check(path.read_bytes(), "2.1.0")
    assert str(caught.value) == (
        "the model's ADD v6 needs TensorFlow Lite 2.23.0, LiteRT 2.1.0 in the zip is of 2.20.0: "
        "package for another --arch, or build a container with --container"
    )
    model.check(path.read_bytes(), "2.3.0")


def test_the_build_asks_for_its_targets_litert(
    int8_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arm's is older than what has scored the model here."""
    monkeypatch.setattr(model, "_EXTENTS", {"2.1.0": "1.0.0"})
    with pytest.raises(ModelError, match=r"LiteRT 2\.1\.0 in the zip is of 1\.0\.0"):
        package.build(int8_model, tmp_path, target=Target("arm64", "3.13"))


@pytest.mark.skipif(sys.version_info[:2] != (3, 11), reason="one wheel is pinned, of Python 3.11")
def test_the_older_litert_loads_what_the_table_says(tmp_path: Path) -> None:
    """The real one, asked for every operation and version that the table has."""
    here = Target.here()
    if here.arch != "x86_64":
        pytest.skip("one wheel is pinned, of x86-64")
    with zipfile.ZipFile(wheels.obtain([OLD], here)[OLD]) as wheel:
        wheel.extractall(tmp_path)
    keys = [
        (code, version)
        for code, (_, versions) in operations.known().items()
        for version in range(1, len(versions) + 1)
        if code != schema.BuiltinOperator.CUSTOM
    ]
    words = [sys.executable, "-c", ASK, str(tmp_path)]
    models = pickle.dumps({key: declaring(*key) for key in keys})
    done = subprocess.run(words, input=models, capture_output=True, timeout=120)
    assert done.returncode == 0, done.stderr
    loaded = pickle.loads(done.stdout)
    allowed = {key for key in keys if passes(*key)}
    # No converter writes STABLEHLO_CBRT, and LiteRT 2.3.0 lacks it as well.
    assert {operations.known()[code][0] for code, _ in allowed - loaded} == {"STABLEHLO_CBRT"}
    assert len(allowed) > 300
    assert len(keys) - len(allowed) > 10


def passes(code: int, version: int) -> bool:
    """Whether the table lets it into a zip with that LiteRT, and knows it."""
    one = Operation(operations.known()[code][0], code, version, 1)
    if opversions.smallest([one]).version is None:
        return False
    try:
        model.check(declaring(code, version), "2.1.0")
    except ModelError:
        return False
    return True
