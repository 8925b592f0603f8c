"""`--reference` through its command: what is printed, and what is refused before any work."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.export import pictures
from tests.rig.warm import Warmed


@pytest.fixture(scope="module")
def trained(warmed: Warmed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on a folder of colour pictures."""
    folder = tmp_path_factory.mktemp("reference")
    data = pictures.write(folder / "textures", size=(24, 24))
    words = ("--data", data, "--model", "mlp", "--epochs", "2", "--out", folder / "run")
    done = warmed("train", *words)
    assert done.returncode == 0, done.stderr
    return folder


def predictions(trained: Path, label: str | None) -> Path:
    """What someone made of every picture: `label`, or the folder it lies in."""
    path = trained / f"{label or 'right'}.csv"
    files = sorted((trained / "textures").rglob("*.png"))
    lines = [f"{file.parent.name}/{file.name},{label or file.parent.name}\n" for file in files]
    path.write_text("file,label\n" + "".join(lines))
    return path


def test_what_differs_is_printed(trained: Path, warmed: Warmed) -> None:
    """How many agree, the first that do not, and a cause."""
    out = trained / "model.tflite"
    words = (trained / "run", "--quantize", "f32", "--max-class-drop", "100", "--out", out)
    done = warmed("export", *words, "--reference", predictions(trained, "brick"))
    assert done.returncode == 0, done.stderr
    assert f"of {3 * pictures.COUNT} predictions are the file's too" in done.stdout
    assert "yours brick, the file's" in done.stdout
    assert "Likeliest cause" in done.stdout
    assert "Beside your own predictions" in out.with_suffix(".report.html").read_text()


def test_a_reference_that_is_none_is_refused_first(
    trained: Path, warmed: Warmed, tmp_path: Path
) -> None:
    """Before a variant is converted: a file that is missing, a class that the model lacks."""
    for path, complaint in [
        (tmp_path / "none.csv", "none.csv"),
        (predictions(trained, "lava"), "'lava' is none of the model's classes"),
    ]:
        words = (trained / "run", "--out", tmp_path / "m.tflite", "--reference", path)
        done = warmed("export", *words)
        assert done.returncode == 3
        assert complaint in done.stderr
        assert "[1/1]" not in done.stderr
        assert "Traceback" not in done.stderr
