"""`litescore edge run` as a process: its output, its end by signal, its words when it cannot run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from litescore import contract as contracts
from litescore import image, results
from tests.edge.conftest import BLUE, GREEN, RED, Write, plain
from tests.rig.pngs import Pngs

EDGE = [sys.executable, "-m", "edge", "run"]


def edge(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*EDGE, *map(str, words)], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


@contextmanager
def started(*words: object) -> Iterator[subprocess.Popen[bytes]]:
    """The loop, running; killed at the end of the block should it still run."""
    # Unbuffered: communicate() does not see what readline() read ahead.
    child = subprocess.Popen(
        [*EDGE, *map(str, words)], bufsize=0, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def labels_of(text: str | bytes) -> list[str]:
    return [json.loads(line)["label"] for line in text.splitlines()]


@pytest.fixture
def colors(tmp_path: Path) -> Path:
    """A folder with a red, a blue and a green picture, in that order."""
    folder = tmp_path / "colors"
    folder.mkdir()
    for number, color in enumerate((RED, BLUE, GREEN)):
        (folder / f"{number}.png").write_bytes(image.encode_png(plain(color)))
    return folder


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A folder of 20,000 names of one picture: seconds of work."""
    folder = tmp_path / "many"
    folder.mkdir()
    first = folder / "00000.png"
    first.write_bytes(image.encode_png(plain(RED, 8)))
    for number in range(1, 20_000):
        os.link(first, folder / f"{number:05d}.png")
    return folder


def test_folder_to_stdout(pngs: Pngs, int8_model: Path) -> None:
    """One JSON line an image in order, and one line of summary beside them."""
    done = edge("--model", int8_model, "--source", pngs.folder)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert [line["source"] for line in lines] == [str(path) for path in pngs.paths]
    assert [line["frame"]["number"] for line in lines] == list(range(50))
    assert done.stderr.startswith("50 frames, ")
    assert " frames/s, model p50 " in done.stderr
    assert done.stderr.count("\n") == 1


def test_python_m_litescore_edge(colors: Path, color_model: Path) -> None:
    """`litescore edge run` is the same command."""
    command = [sys.executable, "-m", "litescore", "edge", "run", "--max-frames", "1"]
    command += ["--source", str(colors), "--model", str(color_model)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert labels_of(done.stdout) == ["red"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_cleanly(number: signal.Signals, many: Path, color_model: Path) -> None:
    """A signal mid-run: what was begun is finished, the last line is whole, the exit code is 0."""
    with started("--model", color_model, "--source", many) as child:
        assert child.stdout is not None
        head = [child.stdout.readline() for _ in range(100)]
        child.send_signal(number)
        rest, errors = child.communicate(timeout=30)
    text = b"".join(head) + rest
    assert text.endswith(b"\n")
    count = len(labels_of(text))
    assert 100 <= count < 20_000
    assert child.returncode == 0
    assert errors.decode().startswith(f"{count} frames, ")


def test_signal_ends_a_wait(colors: Path, color_model: Path) -> None:
    """SIGTERM while the loop waits for its interval ends it at once."""
    words = ["--model", color_model, "--source", colors, "--interval", 600]
    with started(*words) as child:
        assert child.stdout is not None
        assert child.stdout.readline()
        time.sleep(0.5)  # from the line to the wait, or the signal comes before it
        begun = time.monotonic()
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=60)
        assert time.monotonic() - begun < 30
    assert child.returncode == 0


def test_lines_are_flushed(colors: Path, color_model: Path, tmp_path: Path) -> None:
    """Each record is in the file before the next frame is waited for."""
    out = tmp_path / "records.jsonl"
    words = ["--model", color_model, "--source", colors, "--interval", 600, "--out", out]
    with started(*words):
        end = time.monotonic() + 60
        while time.monotonic() < end and not (out.exists() and out.read_bytes()):
            time.sleep(0.02)
        assert labels_of(out.read_text()) == ["red"]
        assert out.read_bytes().endswith(b"\n")


def test_interval(colors: Path, color_model: Path) -> None:
    """From one frame to the next it takes at least the interval."""
    done = edge("--model", color_model, "--source", colors, "--interval", 0.3)
    times = [json.loads(line)["frame"]["monotonic"] for line in done.stdout.splitlines()]
    assert times[1] - times[0] >= 0.29
    assert times[2] - times[1] >= 0.29


def test_max_frames(write_clip: Write, color_model: Path) -> None:
    """Ends after so many."""
    clip = write_clip("clip.avi", [plain(RED), plain(BLUE), plain(GREEN)])
    done = edge("--model", color_model, "--source", clip, "--max-frames", 2)
    assert (done.returncode, labels_of(done.stdout)) == (0, ["red", "blue"])


def test_failed_images_exit_1(colors: Path, color_model: Path) -> None:
    """Some images failed: said in the summary and by the exit code."""
    (colors / "1.png").write_text("no picture")
    done = edge("--model", color_model, "--source", colors)
    assert (done.returncode, labels_of(done.stdout)) == (1, ["red", None, "green"])
    assert done.stderr.startswith("3 frames (1 failed), ")


def test_out_is_appended_to(colors: Path, color_model: Path, tmp_path: Path) -> None:
    """A loop that is started again keeps what is there, and `litescore results` counts once."""
    out = tmp_path / "records.jsonl"
    for _ in range(2):
        done = edge("--model", color_model, "--source", colors, "--out", out)
        assert (done.returncode, done.stdout) == (0, "")
    assert labels_of(out.read_text()) == ["red", "blue", "green"] * 2
    assert len(list(results.read(out))) == 3


def test_half_line_is_dropped(colors: Path, color_model: Path, tmp_path: Path) -> None:
    """What a power cut left of a line does not spoil the file."""
    out = tmp_path / "records.jsonl"
    edge("--model", color_model, "--source", colors, "--out", out)
    whole = out.read_bytes()
    out.write_bytes(whole[:-200])
    done = edge("--model", color_model, "--source", colors, "--out", out)
    assert done.returncode == 0, done.stderr
    assert labels_of(out.read_text()) == ["red", "blue", "red", "blue", "green"]


def test_file_of_something_else_is_kept(colors: Path, color_model: Path, tmp_path: Path) -> None:
    """A file that ends in no record is refused and left as it is."""
    out = tmp_path / "notes.txt"
    out.write_text("first\nsecond")
    done = edge("--model", color_model, "--source", colors, "--out", out)
    assert (done.returncode, out.read_text()) == (3, "first\nsecond")
    assert "is no file of records" in done.stderr


def test_reader_that_leaves(many: Path, color_model: Path) -> None:
    """`| head -1` ends the loop, without a word of Python's."""
    with started("--model", color_model, "--source", many) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.stderr.read() == b""
        assert child.wait(30) == 1


def test_labels_for_a_model_without_contract(
    colors: Path, color_model: Path, tmp_path: Path
) -> None:
    """--labels stands in for the contract; without it the fix is named."""
    bare, names = tmp_path / "bare.tflite", tmp_path / "labels.txt"
    bare.write_bytes(contracts.strip(color_model.read_bytes()))
    names.write_text("rot\ngrün\nblau\n", encoding="utf-8")
    done = edge("--model", bare, "--source", colors, "--labels", names)
    assert labels_of(done.stdout) == ["rot", "blau", "grün"]
    refused = edge("--model", bare, "--source", colors)
    assert refused.returncode == 3
    assert "litescore describe" in refused.stderr


def test_top(colors: Path, color_model: Path) -> None:
    """As many labels as asked for."""
    done = edge("--model", color_model, "--source", colors, "--top", 2)
    assert [len(json.loads(line)["top"]) for line in done.stdout.splitlines()] == [2, 2, 2]


def broken_clip(folder: Path) -> list[object]:
    path = folder / "broken.mp4"
    path.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(5000))
    return ["--source", path]


