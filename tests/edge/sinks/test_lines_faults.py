"""JSON lines on disks that are full, or away, for a while: nothing is lost unsaid."""

from __future__ import annotations

import errno
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.sinks import lines
from edge.sinks.lines import JsonLines
from litescore.errors import ConfigurationError
from tests.edge.scored_frame import scored
from tests.edge.sinks.lined import everything, numbers
from tests.rig.full import full
from tests.rig.waiting import wait_until


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing is tried again soon."""
    monkeypatch.setattr(lines, "_PAUSE", 0.02)


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file grows beyond `size` bytes: a write across it is cut there, the next one fails. The
    kernel's own limit; its error is EFBIG where a disk's is ENOSPC.
    """
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_full_disk_for_a_while(out: Path, quick: None) -> None:
    """A line that is cut by the full disk is taken back; what was held comes in order, nothing twice."""
    with JsonLines(out) as sink:
        sink.write(scored(0))
        with full_disk(out.stat().st_size * 3 // 2):
            for number in range(1, 50):
                sink.write(scored(number))
            time.sleep(0.1)  # in which it is tried again in vain
            assert numbers(out.read_bytes()) == [0]
            assert sink.status().state == "lost"
            assert "cannot write records to" in str(sink.status().reason)
            assert sink.status().counts["waiting"] == 49
        wait_until(lambda: sink.status().state == "running")
        sink.write(scored(50))
        assert sink.status().counts == {"delivered": 51, "waiting": 0, "dropped": 0}
    assert numbers(out.read_bytes()) == list(range(51))


# Run where its folder is a full disk: writes, empties it, and writes on.
_ON_A_FULL_DISK = """
import sys, time
from pathlib import Path
import numpy as np
from edge.sinks import lines
from litescore.record import Record, Subject

class Told:
    def __init__(self, number):
        self.record = Record.scored(Subject(str(number)), np.float32([1, 0]), labels="ab", model="m")

lines._PAUSE = 0.02
folder = Path(sys.argv[1])
(folder / "filler").unlink()
with lines.JsonLines(folder / "records.jsonl") as sink:
    sink.write(Told(0))
    try:
        (folder / "filler").write_bytes(bytes(1 << 20))
    except OSError:
        pass
    for number in range(1, 100):
        sink.write(Told(number))
    print(sink.status().state, sink.status().reason)
    (folder / "filler").unlink()
    while sink.status().state != "running":
        time.sleep(0.01)
sys.stdout.write((folder / "records.jsonl").read_text())
"""


def test_real_full_disk(tmp_path: Path) -> None:
    """On a disk without room the loop goes on and says `full`; every line is there in the end."""
    before = full(tmp_path)
    command = [*before, sys.executable, "-c", _ON_A_FULL_DISK, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    first, *rest = done.stdout.splitlines()
    assert first.startswith("full cannot write records to "), done.stderr
    assert [json.loads(line)["source"] for line in rest] == [str(number) for number in range(100)]


def test_full_from_the_start(out: Path) -> None:
    """What takes not even the first line is refused with it."""
    out.write_bytes(b"")
    refused = pytest.raises(ConfigurationError, match=f"^cannot write records to {out}: ")
    with full_disk(0), JsonLines(out) as sink, refused:
        sink.write(scored(0))


def test_full_to_the_end(out: Path) -> None:
    """What cannot be written when closing is told, with its number and the reason; at once."""
    sink = JsonLines(out)
    sink.write(scored(0))
    with full_disk(out.stat().st_size):
        for number in range(1, 4):
            sink.write(scored(number))
        begun = time.monotonic()
        with pytest.raises(
            ConfigurationError, match=f"3 records lost: .*{out}.*{os.strerror(errno.EFBIG)}"
        ):
            sink.close()
    assert time.monotonic() - begun < 20
    assert numbers(out.read_bytes()) == [0]


def test_memory_is_bounded(out: Path, quick: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many the oldest are dropped and counted, and told when closing."""
    monkeypatch.setattr(lines, "_MOST_HELD", 10)
    sink = JsonLines(out)
    sink.write(scored(0))
    with full_disk(out.stat().st_size):
        for number in range(1, 31):
            sink.write(scored(number))
        assert sink.status().counts["dropped"] == 20
    wait_until(lambda: sink.status().state == "running")
    with pytest.raises(ConfigurationError, match="20 records lost"):
        sink.close()
    assert numbers(out.read_bytes()) == [0, *range(21, 31)]


def test_folder_that_goes_away(tmp_path: Path, quick: None) -> None:
    """A disk that is unmounted for a while is waited for."""
    folder, away = tmp_path / "disk", tmp_path / "away"
    folder.mkdir()
    with JsonLines(folder / "records.jsonl", max_bytes=10_000) as sink:
        sink.write(scored(0))
        folder.rename(away)
        sink.write(scored(1))
        assert sink.status().state == "lost"
        away.rename(folder)
        wait_until(lambda: sink.status().state == "running")
    assert everything(folder) == [0, 1]


_HALF_A_LINE = """
import resource
from edge.sinks.lines import JsonLines
from litescore.errors import ConfigurationError
from tests.edge.scored_frame import scored

sink = JsonLines()
size = len(scored().record.to_json()) + 1
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 100, size + 100))
sink.write(scored())
sink.write(scored())
try:
    sink.close()
except ConfigurationError as error:
    raise SystemExit(str(error))
"""


def test_half_a_line_on_standard_output(tmp_path: Path) -> None:
    """Where standard output is a file on a disk without room, half a line is told at the end."""
    with (tmp_path / "out").open("wb") as out:
        command = [sys.executable, "-c", _HALF_A_LINE]
        done = subprocess.run(command, stdout=out, stderr=subprocess.PIPE, text=True)
    message = f"cannot write records to standard output: {os.strerror(errno.EFBIG)}\n"
    assert (done.returncode, done.stderr) == (1, message)
