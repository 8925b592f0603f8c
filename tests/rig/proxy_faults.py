"""What the proxy can be told: faults that strike requests, gates that hold one."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from tests.rig import stub_s3


@dataclass
class Fault(stub_s3.Fault):
    """What goes wrong with requests of `method` (any by default) for `key`, a glob (any by default).

    Beside what the stub's faults do:

    reset   the connection is reset
    stall   so many seconds nothing moves, with `cut` after so many bytes; then it goes on
    pace    bytes a second at which the body of the answer comes
    late    the request has reached the server: its answer is what goes wrong
    """

    reset: bool = False
    stall: float = 0.0
    pace: float | None = None
    late: bool = False

    def meets(self, method: str, key: str) -> bool:
        fits = self.method in (None, method) and fnmatchcase(key, self.key or "*")
        return fits and self.times != 0

    @property
    def kind(self) -> str:
        """`503`, `reset`, `stall`, `cut`, `pace` or `etag`; `late reset` where it is late."""
        told = {"reset": self.reset, "stall": self.stall, "cut": self.cut is not None}
        told |= {"pace": self.pace, "etag": self.etag}
        name = self.status or next((name for name, value in told.items() if value), "none")
        return f"{'late ' if self.late else ''}{name}"


@dataclass
class Gate:
    """Holds one request, before it reaches the server or (`late`) before its answer is heard."""

    method: str | None = None
    key: str | None = None
    late: bool = False
    reached: threading.Event = field(default_factory=threading.Event)
    _opened: threading.Event = field(default_factory=threading.Event)

    def meets(self, method: str, key: str, late: bool) -> bool:
        fits = self.method in (None, method) and fnmatchcase(key, self.key or "*")
        return fits and self.late == late

    def open(self) -> None:
        """Let it go on. Where its client is gone by now, what had not reached the server is lost."""
        self._opened.set()

    def hold(self) -> None:
        self.reached.set()
        self._opened.wait()
