"""JSON lines in files and on standard output: rotated, moved away, read by who takes nothing."""

from __future__ import annotations

import fcntl
import gzip
import os
import random
import subprocess
import sys
import termios
import time
from array import array
from pathlib import Path
from typing import IO

import click
import pytest

from edge.sinks.lines import JsonLines
from edge.sinks.lines_options import OutOptions, open_lines, out_options
from litescore import results
from litescore.errors import UsageError
from tests.edge.scored_frame import scored
from tests.edge.sinks.lined import everything, numbers
from tests.rig.waiting import wait_until


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
