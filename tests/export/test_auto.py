"""`--quantize auto` through its command: every variant tried, gated, timed, one written."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litescore import contract as contracts
from litescore.contract import VARIANTS
from litescore.golden import verify
from litescore.inspect import inspect
from tests.export import keras_models
from tests.rig import warm
from tests.rig.warm import Said, Warmed

Tensorflow = Callable[..., Any]


def said(done: Said) -> dict[str, Any]:
    """The JSON on standard output."""
    values: dict[str, Any] = json.loads(done.stdout)
    return values


@pytest.fixture(scope="module")
def swept(
    run: Path, warmed: Warmed, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any]]:
    """The run, exported for LiteRT on this machine: the file and what was said of it."""
    path = tmp_path_factory.mktemp("auto") / "model.tflite"
    done = warmed(
        "export", run, "--quantize", "auto", "--target", "litert", "--out", path, "--json"
    )
    assert done.returncode == 0, done.stderr
    return path, said(done)


def test_every_variant_is_tried_once(swept: tuple[Path, dict[str, Any]]) -> None:
    """Accuracy, worst class, agreement, size and latencies of each; one is chosen, with a reason."""
    found = swept[1]["candidates"]
    assert [one["variant"] for one in found] == list(VARIANTS)
    for one in found:
        assert 0.7 < one["accuracy"] < 1
        assert one["agreement"] > 0.9
        assert one["worst_class"]["images"] > 0
        assert [cost["batch"] for cost in one["latency"]] == [1, 32]
        assert all(cost["p50"] <= cost["p90"] <= cost["p99"] for cost in one["latency"])
        assert all(cost["memory"] > 0 for cost in one["latency"])
    assert [one["verdict"] for one in found].count("chosen") == 1
    assert "that pass the gates" in swept[1]["why"]


def test_the_chosen_is_among_the_fastest(swept: tuple[Path, dict[str, Any]]) -> None:
    """Within what counts as noise of the fastest that passes, at the pipeline's batch."""
    passing = [c for c in swept[1]["candidates"] if c["verdict"] in ("chosen", "passes")]
    costs = {c["variant"]: c["latency"][-1]["p50"] for c in passing}
    assert costs[swept[1]["chosen"]] <= min(costs.values()) * 1.05


def test_gates_on_validation_images_and_reports_the_test_images(
    swept: tuple[Path, dict[str, Any]], run: Path
) -> None:
    """As many validation images as the run set aside; the contract tells of the test images."""
    path, found = swept
    images = json.loads((run / "run.json").read_text())["images"]
    assert found["validation"]["n"] == images["validation"]
    assert found["n"] == images["test"]
    held = inspect(path).contract
    assert held is not None
    assert held.accuracy["n"] == images["test"]
    assert held.smallest_runtime == found["smallest_runtime"]
    assert verify(path).verdict == "identical"


def test_the_page_shows_the_comparison(swept: tuple[Path, dict[str, Any]]) -> None:
    """Every candidate, the pictures, and why."""
    html = swept[0].with_suffix(".report.html").read_text()
    for words in (*VARIANTS, "What was tried", "Latency", "What its confidence is worth"):
        assert words in html
    assert html.count("data:image/png") >= 2


