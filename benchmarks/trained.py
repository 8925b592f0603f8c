"""A small model for a benchmark that needs a real one, and none in particular."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def model(folder: Path) -> Path:
    """A small int8 model in `folder`, by the commands that a user would type."""
    run, path = folder / "run", folder / "trained.tflite"
    train = ("train", "--preset", "fashion-basic", "--epochs", "2", "--out", run)
    export = ("export", run, "--quantize", "int8", "--max-drop", "5", "--out", path)
    for words in (train, export):
        command = [sys.executable, "-m", "litescore", *map(str, words)]
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return path
