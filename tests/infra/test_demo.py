"""`python -m infra.demo`, the main job: once as it is, and when a part of it fails."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from infra.demo import images, job
from infra.local.cloud import LocalCloud
from litescore import contract, results
from litescore.errors import ConfigurationError

pytestmark = pytest.mark.long

BROKEN = "raise RuntimeError('the function is broken')"


def demo(out: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """The demo with its temporary files under `out`, so that what it leaves can be seen."""
    scratch = out / "scratch"
    scratch.mkdir()
    environ = os.environ | {"TMPDIR": str(scratch)} | variables
    words = [sys.executable, "-m", "infra.demo", "--out", str(out / "demo")]
    return subprocess.run(words, capture_output=True, text=True, env=environ, timeout=280)


def left_running(folder: Path) -> list[list[str]]:
    """Command lines of the processes that have to do with a folder."""
    lines: list[list[str]] = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        words = process.info["cmdline"] or []
        if str(folder) in " ".join(words) or str(folder) in (process.info["cwd"] or ""):
            lines.append(words)
    return lines


def test_the_main_job_runs_and_tells_the_truth(tmp_path: Path) -> None:
    """Trained, exported, evaluated, scored over S3 and at the edge; the report says what the
    records say; nothing is left running.
    """
    done = demo(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    folder = tmp_path / "demo"
    summary = done.stdout.split("\n\n")[-1].splitlines()
    assert len(summary) <= 12
    assert "data " in done.stdout
    assert summary[-1].endswith(str(folder / "report.html"))
    assert "S3 200 of 200, edge 120 of 120" in done.stdout
    assert "20 images through the state machine" in done.stdout
    # Of an image that was alone in its batch the backfill's output object is the one that is there.
    assert re.search(r" 2(?:0[1-9]|1\d|20) records, of 200 images\n", done.stdout)

    found = contract.read(folder / "model.tflite")
    assert found is not None
    assert (found.variant, len(found.labels)) == ("int8", 10)
    assert results.count(results.read(folder / "records" / "cloud")).statuses == {"scored": 200}
    assert results.count(results.read(folder / "records" / "edge")).statuses == {"scored": 120}

    page = (folder / "report.html").read_text()
    [right] = re.findall(r"(\d+) of 200 right", page)
    assert page.count('<figure class="good">') + page.count('<figure class="bad">') == 240
    assert int(right) > 100
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page)

    assert left_running(tmp_path) == []
    assert list((tmp_path / "scratch").iterdir()) == []


def test_a_step_that_fails_shows_what_it_printed(tmp_path: Path) -> None:
    """With the log's name in one line, exit code 3; here a TensorFlow that does not load."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "tensorflow.py").write_text("raise ImportError('no such library')")
    done = demo(tmp_path, PYTHONPATH=str(tmp_path / "broken"))
    assert done.returncode == 3
    assert "no such library" in done.stdout
    log = tmp_path / "demo" / "logs" / "train.log"
    assert re.search(rf"Error: litescore train ended with exit code \d: .* {log}\n", done.stderr)
    assert left_running(tmp_path) == []


def test_a_function_that_fails_is_told_at_once(
    cloud: LocalCloud, tmp_path: Path, fashion: Path, int8_model: Path
) -> None:
    """Its message comes back after the visibility timeout only, of minutes: nobody waits for it."""
    package = tmp_path / "broken.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("lambda_handler/__init__.py", BROKEN)
    broken = cloud.deploy(package, name="broken")
    found = contract.read(int8_model)
    assert found is not None
    [pictures] = images.draw(fashion, found, [2])
    said: list[str] = []
    with pytest.raises(ConfigurationError, match="the function failed, 0 of 2 records came"):
        job.score_in_cloud(broken, job.Workplace(tmp_path), pictures, said.append)
    assert "the function is broken" in "".join(said)


@pytest.fixture
def clip(fashion: Path, int8_model: Path, tmp_path: Path) -> Callable[[], list[int]]:
    """Frames of a clip of three pictures, two frames each: the farthest grey value of each frame
    from its picture.
    """
    found = contract.read(int8_model)
    assert found is not None
    _, pictures = images.draw(fashion, found, [5, 3])
    path = images.write_clip(pictures, tmp_path / "clip.mkv", frames_each=2)

    def differences() -> list[int]:
        import cv2

        capture, farthest = cv2.VideoCapture(str(path)), []
        while (answer := capture.read())[0]:
            tensor = pictures[len(farthest) // 2].tensor
            farthest.append(int(abs(answer[1].astype(int) - tensor).max()))
        return farthest

    return differences


def test_the_clip_loses_nothing(clip: Callable[[], list[int]]) -> None:
    """Each picture for two frames, to the last grey value: the edge loop sees what the cloud sees."""
    assert clip() == [0] * 6


def test_what_is_said_within_a_step_stands_below_its_title(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The time too, which else stands behind the title."""
    from infra.demo.__main__ import STEPS, Steps

    steps = Steps()
    with steps("bake"):
        steps.say("the oven is hot")
    with steps("eat") as note:
        note("all of it")
    lines = re.sub(r"\d+\.\d s", "T", capsys.readouterr().out).splitlines()
    assert [line.rstrip() for line in lines] == [
        f"[1/{STEPS}] bake",
        "      the oven is hot",
        "      (T)",
        f"[2/{STEPS}] eat (T)",
        "      all of it",
    ]
