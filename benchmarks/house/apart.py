"""A piece in a process of its own: what fails or hangs there takes nothing of the others with it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import tempfile
import traceback
from dataclasses import dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path

from benchmarks.house import needs
from benchmarks.house.piece import Found, Piece, Place

# Times the minutes that a piece is expected to take, and beside it.
_PATIENCE, _START = 3, 180.0
# Seconds that a process may take to end once it has answered.
_ENDING = 10.0


@dataclass(frozen=True)
class Failed:
    """Why there are no figures."""

    why: str


def run(piece: Piece, log: Path, *, quick: bool = False) -> Found | Failed:
    """Its figures; rows are `skipped` where something is missing here. What it prints goes to `log`."""
    if reason := needs.missing(piece.needs):
        return skipped(piece, reason)
    # Here and not in the process, which may be killed.
    with tempfile.TemporaryDirectory(prefix="litescore-bench-", ignore_cleanup_errors=True) as name:
        own = Path(name) / "piece"
        own.mkdir()
        return _in_process(piece, log, Place(own, quick))


def _in_process(piece: Piece, log: Path, place: Place) -> Found | Failed:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe(duplex=False)
    child = spawn.Process(target=_work, args=(piece, log, theirs, place))
    child.start()
    theirs.close()
    try:
        seconds = _PATIENCE * 60 * piece.minutes + _START
        if not ours.poll(seconds):
            return Failed(f"no end after {seconds / 60:.0f} minutes")
        answer: Found | Failed = ours.recv()
        child.join(_ENDING)
        return answer
    except EOFError:
        child.join()
        return Failed(f"the process ended with {child.exitcode}")
    finally:
        _end(child.pid)
        child.join()


def _work(piece: Piece, log: Path, answer: Connection, place: Place) -> None:
    os.setsid()
    _print_to(log)
    # What the benchmarks make beside the folder goes with it.
    os.environ["TMPDIR"] = tempfile.tempdir = str(place.folder.parent)
    # The settings and the AWS account of whoever runs this are none of it; the data is.
    for name in list(os.environ):
        if name.startswith(("LITESCORE_", "AWS_")) and name != "LITESCORE_DATA":
            del os.environ[name]
    answer.send(_measured(piece, place))


def _measured(piece: Piece, place: Place) -> Found | Failed:
    module, _, function = piece.measure.partition(":")
    try:
        found: Found = getattr(import_module(module), function)(place)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the others go on
        traceback.print_exc()
        # By name: pytest's, which the rig of the tests skips with, is loaded only where it is raised.
        if type(error).__name__ == "Skipped":
            return skipped(piece, str(error))
        return Failed(_told(error))
    return found


def _told(error: BaseException) -> str:
    """One line. Of a command that failed: the last line of what it said."""
    said = getattr(error, "stderr", None) or getattr(error, "output", None) or ""
    said = said.decode(errors="replace") if isinstance(said, bytes) else said
    text = f"{type(error).__name__}: {error}" + (
        f": {said.strip().splitlines()[-1]}" if said.strip() else ""
    )
    return " ".join(text.split())[:400]


def skipped(piece: Piece, reason: str) -> Found:
    """No row of it, and why."""
    return Found({}, skipped={row.name: reason for row in piece.rows})


def _print_to(log: Path) -> None:
    """What this process says from now on, and its children."""
    file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    sys.stdout.flush()
    for number in (1, 2):
        os.dup2(file, number)


def _end(process: int | None) -> None:
    """Whatever the piece left running: it leads a session of its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if process is not None and os.getpgid(process) == process:
            os.killpg(process, signal.SIGKILL)