def test_a_pi_gets_its_latency_from_there(run: Path, warmed: Warmed, tmp_path: Path) -> None:
    """--keep, bench elsewhere, --measured: the figures brought decide, not this machine's."""
    kept = tmp_path / "kept"
    words = ("export", run, "--quantize", "auto", "--target", "pi4", "--json")
    first = warmed(*words, "--keep", kept, "--out", tmp_path / "first.tflite")
    assert first.returncode == 0, first.stderr
    assert "--measured" in said(first)["why"]
    assert all(candidate["latency"] == [] for candidate in said(first)["candidates"])
    assert {path.stem for path in kept.iterdir()} == {f"{name}-batch-1" for name in VARIANTS}

    # Where TensorFlow is loaded tflite-runtime does not work.
    command = [sys.executable, "-m", "litescore", "bench", *sorted(kept.iterdir())]
    bench = subprocess.run([*command, "--runs", "5", "--json"], capture_output=True, text=True)
    assert bench.returncode == 0, bench.stderr
    brought = json.loads(bench.stdout)
    for row in brought["rows"]:
        row["p50_ms"] = 1.0 if row["variant"] == "f16" else 50.0
    measured = tmp_path / "bench.json"
    measured.write_text(json.dumps(brought))
    here = warmed(*words, "--measured", measured, "--out", tmp_path / "second.tflite")
    assert here.returncode == 2
    assert "the target pi4 is aarch64 or armv7l" in here.stderr
    brought["machine"]["machine"] = "aarch64"
    measured.write_text(json.dumps(brought))
    second = warmed(*words, "--measured", measured, "--out", tmp_path / "second.tflite")
    assert second.returncode == 0, second.stderr
    assert said(second)["chosen"] == "f16, batch 1"
    held = contracts.read(tmp_path / "second.tflite")
    assert held is not None
    assert held.variant == "f16"


def test_one_variant_through_the_target_alone(run: Path, warmed: Warmed, tmp_path: Path) -> None:
    """tflite-runtime is proven although TensorFlow is loaded beside the converter, and timed."""
    path = tmp_path / "model.tflite"
    words = ("--quantize", "f16", "--target", "tflite-runtime", "--max-latency-ms", "500")
    done = warmed("export", run, *words, "--out", path, "--json")
    assert done.returncode == 0, done.stderr
    (one,) = said(done)["candidates"]
    assert [reading["runtime"] for reading in one["runtimes"]] == ["tflite-runtime 2.14.0"]
    assert {cost["runtime"] for cost in one["latency"]} == {"tflite-runtime"}


def test_limits_narrow_it_and_an_open_batch_can_be_asked_for(
    run: Path, warmed: Warmed, tmp_path: Path
) -> None:
    """Only files below --max-size pass; `--batch dynamic` is no fixed batch of one, even for a
    camera.
    """
    words = ("--quantize", "auto", "--target", "pi5", "--batch", "dynamic", "--json")
    done = warmed("export", run, *words, "--max-size", "150kB", "--out", tmp_path / "small.tflite")
    assert done.returncode == 0, done.stderr
    assert said(done)["bytes"] <= 150_000
    assert {one["batch"] for one in said(done)["candidates"]} == {None}
    refused = [c["verdict"] for c in said(done)["candidates"] if c["variant"] == "f32"]
    assert "--max-size is 150,000" in refused[0]


def test_where_none_passes_nothing_is_written(run: Path, warmed: Warmed, tmp_path: Path) -> None:
    """Below every file's size: a page says what was tried."""
    out = tmp_path / "none.tflite"
    words = ("--quantize", "auto", "--target", "lambda", "--max-size", "9kB", "--json")
    done = warmed("export", run, *words, "--out", out)
    assert done.returncode == 1
    assert "nothing written" in done.stderr
    assert said(done)["path"] is None
    assert not out.exists()
    assert out.with_suffix(".refused.html").exists()


def test_a_hot_model_is_cooled(
    run: Path, tensorflow: Tensorflow, warmed: Warmed, tmp_path: Path
) -> None:
    """Logits three times too large make it far too sure: the exported file is so no more."""
    hot = tensorflow(keras_models.edited, run, tmp_path / "hot", _heat)
    path = tmp_path / "model.tflite"
    words = ("--quantize", "int8", "--max-drop", "3", "--calibrate-confidence", "--json")
    done = warmed("export", hot, *words, "--out", path)
    assert done.returncode == 0, done.stderr
    found, held = said(done), contracts.read(path)
    assert held is not None
    assert held.origin["temperature"] == found["temperature"]
    assert 2 < found["temperature"] < 5
    assert found["ece"]["after"] < found["ece"]["before"] / 2


