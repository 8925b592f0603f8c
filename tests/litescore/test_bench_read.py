"""Figures that another machine measured: found again, or refused in one line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from litescore.bench.latency import Latency
from litescore.bench.machine import here
from litescore.bench.measured import Measured, ModelFile, Row, read
from litescore.errors import DataError

FILE = ModelFile("a.tflite", "1" * 64, "a" * 64, 1000, "int8")
OTHER = replace(FILE, model_sha256="b" * 64)


def row(
    p50: float, *, file: ModelFile = FILE, runtime: str = "litert", batch: int = 1, threads: int = 1
) -> Row:
    """A row with that median."""
    found = Latency(
        runtime, "2.3.0", batch, False, threads, 9, p50, 2 * p50, 3 * p50, batch / p50, 1.5
    )
    return Row(file, runtime, "2.3.0", batch, threads, found)


REFUSED = Row(OTHER, "tflite-runtime", "2.14.0", 1, 1, refused="too new")
ROWS = (
    row(3.0),
    row(2.0, threads=4),
    row(1.0, runtime="tflite-runtime"),
    row(8.0, batch=32),
    REFUSED,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file of the rows above."""
    path = tmp_path / "bench.json"
    path.write_text(json.dumps(Measured(here().as_json(), ROWS).as_json()))
    return path


def test_what_is_read_is_what_was_written(path: Path) -> None:
    """Rows and machine, refusals too."""
    found = read(path)
    assert found.rows == ROWS
    assert found.machine == here().as_json()


def test_the_latency_of_a_model(path: Path) -> None:
    """By digest and batch, narrowed by runtime and threads; the quickest that fits."""
    found = read(path)

    def p50(digest: str = "a" * 64, batch: int = 1, **narrowed: object) -> float | None:
        one = found.latency(digest, batch=batch, **narrowed)  # type: ignore[arg-type]
        return one.p50 if one else None

    assert p50() == 1.0
    assert p50(runtime="litert") == 2.0
    assert p50(runtime="litert", threads=1) == 3.0
    assert p50(batch=32) == 8.0
    assert p50(batch=2) is None
    assert p50(threads=2) is None
    assert p50("b" * 64) is None
    assert p50("c" * 64) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "p50 ms\n3.2\n",
        "[]",
        "3",
        "null",
        '{"rows": []}',
        '{"v": 1, "machine": {}}',
        '{"v": 1, "machine": 3, "rows": []}',
        '{"v": 1, "machine": {}, "rows": [{}]}',
        '{"v": 1, "machine": {}, "rows": 3}',
        "[" * 100_000,
        "\x00\x80",
    ],
)
def test_what_bench_did_not_write(text: str, tmp_path: Path) -> None:
    """Any other file is refused by name, with how to come by a right one."""
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(DataError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path} is not what `litescore bench --json` writes: ")
    assert "`litescore bench MODEL... --json > bench.json`" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("p50_ms", "fast"),
        ("p50_ms", -1),
        ("p50_ms", True),
        ("p50_ms", None),
        ("batch", 1.5),
        ("batch", "1"),
        ("runtime", None),
        ("model_sha256", 7),
        ("memory_mb", "much"),
        ("refused", 3),
    ],
)
def test_a_row_that_was_spoilt(field: str, value: object, path: Path) -> None:
    """A figure that is none would decide which variant is exported: it is refused."""
    whole = json.loads(path.read_text())
    whole["rows"][0][field] = value
    path.write_text(json.dumps(whole))
    with pytest.raises(DataError, match="is not what `litescore bench --json` writes"):
        read(path)


def test_a_missing_file(tmp_path: Path) -> None:
    """The path and the reason."""
    with pytest.raises(DataError, match=r"^cannot read .*none\.json: No such file or directory$"):
        read(tmp_path / "none.json")


def test_another_version(path: Path) -> None:
    """What a later litescore wrote is not guessed at."""
    path.write_text(path.read_text().replace('"v": 1', '"v": 2'))
    with pytest.raises(DataError, match="is a bench of version 2, this litescore reads 1: "):
        read(path)


def test_the_machine_says_what_it_is() -> None:
    """Facts of this machine, none empty; of JSON's own types."""
    held = here().as_json()
    assert json.loads(json.dumps(held)) == held
    assert all(held.values())
    assert isinstance(held["cores"], int)
    assert held["cores"] >= 1
