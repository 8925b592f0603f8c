"""The notebooks go through from the first cell to the last, in kernels as a browser starts them."""

from __future__ import annotations

import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from trainer.images.catalog import SHIPPED_ROOT
from trainer.presets import PRESETS

pytestmark = pytest.mark.long

FOLDER = Path(__file__).parents[1] / "notebooks"
TUTORIALS = [name for name, recipe in PRESETS.items() if recipe.tutorial]
# Seconds that a cell may take where two kernels share a busy machine.
_PATIENCE = 240
# At a time.
_KERNELS = 2


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both data sets, small: clothes from the shipped slice; they stand in for the digits too."""
    root = tmp_path_factory.mktemp("data")
    shutil.copytree(SHIPPED_ROOT / "fashion-mnist", root / "fashion-mnist")
    nameless = shutil.ignore_patterns("labels.txt")
    shutil.copytree(root / "fashion-mnist", root / "mnist", ignore=nameless)
    return root


@pytest.fixture(scope="module")
def executed(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Preset -> its notebook with what its cells said."""
    notebooks = {name: nbformat.read(FOLDER / f"{name}.ipynb", as_version=4) for name in TUTORIALS}
    environ = os.environ | {"LITESCORE_DATA": str(data), "OMP_NUM_THREADS": "1"}

    def execute(names: list[str]) -> None:
        # One after the other in one kernel: its start and TensorFlow's take longer than a lesson.
        # A notebook that fails does not keep the next from being tried.
        cells = []
        for name in names:
            place = tmp_path_factory.mktemp(name)
            cells += [_afresh(place), *notebooks[name].cells]
        for number, cell in enumerate(cells):
            cell["id"] = f"cell-{number}"
        both = new_notebook(cells=cells, metadata=notebooks[names[0]].metadata)
        NotebookClient(both, timeout=_PATIENCE, allow_errors=True).execute(env=environ)

    with ThreadPoolExecutor(_KERNELS) as pool:
        list(pool.map(execute, [TUTORIALS[number::_KERNELS] for number in range(_KERNELS)]))
    return notebooks


def _afresh(place: Path) -> Any:
    """A cell that leaves no name of another notebook, in an empty working directory."""
    # All of %reset would take __spec__ too, without which no process can be spawned.
    return new_code_cell(f"%reset_selective -f .\n%cd -q {place}")


def errors(notebook: Any) -> list[str]:
    """What went wrong in its cells."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [
        f"{one.ename}: {one.evalue}\n" + "\n".join(one.traceback)
        for one in outputs
        if one.output_type == "error"
    ]


def said(notebook: Any) -> str:
    """All that the cells print or answer in words."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    texts = [
        output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs
    ]
    return "\n".join(texts)


def pictures(notebook: Any) -> int:
    """How many pictures the notebook shows."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return sum("image/png" in output.get("data", {}) for output in outputs)


def test_there_is_one_for_each_tutorial() -> None:
    """No more, no fewer."""
    assert {path.stem for path in FOLDER.glob("*.ipynb")} == set(TUTORIALS)


@pytest.mark.parametrize("name", TUTORIALS)
def test_it_is_stored_without_outputs(name: str) -> None:
    """So that a change shows as what was changed; valid, its cells in order."""
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert f"--preset {name} --show-code" in notebook.cells[0].source


@pytest.mark.parametrize("name", TUTORIALS)
def test_it_goes_through(name: str, executed: dict[str, Any]) -> None:
    """Untrained near 2.3, epochs, accuracy, overfitting, single image, file and its answer."""
    notebook = executed[name]
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
    assert errors(notebook) == []
    words = said(notebook)
    (untrained,) = re.findall(r"^loss (\d\.\d+), by chance 2\.303", words, re.MULTILINE)
    (again,) = re.findall(r"untrained loss (\d\.\d+)", words)
    assert 2 < float(untrained) < 2.8
    assert float(untrained) == pytest.approx(float(again), abs=2e-3)
    assert re.search(rf"epoch \d+/{PRESETS[name].epochs}: loss", words)
    assert "on the training images against" in words
    assert "one image: (28, 28, 1) a batch of one: (1, 28, 28, 1)" in words
    assert re.search(r"model\.tflite: \d+,\d+ bytes", words)
    assert re.search(r" \d+ %\s+is ", words)
    assert pictures(notebook) >= 2


def test_clothes_are_shown_as_the_tutorial_shows_them(executed: dict[str, Any]) -> None:
    """One image, 25 of them, curves, a right and a wrong prediction, the grid of fifteen."""
    assert pictures(executed["fashion-basic"]) == 6
    assert pictures(executed["fashion-logits"]) == 6
