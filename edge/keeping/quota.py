"""How many frames a day: never more than so many in any 24 hours, a quarter of them at once.

Not a count for a calendar's day: that would be spent in the first minute after midnight, and a clock
that jumps would give a day twice or end it for years. Credit grows with the time that the device
runs, which no clock can set back or on. Over a reboot the clock is asked how long the device was
off: one that went back gives nothing for that time, one that jumped ahead a quarter at most.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from math import ceil
from pathlib import Path

from litescore.errors import ConfigurationError
from litescore.files import write_whole

_DAY = 86_400.0


class Quota:
    """Credit of which each kept frame takes one. Its state outlives the process.

    per_day    frames in any 24 hours; 0 for no limit
    path       where the credit is kept
    boot       the kernel's boot id: within one boot the monotonic clock goes on
    monotonic  seconds that only grow within a boot
    clock      seconds since 1970, as the device believes

    Taken from on the loop's thread, saved on another.
    """

    def __init__(
        self,
        per_day: int,
        path: Path,
        *,
        boot: str,
        monotonic: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._limited = per_day > 0
        self._path = path
        self._boot = boot
        self._monotonic = monotonic
        self._clock = clock
        self._most = max(1, ceil(per_day / 4))
        # So that what is there at once and what grows in a day are never more than `per_day`.
        self._rate = (per_day - self._most + 1) / _DAY
        self._at = monotonic()
        self._credit = self._loaded()

    def take(self) -> bool:
        """Take one; false where there is none."""
        if not self._limited:
            return True
        self._grow()
        if self._credit < 1:
            return False
        self._credit -= 1
        return True

    def save(self) -> None:
        """Write the credit down. Raises ConfigurationError where the disk does not take it."""
        if self._limited:
            state = {
                "credit": self._credit,
                "boot": self._boot,
                "monotonic": self._at,
                "clock": self._clock(),
            }
            write_whole(self._path, json.dumps(state).encode())

    def _grow(self) -> None:
        now = self._monotonic()
        self._credit = min(self._most, self._credit + (now - self._at) * self._rate)
        self._at = now

    def _loaded(self) -> float:
        try:
            state = json.loads(self._path.read_bytes())
            same = state["boot"] == self._boot
            passed = self._at - state["monotonic"] if same else self._clock() - state["clock"]
            credit = float(state["credit"]) + max(0.0, float(passed)) * self._rate
            return min(float(self._most), max(0.0, credit))
        except FileNotFoundError:
            return self._most
        except OSError as error:
            raise ConfigurationError(f"cannot read {self._path}: {error.strerror}") from error
        except (ValueError, KeyError, TypeError):
            # Not ours or half of it: the safe side is none.
            return 0.0
