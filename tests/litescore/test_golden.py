"""Golden samples: whether this device computes what the export computed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litescore import contract, golden, image
from litescore.contract import Contract
from litescore.errors import ContractError
from litescore.interpreter import available
from litescore.scorer import Scorer
from litescore.view import WHOLE, View
from tests.litescore import tiny
from tests.litescore.conftest import LABELS, Say

HERE = available()[0]
runtimes = pytest.mark.parametrize("runtime", [one.name for one in available()])
PIXELS = np.random.default_rng(0).integers(0, 256, (12, 4, 3, 1), np.uint8)


def with_golden(
    folder: Path, dtype: str = "uint8", change: Any = 0, runtime: str = "", view: View = WHOLE
) -> Path:
    """A model with twelve samples, whose recorded answers are off by `change`."""
    held = Contract(LABELS, "gray", 4, 3, view=view)
    model = tiny.build((4, 3, 1), dtype=dtype)
    outputs = Scorer(model, labels=LABELS, runtime=HERE.name).outputs(PIXELS)
    wrong = outputs.copy()
    wrong[3, 0] += np.array(change).astype(outputs.dtype)
    answers = {"runtime": HERE.name, "version": HERE.version, "dtype": str(outputs.dtype)}
    files = {f"{i}.png": image.encode_png(PIXELS[i]) for i in range(len(PIXELS))}
    recorded = json.dumps(answers | {"outputs": wrong.tolist()}).encode()
    path = folder / "golden.tflite"
    files[golden.answers_file(runtime or HERE.name)] = recorded
    path.write_bytes(contract.append(model, held, files))
    return path


@runtimes
@pytest.mark.parametrize("kind", ["f32_model", "int8_model"])
def test_exported_models_prove_themselves(
    request: pytest.FixtureRequest, kind: str, runtime: str
) -> None:
    """On the machine that exported it each runtime answers what was recorded for it."""
    verdict = golden.verify(request.getfixturevalue(kind), runtime=runtime)
    assert verdict.verdict == "identical"
    assert verdict.proven
    assert verdict.comparison is not None
    assert verdict.comparison.n == golden.GOLDEN_IMAGES
    assert verdict.runtime.startswith(runtime)
    assert verdict.recorded == verdict.runtime


@pytest.mark.parametrize(
    ("dtype", "change", "verdict"),
    [
        ("uint8", 0, "identical"),
        ("uint8", 1, "within one step"),
        ("uint8", 2, "different"),
        ("int8", 1, "within one step"),
        ("float32", 5e-5, "within one step"),
        ("float32", 5e-4, "different"),
    ],
)
def test_a_deviation_is_measured(tmp_path: Path, dtype: str, change: Any, verdict: str) -> None:
    """Whole numbers by steps, floats to 1e-4. Twelve samples: 10.png comes after 9.png."""
    found = golden.verify(with_golden(tmp_path, dtype, change), runtime=HERE.name)
    assert (found.verdict, found.proven) == (verdict, verdict != "different")
    assert found.comparison is not None
    assert found.comparison.n == 12


def test_a_view_does_not_touch_the_samples(tmp_path: Path) -> None:
    """They are tensors: what was cut out of a camera's picture is not cut again."""
    view = View(rotate=180, mirror=True, region=(100, 100, 50, 50), invert=True)
    assert golden.verify(with_golden(tmp_path, view=view)).verdict == "identical"


def test_a_runtime_without_answers_is_not_recorded(tmp_path: Path) -> None:
    """Neither proven nor disproven."""
    found = golden.verify(with_golden(tmp_path, runtime="other"), runtime=HERE.name)
    assert (found.verdict, found.proven, found.comparison) == ("not recorded", False, None)


def test_no_samples_at_all(small_model: Path) -> None:
    """A file without golden samples cannot be verified, and is named."""
    with pytest.raises(ContractError, match=r"small\.tflite carries no golden samples: export"):
        golden.verify(small_model)


@pytest.mark.parametrize(
    "answers", [b"{}", b"not json", b'{"outputs": [[1, 2], [3]], "dtype": "uint8"}', b"[1]"]
)
def test_broken_answers_are_said_to_be_broken(tmp_path: Path, answers: bytes) -> None:
    """Answers that another tool garbled are a sentence, not a traceback."""
    path = tmp_path / "broken.tflite"
    files = {"0.png": image.encode_png(PIXELS[0]), golden.answers_file(HERE.name): answers}
    held = Contract(LABELS, "gray", 4, 3)
    path.write_bytes(contract.append(tiny.build((4, 3, 1)), held, files))
    with pytest.raises(ContractError, match=r"broken\.tflite are broken"):
        golden.verify(path, runtime=HERE.name)


def test_the_command_says_what_was_found(tmp_path: Path, say: Say) -> None:
    """One line, exit code 0; with --json the figures."""
    path = with_golden(tmp_path, change=1)
    said = say("verify", path)
    assert (said.code, said.err) == (0, "")
    assert said.out == (
        f"within one step: 12 golden images on {HERE}, recorded on {HERE}, farthest 0.003906\n"
    )
    assert json.loads(say("verify", path, "--json").out) == {
        "verdict": "within one step",
        "runtime": str(HERE),
        "recorded": str(HERE),
        "n": 12,
        "farthest": 1 / 256,
    }


def test_a_difference_exits_with_1(tmp_path: Path, say: Say) -> None:
    """It ran, and the result is not good enough."""
    said = say("verify", with_golden(tmp_path, change=9))
    assert said.code == 1
    assert said.out.startswith("different: ")


def test_not_recorded_exits_with_1(tmp_path: Path, say: Say) -> None:
    """So does what could not be compared."""
    path = with_golden(tmp_path, runtime="other")
    assert say("verify", path).out == f"not recorded: the file holds no answers of {HERE}\n"
    said = say("verify", path, "--json", "--runtime", HERE.name)
    assert said.code == 1
    assert json.loads(said.out)["verdict"] == "not recorded"
