"""Which device this is and since which boot: what tells one camera frame from every other."""

from __future__ import annotations

import hashlib
import re
import time
import uuid
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from litescore.errors import UsageError

_MACHINE = Path("/etc/machine-id")
# The board's own number, on a Raspberry Pi: cloned SD cards share the machine id.
_SERIAL = Path("/proc/device-tree/serial-number")
_BOOT = Path("/proc/sys/kernel/random/boot_id")
# What a topic of MQTT, an entity of Home Assistant and a file's name all take.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Device:
    """Where frames come from.

    id    12 hexadecimal digits, the same after every boot; a digest, since the machine id itself
          is not to be told around. Or what the user calls it
    boot  the kernel's boot id
    run   nanoseconds from boot to the start of this loop: frame numbers begin at 0 in each, and
          a loop that was started again must not give its frames the ids of earlier ones
    """

    id: str
    boot: str
    run: int

    @classmethod
    def here(cls, name: str | None = None) -> Device:
        """The device that this runs on, with a run that begins now.

        name  its id; None for the machine's own. Raises UsageError for one that cannot be
        """
        return cls(_id() if name is None else _checked(name), _boot(), time.monotonic_ns())

    def etag(self, number: int) -> str:
        """What stands for the ETag of this run's frame `number`."""
        return f"{self.id}-{self.boot}-{self.run}-{number}"


def _checked(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no device's id: letters, digits, '_' and '-', 64 at most, as press-3"
        )
    return name


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
