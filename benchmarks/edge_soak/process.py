"""`litescore edge run` as a child process, and how it is doing, seen from outside."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.rig.process import HOST, free_ports

# How long the loop is waited for, in seconds, on a machine that has other things to do.
_PATIENCE = 120.0
_SAMPLE = re.compile(r"^litescore_(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="(.*?)"')


@dataclass(frozen=True)
class Health:
    """One look: states that are not `running`, by part; the model's SHA-256, and whether a newer file
    was refused; what waits; the process's own figures.
    """

    troubles: Mapping[str, str]
    model: str
    refused: bool
    waiting: int
    rss: int
    threads: int
    descriptors: int


class Process:
    """A running loop, its camera a stand-in that gives `rate` frames of a clip a second.

    words   of `litescore edge run`; a preview is added, to look at
    number  counts them; `url` of its preview; `began` and `ended` are monotonic seconds
    how     SIGTERM or SIGKILL, once it ended; `code` its exit code; `seconds` what its end took
    """

    def __init__(
        self,
        folder: Path,
        clip: Path,
        words: Sequence[str],
        *,
        rate: float,
        environ: Mapping[str, str] = os.environ,
        number: int = 0,
    ) -> None:
        self.number = number
        self.began, self.ended = time.monotonic(), 0.0
        self.how, self.code, self.seconds = "", 0, 0.0
        address = f"{HOST}:{free_ports(1)[0]}"
        self.url = f"http://{address}"
        self._count = folder / f"told-{number}"
        self._count.write_bytes(bytes(8))
        self.log = folder / f"log-{number}"
        program = [sys.executable, "-m", "benchmarks.edge_soak.program"]
        preview = ["--preview", "--preview-bind", address]
        with self.log.open("wb") as log:
            self._child = subprocess.Popen(
                [*program, clip, str(rate), self._count, "run", *words, *preview],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=dict(environ),
                cwd=Path(__file__).parents[2],
            )
        self.process = psutil.Process(self._child.pid)

    @property
    def told(self) -> int:
        """Frames that were told to the sinks."""
        return int.from_bytes(self._count.read_bytes(), "little")

    def order(self, line: str) -> None:
        """Have the camera or the clock do something."""
        assert self._child.stdin is not None
        self._child.stdin.write(f"{line}\n".encode())
        self._child.stdin.flush()

    def wait_for(self, told: int) -> None:
        """Until so many frames were told. Raises RuntimeError when it ends, or none are for long."""
        seen, since = -1, time.monotonic()
        while (now := self.told) < told:
            if now != seen:
                seen, since = now, time.monotonic()
            self._check(since)
            time.sleep(0.02)

    def settle(self) -> Health:
        """Until every part is running."""
        return self.wait_until(lambda health: not health.troubles)

    def wait_until(self, holds: Callable[[Health], bool]) -> Health:
        """Until a look at it says so. Raises RuntimeError when it ends, or that takes too long."""
        begun = time.monotonic()
        while (health := self.health()) is None or not holds(health):
            self._check(begun)
            time.sleep(0.1)
        return health

    def health(self) -> Health | None:
        """None while it does not answer."""
        try:
            with urllib.request.urlopen(f"{self.url}/metrics", timeout=5) as answer:
                text = answer.read().decode()
            with self.process.oneshot():
                own = self.process.memory_info().rss, self.process.num_threads()
            descriptors = self.process.num_fds()
        except (OSError, psutil.Error):
            return None
        return Health(*_read(text), *own, descriptors)

    def kill(self) -> None:
        """SIGKILL."""
        self._end(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM."""
        self._end(signal.SIGTERM)

    def close(self) -> None:
        """Have it ended however it is."""
        self._child.kill()
        self._child.wait()

    def _end(self, number: signal.Signals) -> None:
        begun = time.monotonic()
        self._child.send_signal(number)
        self.code = self._child.wait(_PATIENCE)
        self.ended = time.monotonic()
        self.how, self.seconds = number.name, self.ended - begun
        assert self._child.stdin is not None
        self._child.stdin.close()

    def _check(self, since: float) -> None:
        if self._child.poll() is not None:
            raise RuntimeError(f"the loop ended with {self._child.returncode}: {self._tail()}")
        if time.monotonic() - since > _PATIENCE:
            health = self.health()
            raise RuntimeError(f"not so within {_PATIENCE:g} s: {health}: {self._tail()}")

    def _tail(self) -> str:
        return self.log.read_text(errors="replace")[-2000:]


def _read(metrics: str) -> tuple[Mapping[str, str], str, bool, int]:
    """Troubles, model, refused and waiting out of `/metrics`."""
    troubles, model, refused, waiting = {}, "", False, 0
    for name, text, value in _SAMPLE.findall(metrics):
        labels = dict(_LABEL.findall(text))
        if name in ("source_state", "sink_state") and value == "1":
            if labels["state"] != "running":
                troubles[labels.get("sink", "source")] = labels["state"]
        elif name == "model_info":
            model = labels["sha256"]
        elif name == "model_refused":
            refused = value == "1"
        elif name == "sink_waiting":
            waiting += int(value)
    return troubles, model, refused, waiting