def _heat(model: Any) -> None:
    """Its logits become three times as large."""
    last = next(layer for layer in reversed(model.layers) if layer.get_weights())
    last.set_weights([3 * weights for weights in last.get_weights()])


def test_a_class_that_lost_alone_is_caught(
    run: Path, tensorflow: Tensorflow, tmp_path: Path
) -> None:
    """The weights of one class are damaged after training, by its bias: with the gates as they are
    --max-drop lets the file pass, --max-class-drop names the class.
    """
    path = tmp_path / "model.tflite"
    done = tensorflow(_export_damaged, str(run), str(path))
    assert done.returncode == 1, done.stderr
    (one,) = said(done)["candidates"]
    assert 0 < one["drop"] < 1
    assert "points of the recall of 'Trouser'" in one["verdict"]
    assert "--max-drop is" not in one["verdict"]
    assert not path.exists()


def _export_damaged(run: str, path: str) -> Said:
    """The command, with a model that is damaged between its exam and its conversion."""
    from export import job

    class Damaged(job.Sweep):
        def _convert(self, candidate: Any) -> bytes:
            mine = self.exam.classes == 1
            logs = np.log(np.maximum(self.exam.keras, 1e-30))
            margins = (logs[:, 1] - np.delete(logs, 1, axis=1).max(axis=1))[mine]
            # So far that 8 % of the class fall to others.
            shift = np.sort(margins[margins > 0])[int(0.08 * mine.sum())] * np.eye(10)[1]
            bias = [one for one in self.source.model.variables if tuple(one.shape) == (10,)][-1]
            bias.assign_sub(shift)
            try:
                return super()._convert(candidate)
            finally:
                bias.assign_add(shift)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "Sweep", Damaged)
        return warm.litescore("export", run, "--out", path, "--quantize", "f32", "--json")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--quantize", "auto"), "needs a --target: one of litert"),
        (("--target", "pi6"), "unknown target 'pi6'"),
        (("--max-latency-ms", "3"), "--max-latency-ms needs a --target"),
        (("--target", "litert", "--measured", "b.json"), "another machine"),
        (("--max-size", "small"), "is no size"),
        (("--labels", "labels.txt"), "leave out --labels"),
        (("--max-drop", "nan"), "no number to hold anything to"),
        (("--size", "0x3"), "is no size: write it as 224"),
    ],
)
def test_wrong_words(
    run: Path, warmed: Warmed, tmp_path: Path, words: tuple[str, ...], complaint: str
) -> None:
    """Refused before anything is converted, with what to do."""
    done = warmed("export", run, "--out", tmp_path / "m.tflite", *words)
    assert done.returncode == 2, done.stderr
    assert complaint in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_places_that_cannot_be(run: Path, warmed: Warmed, tmp_path: Path) -> None:
    """Told before anything is converted: a model that is not there or is exported already, a folder
    as file, the reverse, a place that cannot be written.
    """
    missing = warmed("export", tmp_path / "none.keras", "--labels", "l.txt")
    assert (missing.returncode, "no file or folder" in missing.stderr) == (2, True)
    (tmp_path / "m.tflite").touch()
    again = warmed("export", tmp_path / "m.tflite", "--out", tmp_path / "n.tflite")
    assert (again.returncode, "is exported already" in again.stderr) == (2, True)
    closed = warmed("export", run, "--out", tmp_path / "m.tflite" / "n.tflite")
    assert (closed.returncode, closed.stdout) == (3, ""), closed.stderr
    assert "cannot write" in closed.stderr
    folder = warmed("export", run, "--out", tmp_path)
    assert (folder.returncode, "is a folder" in folder.stderr) == (2, True)
    file = warmed("export", run, "--keep", run / "run.json", "--out", tmp_path / "m.tflite")
    assert (file.returncode, "is a file: name a folder" in file.stderr) == (2, True)
