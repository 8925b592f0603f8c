"""What an invocation costs here: percentiles in order, every runtime asked."""

from __future__ import annotations

import json
from pathlib import Path

from litescore.bench import latency
from litescore.interpreter import available
from litescore.scorer import Scorer
from tests.litescore import tiny
from tests.litescore.conftest import LABELS, Say


def test_percentiles_are_in_order() -> None:
    """And images a second are those of the median."""
    scorer = Scorer(tiny.build((4, 3, 1)), labels=LABELS, batch=5)
    found = latency(scorer, threads=1, runs=50, warmup=2)
    assert 0 < found.p50 <= found.p90 <= found.p99
    assert found.images_per_second == 5 / found.p50 * 1000
    assert (found.batch, found.threads, found.runtime) == (5, 1, str(scorer.runtime_used))


def test_a_larger_model_costs_more() -> None:
    """Two thousand times the work is noticed, in one run."""
    costs = [
        latency(Scorer(tiny.build((side, side, 3)), labels=LABELS), threads=1, runs=30).p50
        for side in (4, 180)
    ]
    assert costs[1] > 2 * costs[0]


def test_the_command_asks_every_runtime(small_model: Path, say: Say) -> None:
    """A line each under a heading; --json for machines."""
    words = ("bench", small_model, "--runs", "5", "--batch", "3", "--threads", "2")
    lines = say(*words).out.splitlines()
    assert lines[0].split()[:2] == ["runtime", "batch"]
    assert [line[:24].strip() for line in lines[1:]] == [str(one) for one in available()]
    held = json.loads(say(*words, "--json").out)
    assert [(one["runtime"], one["batch"], one["threads"]) for one in held] == [
        (str(one), 3, 2) for one in available()
    ]


def test_a_runtime_that_cannot_load_the_model_is_left_out(
    bare_model: Path, tmp_path: Path, say: Say
) -> None:
    """Version 12 of the dense layer is too new for tflite-runtime: it is told, the rest measured."""
    bare_model.write_bytes(tiny.build((4, 3, 1), version=12))
    names = tmp_path / "names.txt"
    names.write_text("\n".join(LABELS))
    said = say("bench", bare_model, "--labels", names, "--runs", "2", "--json")
    able = [str(one) for one in available() if one.name == "litert"]
    assert said.code == 0
    assert [one["runtime"] for one in json.loads(said.out)] == able
    assert len(said.err.splitlines()) == len(available()) - len(able)
    assert all(f"left out: {bare_model}: tflite-runtime" in line for line in said.err.splitlines())


def test_a_fixed_batch_stays(bare_model: Path, tmp_path: Path, say: Say) -> None:
    """What was measured is told, not what was asked for."""
    bare_model.write_bytes(tiny.build((4, 3, 1), batch=2))
    names = tmp_path / "names.txt"
    names.write_text("\n".join(LABELS))
    said = say("bench", bare_model, "--labels", names, "--batch", "9", "--runs", "2", "--json")
    assert {one["batch"] for one in json.loads(said.out)} == {2}
