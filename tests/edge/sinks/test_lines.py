"""JSON lines in files: rotated, moved away, on disks that are full for a while."""

from __future__ import annotations

import errno
import fcntl
import gzip
import json
import os
import random
import resource
import subprocess
import sys
import termios
import time
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click
import pytest

from edge.sinks import lines
from edge.sinks.lines import JsonLines
from edge.sinks.lines_options import OutOptions, open_lines, out_options
from litescore import results
from litescore.errors import ConfigurationError, UsageError
from tests.edge.scored_frame import scored
from tests.rig.full import full
from tests.rig.waiting import wait_until


def numbers(text: bytes) -> list[int]:
    return [json.loads(line)["frame"]["number"] for line in text.splitlines()]


def everything(folder: Path) -> list[int]:
    """The frames' numbers of all files, in the order in which the files sort."""
    found: list[int] = []
    for path in sorted(folder.glob("records.*")):
        data = path.read_bytes()
        found += numbers(gzip.decompress(data) if path.suffix == ".gz" else data)
    return found


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "records.jsonl"


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


def test_rotation_loses_and_splits_nothing(out: Path) -> None:
    """10,000 lines over many files: each one whole, in order, in files that `results` reads."""
    with JsonLines(out, max_bytes=1_000_000, keep=1000) as sink:
        for number in range(10_000):
            sink.write(scored(number))
    assert everything(out.parent) == list(range(10_000))
    assert len(list(out.parent.iterdir())) > 3
    for path in out.parent.iterdir():
        data = path.read_bytes()
        size = len(gzip.decompress(data) if path.suffix == ".gz" else data)
        assert size <= 1_000_000
    assert len(list(results.read(out.parent))) == 10_000


def test_old_ones_are_packed_and_deleted(out: Path) -> None:
    """What was set aside is packed, of those only the newest are left, and another start goes on
    with the numbers.
    """
    names: set[str] = set()
    for start, end in ((0, 100), (100, 130)):
        with JsonLines(out, max_bytes=10_000, keep=2) as sink:
            for number in range(start, end):
                sink.write(scored(number))
            wait_until(lambda: len(list(out.parent.glob("*.gz"))) == 2)
            wait_until(lambda: len(list(out.parent.iterdir())) == 3)
        left = {path.name for path in out.parent.glob("records.0*.gz")}
        assert min(left) > max(names, default="")
        names = left
    found = everything(out.parent)
    assert found == list(range(found[0], 130))
    assert 2 * 10_000 / 1_000 < len(found) < 60


def test_packing_that_was_cut_off(out: Path) -> None:
    """Of what a power cut left of packing, a part or both files, one whole file comes."""
    with JsonLines(out) as sink:
        sink.write(scored(0))
    aside = out.with_name("records.000007.jsonl")
    out.rename(aside)
    aside.with_name("records.000007.jsonl.gz").write_bytes(gzip.compress(aside.read_bytes()))
    aside.with_name(".records.000007.jsonl.part").write_bytes(b"half")
    with JsonLines(out, max_bytes=10_000) as sink:
        sink.write(scored(1))
        wait_until(lambda: not aside.exists())
    assert everything(out.parent) == [0, 1]
    assert len(list(out.parent.iterdir())) == 2


def test_two_processes_on_one_file(out: Path) -> None:
    """Two loops that append to one file take turns in setting it aside: nothing is written over."""
    with (
        JsonLines(out, max_bytes=10_000, keep=99) as one,
        JsonLines(out, max_bytes=10_000, keep=99) as other,
    ):
        turns = random.Random(0)
        for number in range(200):
            turns.choice((one, other)).write(scored(number))
    assert sorted(set(everything(out.parent))) == list(range(200))


