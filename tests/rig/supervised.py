"""A command that is started again whenever it ends, as systemd does with `Restart=always`."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

# Seconds that SIGTERM is given.
_PATIENCE = 30.0


class Supervised(AbstractContextManager["Supervised"]):
    """As a context: started, and ended by SIGTERM at last.

    pause   seconds before it is started again
    codes   exit codes of what ended by itself, with the monotonic seconds when; negative for the signal
            that killed it
    log     what it says on standard error, of all starts
    """

    def __init__(
        self,
        command: Sequence[str | Path],
        log: Path,
        *,
        environ: Mapping[str, str],
        pause: float = 1.0,
    ) -> None:
        self.codes: list[tuple[int, float]] = []
        self.log = log
        self._command, self._environ, self._pause = [*command], dict(environ), pause
        self._ending = threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Supervised:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ask_to_end()
        self._thread.join(_PATIENCE)
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
        self._thread.join()

    def ask_to_end(self) -> None:
        """SIGTERM; it is waited for at the end of the context."""
        with self._lock:
            self._ending.set()
            if self._child is not None and self._child.poll() is None:
                self._child.terminate()

    def said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def _run(self) -> None:
        with self.log.open("ab") as log:
            while not self._ending.is_set():
                with self._lock:
                    if self._ending.is_set():
                        return
                    self._child = subprocess.Popen(
                        self._command,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        env=self._environ,
                    )
                code = self._child.wait()
                if not self._ending.is_set():
                    self.codes.append((code, time.monotonic()))
                    self._ending.wait(self._pause)
