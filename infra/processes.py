"""Programs that end when we end, however we end.

Each runs in a process group of its own, so that its children are stopped with it, and is tethered
to this process, so that it dies with a SIGKILL of ours too. Knows nothing of what it runs.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import NoReturn

from litescore.errors import ConfigurationError

_TETHER = Path(__file__).with_name("tether.py")
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Program:
    """A running program; a context manager that stops it.

    `log` takes what it prints, or only its errors where `output` takes the rest. `environ` is its
    whole environment and `folder` its working folder, ours by default. Start it from a thread that
    lives as long as it should: on Linux it dies with that thread. One that cannot be run ends with
    exit code 1 and says so in its log. Raises ConfigurationError when the log cannot be written.
    """

    def __init__(
        self,
        words: Sequence[str | Path],
        *,
        log: Path,
        output: Path | None = None,
        environ: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        self.log = log
        tether = [sys.executable, "-I", "-S", str(_TETHER), str(os.getpid())]
        try:
            with ExitStack() as stack:
                errors = stack.enter_context(log.open("wb"))
                self._process = subprocess.Popen(
                    [*tether, *map(str, words)],
                    stdin=subprocess.DEVNULL,
                    stdout=stack.enter_context(output.open("wb")) if output else errors,
                    stderr=errors,
                    env=None if environ is None else dict(environ),
                    cwd=folder,
                    start_new_session=True,
                )
        except OSError as error:
            raise ConfigurationError(f"cannot start {words[0]}: {error}") from error

    @property
    def pid(self) -> int:
        """Of the program, which leads its process group."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative the signal that ended it."""
        return self._process.poll()

    def wait(self, seconds: float | None = None) -> int | None:
        """Its exit code, or None when it still runs after `seconds`."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def tail(self, lines: int = 20) -> str:
        """The last lines of its output."""
        text = self.log.read_bytes().decode(errors="replace")
        return "\n".join(text.rstrip().splitlines()[-lines:])

    def stop(self, grace: float = 3.0) -> None:
        """End it and its children: asked first, killed after `grace` seconds."""
        if self.exit_code is None:
            self._signal(signal.SIGTERM)
            self.wait(grace)
        # Also when it ended by itself: its children may be left.
        self._signal(signal.SIGKILL)
        self._process.wait()

    def __enter__(self) -> Program:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.stop()

    def _signal(self, number: int) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)


@contextmanager
def unwinding_on_signals() -> Iterator[None]:
    """Within, SIGINT, SIGTERM and SIGHUP leave by an exception, so that `with` blocks clean up.

    SIGINT raises KeyboardInterrupt, the others SystemExit with 128 + the signal's number. A second
    signal is ignored: what cleans up is bounded in time.
    """
    before = {number: signal.signal(number, _unwind) for number in _STOPPING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _unwind(number: int, _: FrameType | None) -> NoReturn:
    for ignored in _STOPPING:
        signal.signal(ignored, signal.SIG_IGN)
    if number == signal.SIGINT:
        raise KeyboardInterrupt
    raise SystemExit(128 + number)