@pytest.mark.parametrize("deleted", [False, True])
def test_moved_away_file(out: Path, deleted: bool) -> None:
    """After logrotate moved or deleted the file the next record is in a new one."""
    with JsonLines(out) as sink:
        sink.write(scored(0))
        out.unlink() if deleted else out.rename(out.with_name("records.1"))
        sink.write(scored(1))
        assert numbers(out.read_bytes()) == [1]
        # As logrotate's `create` does it.
        out.rename(out.with_name("records.2"))
        out.touch()
        sink.write(scored(2))
        assert numbers(out.read_bytes()) == [2]


def test_copied_and_truncated(out: Path) -> None:
    """After logrotate's `copytruncate` lines go on at the new end."""
    with JsonLines(out) as sink:
        sink.write(scored(0))
        os.truncate(out, 0)
        sink.write(scored(1))
    assert numbers(out.read_bytes()) == [1]


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


def test_zero_bytes_of_a_power_cut(out: Path) -> None:
    """Where the file system left zero bytes for what was not written yet, they are taken off."""
    with JsonLines(out) as sink:
        sink.write(scored(0))
    whole = out.read_bytes()
    for rest in (b"\0" * 5000, whole[:200] + b"\0" * 300):
        out.write_bytes(whole + rest)
        with JsonLines(out) as sink:
            sink.write(scored(1))
        assert numbers(out.read_bytes()) == [0, 1]
        out.write_bytes(whole)


_WRITES_WITHOUT_END = """
from edge.sinks.lines import JsonLines
from edge.stop import Stop
from litescore.errors import ConfigurationError
from tests.edge.scored_frame import scored

try:
    with Stop() as stop, JsonLines(stopping=lambda: stop.requested) as sink:
        while not stop.requested:
            sink.write(scored())
except ConfigurationError as error:
    raise SystemExit(str(error))
"""


def test_stop_while_the_reader_takes_nothing() -> None:
    """SIGTERM ends a loop whose reader of standard output hangs; what it did not take is told."""
    with subprocess.Popen(
        [sys.executable, "-c", _WRITES_WITHOUT_END],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stderr is not None
        wait_until(lambda: unread(child.stdout) > 50_000)
        time.sleep(0.3)  # from the full pipe to the wait
        child.terminate()
        assert child.wait(30) == 1
        assert child.stderr.read() == (
            "1 record lost: cannot write records to standard output: its reader takes nothing\n"
        )
        numbers(child.stdout.read().encode())


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


def unread(pipe: IO[str] | None) -> int:
    """Bytes in a pipe."""
    assert pipe is not None
    size = array("i", [0])
    fcntl.ioctl(pipe.fileno(), termios.FIONREAD, size)
    return size[0]


def test_options(tmp_path: Path) -> None:
    """Sizes with units; what is no size, or too small for a record, is refused."""

    @click.command()
    @out_options
    def command(out: OutOptions) -> None:
        raise SystemExit(repr(out))

    def run(*words: str) -> None:
        command.main(words, standalone_mode=False)

    for words, expected in (
        ([], OutOptions(None, 100_000_000, None)),
        (["--out", "-", "--out-max-bytes", "500k"], OutOptions("-", 500_000, None)),
        (["--out-max-bytes", "2G", "--out-keep", "3"], OutOptions(None, 2 * 10**9, 3)),
    ):
        with pytest.raises(SystemExit) as raised:
            run(*words)
        assert str(raised.value) == repr(expected)
    with pytest.raises(click.BadParameter, match="'10X' is no size"):
        run("--out-max-bytes", "10X")
    with pytest.raises(UsageError, match="at least 10K"):
        run("--out-max-bytes", "9000")


def test_place(tmp_path: Path) -> None:
    """No place, no sink; a dash, or the place where none was named, is standard output."""
    assert open_lines(OutOptions()) is None
    assert open_lines(OutOptions("-")).name == "stdout"
    assert open_lines(OutOptions(), otherwise="-").name == "stdout"
    with open_lines(OutOptions(str(tmp_path / "x.jsonl"))) as sink:
        assert sink.name == "file"
