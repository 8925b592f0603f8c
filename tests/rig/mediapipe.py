"""MediaPipe (PyPI): a reader of TFLite Metadata that is not ours.

It wants an OpenCV that clashes with litescore's, so it lives in an environment of its own in the
cache folder, made on first use from the versions in `mediapipe.txt`, and is spoken to through a
program that runs there.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.rig import apart
from tests.rig.needs import lack

_LOCK = Path(__file__).with_name("mediapipe.txt")
_PROGRAM = Path(__file__).with_name("mediapipe_program.py")
# Wheels of it exist for these alone.
_MACHINES = ("x86_64", "aarch64")


@dataclass(frozen=True)
class Answer:
    """What MediaPipe's ImageClassifier made of a model.

    refused  why it does not take the file, None where it does
    scores   label -> probability, one for each picture; a class without a name is `None`
    """

    refused: str | None
    scores: Sequence[dict[str, float]]


def classify(models: Sequence[Path], pictures: Sequence[Path]) -> list[Answer]:
    """One answer for each model, in order; the pictures are of the models' own size.

    Skips the test where MediaPipe does not run.
    """
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        lack("MediaPipe has no wheel for this machine")
    asked = {"models": [str(path) for path in models], "pictures": [str(path) for path in pictures]}
    # -I: or the program would find this module where it wants the package of the same name.
    command = [_python(), "-I", _PROGRAM]
    done = subprocess.run(
        command, input=json.dumps(asked), capture_output=True, text=True, timeout=240
    )
    if done.returncode != 0:
        raise RuntimeError(f"MediaPipe ended with {done.returncode}: {done.stderr[-2000:]}")
    return [Answer(**answer) for answer in json.loads(done.stdout)]


def _python() -> Path:
    return apart.environment("mediapipe", _LOCK) / "python"
