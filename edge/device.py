"""Which device this is and since which boot: what tells one camera frame from every other."""

from __future__ import annotations

import hashlib
import time
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_MACHINE = Path("/etc/machine-id")
# The board's own number, on a Raspberry Pi: cloned SD cards share the machine id.
_SERIAL = Path("/proc/device-tree/serial-number")
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Device:
    """Where frames come from.

    id    12 hexadecimal digits, the same after every boot; a digest, since the machine id itself
          is not to be told around
    boot  the kernel's boot id
    run   nanoseconds from boot to the start of this loop: frame numbers begin at 0 in each, and
          a loop that was started again must not give its frames the ids of earlier ones
    """

    id: str
    boot: str
    run: int

    @classmethod
    def here(cls) -> Device:
        """The device that this runs on, with a run that begins now."""
        return cls(_id(), _boot(), time.monotonic_ns())

    def etag(self, number: int) -> str:
        """What stands for the ETag of this run's frame `number`."""
        return f"{self.id}-{self.boot}-{self.run}-{number}"


def _id() -> str:
    parts = [_read(_MACHINE), _read(_SERIAL)]
    if not any(parts):
        parts = [f"{uuid.getnode():012x}"]
    return hashlib.sha256("\n".join(["litescore", *parts]).encode()).hexdigest()[:12]


@cache
def _boot() -> str:
    # Outside Linux nothing tells one boot from the next; another id each time is the safe side.
    return _read(_BOOT) or str(uuid.uuid4())


def _read(path: Path) -> str:
    try:
        return path.read_text().strip("\0\n ")
    except OSError:
        return ""
