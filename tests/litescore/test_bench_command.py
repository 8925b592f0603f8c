"""`litescore bench`: every file on every runtime, and LiteRT's own figure beside it."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litescore.bench import latency, litert_benchmark, measured
from litescore.interpreter import Interpreter, available
from litescore.scorer import read_model
from tests.litescore import tiny
from tests.litescore.conftest import Say

RUNTIMES = available()
NAMES = [one.name for one in RUNTIMES]
needs_litert = pytest.mark.skipif("litert" not in NAMES, reason="LiteRT is not installed")
needs_both = pytest.mark.skipif(len(NAMES) < 2, reason="one of the runtimes is not installed")
QUICK = ("--runs", "5", "--warmup", "1", "--no-litert-benchmark")


@pytest.fixture
def too_new(tmp_path: Path) -> Path:
    """A model that LiteRT takes and tflite-runtime refuses: version 12 of the dense layer."""
    path = tmp_path / "new.tflite"
    path.write_bytes(tiny.build((4, 3, 1), version=12))
    return path


@pytest.fixture
def fixed(tmp_path: Path) -> Path:
    """A model that takes two images at once, and no other number."""
    path = tmp_path / "fixed.tflite"
    path.write_bytes(tiny.build((4, 3, 1), batch=2))
    return path


def held(out: str) -> list[dict[str, Any]]:
    """The rows that --json printed."""
    rows: list[dict[str, Any]] = json.loads(out)["rows"]
    return rows


def test_a_row_for_each(small_model: Path, bare_model: Path, say: Say) -> None:
    """File, runtime, threads and batch, in that order; with and without a contract."""
    said = say("bench", small_model, bare_model, "--batch", "1,3", "--threads", "1,2", *QUICK)
    heading, *lines = said.out.splitlines()
    assert (said.code, said.err) == (0, "")
    assert heading.split()[:3] == ["model", "bytes", "runtime"]
    assert heading.split()[-1] == "MB"
    found = [line.split() for line in lines]
    assert [(one[0], one[2], one[3], one[5], one[4]) for one in found] == [
        (str(path), runtime.name, runtime.version, threads, batch)
        for path in (small_model, bare_model)
        for runtime in RUNTIMES
        for threads in ("1", "2")
        for batch in ("1", "3")
    ]


def test_json_is_what_read_reads(small_model: Path, say: Say, tmp_path: Path) -> None:
    """Machine and rows, by the names that other machines rely on."""
    said = say("bench", small_model, "--batch", "1,2", *QUICK, "--json")
    whole = json.loads(said.out)
    assert list(whole) == ["v", "machine", "rows"]
    assert list(whole["machine"]) == [
        *("platform", "machine", "cpu", "cores", "memory_mb", "python", "litescore")
    ]  # fmt: skip
    assert list(whole["rows"][0]) == [
        *("path", "sha256", "model_sha256", "bytes", "variant", "runtime", "version"),
        *("batch", "fixed_batch", "threads", "runs", "p50_ms", "p90_ms", "p99_ms"),
        *("images_per_second", "memory_mb", "litert_benchmark_ms", "refused"),
    ]
    path = tmp_path / "bench.json"
    path.write_text(said.out)
    assert measured.read(path).as_json() == whole


def test_csv_has_the_same_rows(small_model: Path, say: Say) -> None:
    """A line each under the names; what is missing is empty."""
    lines = list(csv.DictReader(io.StringIO(say("bench", small_model, *QUICK, "--csv").out)))
    assert [(one["runtime"], one["batch"], one["variant"]) for one in lines] == [
        (name, "1", "int8") for name in NAMES
    ]
    assert {one["litert_benchmark_ms"] for one in lines} == {""}
    assert say("bench", small_model, "--csv", "--json").code == 2


@needs_both
def test_a_runtime_that_cannot_load_the_model_is_left_out(too_new: Path, say: Say) -> None:
    """It is told once, the rest is measured; in JSON the refusal is a row."""
    said = say("bench", too_new, "--batch", "1,2", *QUICK, "--json")
    assert said.code == 0
    rows = held(said.out)
    assert [(one["runtime"], one["batch"]) for one in rows if one["p50_ms"]] == [
        *(("litert", 1), ("litert", 2))
    ]  # fmt: skip
    (line,) = said.err.splitlines()
    assert line.startswith(f"left out: {too_new}: tflite-runtime 2.14.0 cannot load the model: ")
    assert {f"left out: {too_new}: {one['refused']}" for one in rows if one["refused"]} == {line}


@needs_both
def test_a_file_that_no_runtime_takes(too_new: Path, small_model: Path, say: Say) -> None:
    """Beside others exit 1."""
    said = say("bench", "--runtime", "tflite-runtime", *QUICK, too_new, small_model, "--json")
    assert said.code == 1
    assert [bool(one["refused"]) for one in held(said.out)] == [True, False]
    assert said.err.startswith(f"left out: {too_new}: tflite-runtime 2.14.0 cannot load the model")


@needs_both
def test_nothing_could_be_measured(too_new: Path, say: Say) -> None:
    """Exit 3 and the reason as the error; rows that were asked for are printed all the same."""
    words = ("bench", "--runtime", "tflite-runtime", *QUICK, too_new)
    reason = "tflite-runtime 2.14.0 cannot load the model: "
    table = say(*words)
    assert table.code == 3
    assert table.refusal().startswith(f"{too_new}: {reason}")
    as_json, as_csv = say(*words, "--json"), say(*words, "--csv")
    (row,) = held(as_json.out)
    assert row["refused"].startswith(reason)
    (line,) = csv.DictReader(io.StringIO(as_csv.out))
    assert line["refused"] == row["refused"]
    assert as_json.code == as_csv.code == 3
    assert as_json.err == as_csv.err == table.err


def test_the_exit_codes_are_told(say: Say) -> None:
    """As they are."""
    told = " ".join(say("bench", "--help").out.split())
    assert "a file that all refuse makes the exit code 1, or 3 where nothing could be" in told


def test_one_runtime(small_model: Path, say: Say) -> None:
    """--runtime, once or more, names those asked, in that order."""
    words = [word for name in reversed(NAMES) for word in ("--runtime", name)]
    rows = held(say("bench", small_model, *words, *words, *QUICK, "--json").out)
    assert [one["runtime"] for one in rows] == NAMES[::-1]


def test_a_fixed_batch_is_measured_once(fixed: Path, say: Say) -> None:
    """At its own, whatever is asked."""
    rows = held(say("bench", fixed, "--batch", "1,9", *QUICK, "--json").out)
    assert [(one["runtime"], one["batch"], one["fixed_batch"]) for one in rows] == [
        (name, 2, True) for name in NAMES
    ]


@pytest.mark.parametrize("words", ["0", "1,,2", "4097", "many", ""])
def test_numbers_that_are_none(words: str, small_model: Path, say: Say) -> None:
    """Wrong usage, with the words and what they may be."""
    said = say("bench", small_model, "--batch", words)
    assert said.code == 2
    assert f"{words!r} is not whole numbers 1..4096" in said.err


@needs_litert
def test_beside_litert_benchmark(small_model: Path, fixed: Path, say: Say) -> None:
    """Its figure for LiteRT's rows, at every batch; the other runtime has none."""
    runs = ("--batch", "1,3", "--runs", "5")
    rows = held(say("bench", small_model, fixed, *runs, "--json").out)
    told = [one["litert_benchmark_ms"] is not None for one in rows]
    assert told == [one["runtime"] == "litert" for one in rows]
    heading, *lines = say("bench", fixed, *runs).out.splitlines()
    assert heading.endswith("litert-benchmark ms")
    assert [line.split()[-1] == "-" for line in lines] == [name != "litert" for name in NAMES]


