"""One run of all benchmarks: no row is lost, and the page is what the figures say."""

from __future__ import annotations

import ast
import os
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks import holds
from benchmarks.holds import Hold
from benchmarks.house import __main__ as house
from benchmarks.house import catalog, page, results, words
from benchmarks.house.catalog import PIECES
from benchmarks.house.piece import Found, Piece, Place, Row
from benchmarks.house.results import Figure, Measured, Results

ROOT = Path(__file__).parents[1]
# What the house promises: rows, and what each is held against.
_PROMISED = {
    ("pipeline-28", "handler-28", "pipeline-photos", "handler-photos"): Hold(most=1.15),
    ("keras-28",): Hold(least=100),
    ("keras-photos",): Hold(least=20),
    ("tflite-28", "tflite-photos"): Hold(most=1 / 5),
    ("zip-28", "zip-photos"): Hold(most=1 / 2),
    ("npz-28", "npz-photos"): Hold(most=1 / 3),
    ("init-bare",): Hold(most=3.5),
    ("init-boto3",): Hold(most=0.45),
    ("memory-small", "memory-photos"): Hold(most=1.1),
    ("loop-large-input", "loop-large-near"): Hold(most=1.05),
    ("loop-small-rgb-input", "loop-small-gray-input"): Hold(most=1.2),
    ("loop-small-rgb-near", "loop-small-gray-near"): Hold(most=1.2),
    ("threads", "processes"): Hold(least=1.7),
    ("int8-size",): Hold(most=0.30),
    ("int8-drop",): Hold(most=0.5),
    ("training",): Hold(most=0.3),
    ("arm-tflite", "arm-class"): Hold(most=0),
    ("arm-litert",): Hold(most=1),
}
_PUBLISHED = {"fashion-best": "94.0 % in <= 500 kB", "mnist-best": "99.6 % in <= 300 kB"}


def good(place: Place) -> Found:
    """A row that holds, and one that cannot be measured here."""
    assert not list(place.folder.iterdir())
    assert "LITESCORE_THREADS" not in os.environ
    return Found({"good": [1.0, 2.0, 1.5]}, skipped={"elsewhere": "no camera here"})


def raises(_place: Place) -> Found:
    """As a benchmark whose figures make no sense."""
    raise ValueError("no\nfigures")


def dies(_place: Place) -> Found:
    """As one that the system kills."""
    os._exit(9)


def _piece(name: str, *rows: Row) -> Piece:
    return Piece(name, "Tests", 0.1, f"{__name__}:{name}", rows, "none", "BATCH.md")


_GOOD = _piece(
    "good", Row("good", "a ratio", Hold(most=1.2)), Row("elsewhere", "another", Hold(most=1))
)


def test_the_page_is_what_the_figures_make() -> None:
    """Nobody edits it by hand; its pictures are there."""
    told = page.render(results.read())
    assert page.PAGE.read_text(encoding="utf-8") == told, "python -m benchmarks.house --render"
    assert set(results.read().curves()) <= set(page.CURVES)


def test_every_promise_has_its_row() -> None:
    """With its own hold, on the page; what takes too long is published with command and date."""
    rows, text = catalog.rows(), page.PAGE.read_text(encoding="utf-8")
    for names, hold in _PROMISED.items():
        for name in names:
            assert rows[name].hold == hold
            assert f"| {rows[name].what} | {words.hold_text(rows[name])} |" in text
    for what, hold in _PUBLISHED.items():
        (row,) = (one for one in page.published() if one["what"].startswith(what))
        assert hold in row["hold"]
        assert row["command"] in text
        assert row["date"]


def test_what_may_stay_unmet_says_why() -> None:
    """A row that is not met has its reason in the catalog, made of other rows' figures."""
    held, rows = results.read().figures(), catalog.rows()
    unmet = [name for name in held if words.met(rows[name], held[name]) is False]
    for name in unmet:
        assert words.why(rows[name], held, rows), (
            f"say in the catalog what stands in the way of {name}"
        )
    for row in rows.values():
        row.why.format_map(dict.fromkeys(rows, "1 x"))


def test_every_piece_has_its_function() -> None:
    """Named by module and function, since loading them all loads TensorFlow."""
    names = [piece.name for piece in PIECES]
    assert len(set(names)) == len(names)
    assert len({row.name for piece in PIECES for row in piece.rows}) == sum(
        len(piece.rows) for piece in PIECES
    )
    assert sum(piece.minutes for piece in PIECES) <= 36
    for piece in PIECES:
        module, _, function = piece.measure.partition(":")
        tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text())
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_one_that_fails_takes_nothing_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither by raising nor by dying: the others have their figures, and the exit code is 1. Pieces
    that are not measured again keep theirs.
    """
    monkeypatch.setenv("LITESCORE_THREADS", "3")
    pieces = (_piece("raises", Row("bad", "one")), _piece("dies", Row("dead", "one")), _GOOD)
    monkeypatch.setattr(page, "PIECES", pieces)
    path = tmp_path / "results.json"
    old = Measured("2026-01-02 03:04", "abc", 1.0, 0.0, {"bad": Figure([0.5])})
    results.write(Results(pieces={"raises": old}), path)
    places = {"path": path, "docs": tmp_path, "logs": tmp_path / "logs"}
    assert house.measure(pieces[1:], whole=False, **places) == 1
    held = results.read(path).figures()
    assert held["bad"] == Figure([0.5])
    assert held["good"] == Figure([1.0, 2.0, 1.5])
    assert held["elsewhere"].skipped == "no camera here"
    assert held["dead"].error == "the process ended with 9"
    text = (tmp_path / "BENCHMARKS.md").read_text()
    assert "| a ratio | <= 1.2 x | 1.50 x (1.00 to 2.00) | **not met** | [good](BATCH.md) |" in text
    assert "[raises](BATCH.md), 2026-01-02 03:04, abc |" in text
    assert "| skipped: no camera here |" in text
    assert "failed: dead; " in capsys.readouterr().err
    assert house.measure(pieces[:1], whole=True, **places) == 1
    assert results.read(path).figures()["bad"].error == "ValueError: no figures"
    assert "ValueError" in (tmp_path / "logs" / "raises.log").read_text()


def test_a_hold_that_is_not_met_fails_nothing(tmp_path: Path) -> None:
    """It is told, and the exit code is 0."""
    assert (
        house.measure([_GOOD], whole=True, path=tmp_path / "r.json", docs=tmp_path, logs=tmp_path)
        == 0
    )


def test_what_a_machine_lacks_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rows of accuracy without the data sets, without starting anything."""
    monkeypatch.delenv("LITESCORE_DATA", raising=False)
    piece = replace(catalog.find("export"), measure="nowhere:nothing")
    path = tmp_path / "results.json"
    assert house.measure([piece], whole=True, path=path, docs=tmp_path, logs=tmp_path) == 0
    for figure in results.read(path).figures().values():
        assert figure.skipped == "needs the whole data sets: set LITESCORE_DATA"


@pytest.mark.parametrize(
    ("rounds", "told"),
    [
        ([1.15], "1.15 x"),
        ([1.1502], "1.1502 x"),
        ([1.16, 1.0, 1.2], "1.16 x (1.00 to 1.20)"),
        ([0.0123], "0.012 x"),
        ([123.4], "123 x"),
    ],
)
def test_no_figure_looks_met_that_is_not(rounds: list[float], told: str) -> None:
    """It has the digits that show it."""
    row = Row("row", "a ratio", holds.PARTS)
    assert words.figure_text(row, Figure(rounds)) == told
