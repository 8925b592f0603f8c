"""How hot the processor is, and what a Raspberry Pi's firmware does about heat and weak power."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

# `vcgencmd get_throttled`, by bit; 16 bits higher stands what happened since boot:
# https://www.raspberrypi.com/documentation/computers/os.html#get_throttled
_BITS = ("under-voltage", "capped", "throttled", "soft-temperature-limit")
_SINCE_BOOT = 16
# What the kernel calls the processor's own sensor: on a Raspberry Pi, other Arm boards, a PC.
_ZONES = ("cpu-thermal", "cpu_thermal", "soc-thermal", "soc_thermal", "x86_pkg_temp")
_SECONDS = 2.0


@dataclass(frozen=True)
class Thermal:
    """The processor's state at a moment.

    temperature_c  degrees Celsius
    throttled      what holds now, of `under-voltage`, `capped` (the frequency), `throttled` and
                   `soft-temperature-limit`
    since_boot     the same, for what held at any time since boot

    None where the machine does not say.
    """

    temperature_c: float | None
    throttled: tuple[str, ...] | None
    since_boot: tuple[str, ...] | None

    def __str__(self) -> str:
        if self.throttled is None:
            return f"{_degrees(self.temperature_c)}, throttling unknown"
        now = ", ".join(self.throttled) or "not throttled"
        earlier = [name for name in self.since_boot or () if name not in self.throttled]
        past = f" (since boot: {', '.join(earlier)})" if earlier else ""
        return f"{_degrees(self.temperature_c)}, {now}{past}"


def read(root: Path = Path("/")) -> Thermal:
    """The state of the machine whose files are below `root`. Takes a few milliseconds at most."""
    temperature = _temperature(root)
    bits = _asked_of_firmware(root)
    if bits is not None:
        return Thermal(temperature, _names(bits), _names(bits >> _SINCE_BOOT))
    bits = _seen_by_kernel(root)
    return Thermal(temperature, None if bits is None else _names(bits), None)


def _degrees(temperature: float | None) -> str:
    return "temperature unknown" if temperature is None else f"{temperature:.1f} °C"


def _temperature(root: Path) -> float | None:
    zones = {_text(zone / "type"): zone for zone in root.glob("sys/class/thermal/thermal_zone*")}
    zone = next((zones[kind] for kind in _ZONES if kind in zones), None)
    try:
        return None if zone is None else int(_text(zone / "temp")) / 1000
    except ValueError:
        return None


def _asked_of_firmware(root: Path) -> int | None:
    """What `vcgencmd` answers (`throttled=0x50005`); None where there is no firmware to ask."""
    try:
        done = subprocess.run(
            [root / "usr/bin/vcgencmd", "get_throttled"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    name, _, bits = done.stdout.partition("=")
    return _hexadecimal(bits) if name == "throttled" else None


def _seen_by_kernel(root: Path) -> int | None:
    """What the kernel heard of the firmware last.

    Asked second: newer kernels warn with a stack trace, once, when this is read, and clear what is
    since boot each two seconds (drivers/hwmon/raspberrypi-hwmon.c).
    """
    files = root.glob("sys/devices/platform/*/*firmware/get_throttled")
    return next((_hexadecimal(_text(file)) for file in files), None)


def _names(bits: int) -> tuple[str, ...]:
    return tuple(name for place, name in enumerate(_BITS) if bits >> place & 1)


def _hexadecimal(text: str) -> int | None:
    try:
        return int(text, 16)
    except ValueError:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
