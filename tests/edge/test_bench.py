"""`litescore edge bench`: what a frame costs, told stage by stage and row by row."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from litescore import contract as contracts
from litescore import image
from litescore.contract import Contract
from litescore.interpreter import available
from tests.edge.conftest import RED, plain
from tests.litescore import tiny

BENCH = [sys.executable, "-m", "edge", "bench"]


def bench(*words: object) -> subprocess.CompletedProcess[str]:
    command = [*BENCH, *map(str, words)]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small real model with the labels red, green and blue."""
    path = tmp_path_factory.mktemp("bench") / "small.tflite"
    contract = Contract(("red", "green", "blue"), "rgb", 8, 8, variant="f32")
    path.write_bytes(contracts.append(tiny.build((8, 8, 3)), contract))
    return path


@pytest.fixture(scope="module")
def found(model: Path) -> dict[str, Any]:
    """A bench without a camera, on every runtime with one and two threads."""
    done = bench("--model", model, "--frames", 30, "--threads", "1,2", "--json")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_every_stage_is_told(found: dict[str, Any]) -> None:
    """Source, fit, invoke and emit, each with percentiles that grow; of noise, and it says so."""
    assert list(found["stages"]) == ["source", "fit", "invoke", "emit"]
    for times in found["stages"].values():
        assert 0 < times["p50_ms"] <= times["p90_ms"] <= times["p99_ms"]
    assert (found["frames"], found["source"]) == (30, "noise of 640 x 480 pixels")


def test_every_runtime_and_number_of_threads_is_a_row(found: dict[str, Any]) -> None:
    """The frames a second are those that fit, model and emit leave."""
    rows = [(row["runtime"], row["threads"]) for row in found["rows"]]
    assert rows == [(one.name, threads) for one in available() for threads in (1, 2)]
    stages = found["stages"]
    for row in found["rows"]:
        assert row["batch"] == 1
        whole = stages["fit"]["p50_ms"] + row["p50_ms"] + stages["emit"]["p50_ms"]
        assert row["fps"] == pytest.approx(1000 / whole, rel=1e-5)


def test_the_machines_heat_is_told(found: dict[str, Any]) -> None:
    """Before and after, with null for what this machine does not say."""
    assert set(found["thermal"]) == {"before", "after"}
    for state in found["thermal"].values():
        assert set(state) == {"temperature_c", "throttled", "since_boot"}


def test_a_folder_with_few_pictures(model: Path, tmp_path: Path) -> None:
    """Measured as far as it reaches; a file that is no picture is not a frame."""
    for number in range(4):
        (tmp_path / f"{number}.png").write_bytes(image.encode_png(plain(RED)))
    (tmp_path / "bad.png").write_bytes(b"bad")
    words = ["--runtime", available()[0].name, "--threads", "1", "--json"]
    done = bench("--model", model, "--source", tmp_path, "--frames", 100, *words)
    answer = json.loads(done.stdout)
    assert answer["frames"] == 2  # of four the first two warm up
    assert len(answer["rows"]) == 1


def test_a_source_without_a_frame(model: Path, tmp_path: Path) -> None:
    """One line that names it, exit code 3."""
    (tmp_path / "bad.png").write_bytes(b"bad")
    done = bench("--model", model, "--source", tmp_path)
    assert done.returncode == 3
    assert done.stderr == f"Error: --source {tmp_path} gave no frame that can be scored\n"


@pytest.mark.parametrize("words", [("--threads", "0"), ("--threads", "1;2"), ("--frames", "0")])
def test_wrong_words(model: Path, words: tuple[str, str]) -> None:
    """Exit code 2 with the option and its value."""
    done = bench("--model", model, *words)
    assert done.returncode == 2
    assert words[0] in done.stderr.splitlines()[-1]


def test_a_table_and_a_bar_on_a_terminal(model: Path) -> None:
    """The bar goes at the end; the table has a line a stage and a row."""
    ours, its = pty.openpty()
    command = [*BENCH, "--model", str(model), "--frames", "20", "--threads", "1"]
    bar = b""
    with subprocess.Popen(command, stderr=its, stdout=subprocess.PIPE, text=True) as child:
        os.close(its)
        with suppress(OSError):  # how a terminal tells that its other end is closed
            while True:
                bar += os.read(ours, 65536)
        table, _ = child.communicate(timeout=120)
    os.close(ours)
    assert child.returncode == 0
    assert bar.decode().endswith("\x1b[K\x1b[?25h")
    lines = table.splitlines()
    for word in ("before", "after", "source", "fit", "invoke", "emit", str(available()[0])):
        assert any(line.startswith(word) for line in lines), word