def no_model(folder: Path) -> list[object]:
    return ["--source", folder, "--model", folder / "none.tflite"]


def not_a_model(folder: Path) -> list[object]:
    path = folder / "not.tflite"
    path.write_bytes(b"not a model" * 100)
    return ["--source", folder, "--model", path]


def unwritable(folder: Path) -> list[object]:
    return ["--source", folder / "colors", "--out", folder / "no" / "where.jsonl"]


def full_disk(folder: Path) -> list[object]:
    return ["--source", folder / "colors", "--out", "/dev/full"]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (broken_clip, 3, "OpenCV cannot read"),
        (no_model, 3, "no model at"),
        (not_a_model, 3, "not a TFLite model"),
        (unwritable, 3, "cannot write records to"),
        (full_disk, 3, "cannot write records to /dev/full: No space left on device"),
        (lambda _: ["--source", "7"], 3, "no camera /dev/video7"),
        (lambda _: ["--source", "s3://bucket/"], 2, "URLs are no source"),
    ],
)
def test_cannot_run(
    words: object, code: int, message: str, tmp_path: Path, colors: Path, color_model: Path
) -> None:
    """One line on standard error, no record, no word of FFmpeg's or OpenCV's, no traceback."""
    assert callable(words)
    done = edge("--model", color_model, *words(tmp_path))
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith("Error: ")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


def test_import_is_light() -> None:
    """Importing the room loads no camera library, no TensorFlow and no AWS."""
    heavy = ("cv2", "picamera2", "tensorflow", "keras", "boto3", "paho", "ai_edge_litert")
    code = (
        "import pkgutil, sys, importlib, edge\n"
        "for m in pkgutil.walk_packages(edge.__path__, 'edge.'):\n"
        "    m.name == 'edge.__main__' or importlib.import_module(m.name)\n"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_nobody_to_say_it_to(colors: Path, color_model: Path, tmp_path: Path) -> None:
    """Standard error on a full disk, or gone: the records are written, and the exit code is 0."""
    out = tmp_path / "records.jsonl"
    command = [*EDGE, "--model", str(color_model), "--source", str(colors), "--out", str(out)]
    with open("/dev/full", "w") as full:  # noqa: PTH123
        assert subprocess.run(command, stderr=full).returncode == 0
    reader, writer = os.pipe()
    os.close(reader)
    assert subprocess.run(command, stderr=writer).returncode == 0
    os.close(writer)
    assert labels_of(out.read_text()) == ["red", "blue", "green"] * 2
