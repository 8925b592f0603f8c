"""Lambda's emulator on the Python that runs the tests, with a runtime that can be killed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psutil

from infra import emulator
from infra.emulator import HANDLER

_NUMBERS = count(1)


class Emulator(emulator.Emulator):
    """As `infra.emulator.Emulator`."""

    def kill(self) -> None:
        """SIGKILL the runtime, as when memory runs out. Its invocation is answered by 502; the next
        event starts another runtime, in an environment that is cold again.
        """
        (runtime,) = self._runtimes()
        runtime.kill()

    def _runtimes(self) -> list[psutil.Process]:
        family = psutil.Process(self.pid).children(recursive=True)
        # The emulator's own command line ends with its runtime's.
        return [one for one in family if one.cmdline()[1:3] == ["-m", "awslambdaric"]]


@contextmanager
def emulate(
    folder: Path,
    *,
    handler: str = HANDLER,
    environ: Mapping[str, str] | None = None,
    timeout: int = 60,
    memory: int = 1769,
    task_root: Path | None = None,
    wrapped_in: Sequence[str | Path] = (),
) -> Iterator[Emulator]:
    """As `infra.emulator.running`, but the function sees what the tests' Python has installed too.

    The task root is `folder` by default, into which the log is written.
    """
    with emulator.running(
        task_root or folder,
        log=folder / f"emulator-{next(_NUMBERS)}.log",
        runtime=emulator.installed(),
        handler=handler,
        environ=environ,
        timeout=timeout,
        memory=memory,
        wrapped_in=wrapped_in,
    ) as running:
        yield Emulator(running.url, running.program)