@needs_litert
def test_litert_benchmark_is_not_there(
    small_model: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The column says so. The name is patched: to take the command away would break the others'
    environment.
    """
    monkeypatch.setattr(litert_benchmark, "COMMAND", "litert-benchmark-of-another-machine")
    said = say("bench", small_model, "--runtime", "litert", "--runs", "5")
    assert said.out.splitlines()[1].endswith("not installed")
    assert said.code == 0


@needs_litert
def test_litert_benchmark_fails(small_model: Path, tmp_path: Path) -> None:
    """A command that says nothing is no figure."""
    command = tmp_path / "mute"
    command.write_text("#!/bin/sh\nexit 1\n")
    command.chmod(0o755)
    model = read_model(small_model)
    like = latency.measure(model, runtime="litert", batch=1, runs=5)
    assert litert_benchmark.median(command, model, like, warmup=1) is None


@needs_litert
def test_litert_benchmark_takes_the_same_batch() -> None:
    """Fifty images take longer than one, in one run."""
    command = litert_benchmark.find()
    assert command is not None
    model = tiny.build((96, 96, 3))
    found = []
    for batch in (1, 50):
        like = latency.measure(model, runtime="litert", batch=batch, runs=50)
        found.append(litert_benchmark.median(command, model, like, warmup=5))
    assert (found[1] or 0) > 5 * (found[0] or 0.01)


@pytest.mark.parametrize("batch", [None, 4])
def test_a_batch_is_written_in(batch: int | None) -> None:
    """Where it was open: the copy takes so many images as it is, and answers the same."""
    model = tiny.build(batch=batch)
    copy = Interpreter(litert_benchmark.with_batch(model, 7), RUNTIMES[0])
    assert copy.input.shape[0] == copy.output.shape[0] == (batch or 7)
    pixels = np.random.default_rng(0).random(copy.input.shape, np.float32)
    asked = Interpreter(model, RUNTIMES[0])
    if batch is None:
        asked.resize(7)
    assert np.array_equal(copy.invoke(pixels), asked.invoke(pixels))


def test_a_terminal_sees_what_comes_next(small_model: Path) -> None:
    """One line on standard error, wiped at the end; the table stays clean."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "litescore", "bench", str(small_model), *QUICK]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, text=True)
    os.close(theirs)
    shown = os.read(ours, 10_000).decode()
    os.close(ours)
    assert done.returncode == 0
    assert all(f"{small_model}: {one}, batch 1, threads 1" in shown for one in RUNTIMES)
    assert shown.endswith("\r\x1b[K")
    assert len(done.stdout.splitlines()) == 1 + len(RUNTIMES)
    assert "\x1b" not in done.stdout
