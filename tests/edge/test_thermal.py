"""Temperature and throttling, read from a folder laid out like a Raspberry Pi's."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge import thermal
from edge.thermal import Thermal


class Pi:
    """Files below a root as a board's kernel and firmware lay them out."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def zone(self, number: int, kind: str, temperature: str) -> None:
        zone = self.root / f"sys/class/thermal/thermal_zone{number}"
        zone.mkdir(parents=True)
        (zone / "type").write_text(f"{kind}\n")
        (zone / "temp").write_text(f"{temperature}\n")

    def kernel(self, bits: str) -> None:
        folder = self.root / "sys/devices/platform/soc/soc:firmware"
        folder.mkdir(parents=True)
        (folder / "get_throttled").write_text(f"{bits}\n")

    def firmware(self, *lines: str) -> None:
        """A `vcgencmd` that says this."""
        command = self.root / "usr/bin/vcgencmd"
        command.parent.mkdir(parents=True)
        command.write_text("\n".join(["#!/bin/sh", *lines, ""]))
        command.chmod(0o755)


@pytest.fixture
def pi(tmp_path: Path) -> Pi:
    return Pi(tmp_path)


def test_the_processors_zone_counts(pi: Pi) -> None:
    """Not the first zone, which may be a battery's, nor another sensor's."""
    pi.zone(0, "rp1_adc", "31000")
    pi.zone(1, "cpu-thermal", "54530")
    assert thermal.read(pi.root).temperature_c == 54.53


def test_a_machine_without_sensors_says_none(tmp_path: Path) -> None:
    """Neither temperature nor throttling: unknown is not zero."""
    found = thermal.read(tmp_path)
    assert found == Thermal(None, None, None)
    assert str(found) == "temperature unknown, throttling unknown"


def test_a_sensor_that_fails_says_none(pi: Pi) -> None:
    """As some drivers do while they start."""
    pi.zone(0, "cpu-thermal", "")
    assert thermal.read(pi.root).temperature_c is None


def test_the_firmware_is_asked(pi: Pi) -> None:
    """Bits 0 to 3 hold now, 16 to 19 since boot."""
    pi.firmware('test "$1" = get_throttled && echo throttled=0xd0005')
    pi.zone(0, "cpu-thermal", "81000")
    found = thermal.read(pi.root)
    assert found.throttled == ("under-voltage", "throttled")
    assert found.since_boot == ("under-voltage", "throttled", "soft-temperature-limit")
    said = "81.0 °C, under-voltage, throttled (since boot: soft-temperature-limit)"
    assert str(found) == said


@pytest.mark.parametrize(
    ("bits", "name"),
    [
        ("1", "under-voltage"),
        ("2", "capped"),
        ("4", "throttled"),
        ("8", "soft-temperature-limit"),
    ],
)
def test_each_bit_has_its_name(pi: Pi, bits: str, name: str) -> None:
    """As Raspberry Pi documents them; the upper bits the same."""
    pi.firmware(f"echo throttled=0x{bits}000{bits}")
    found = thermal.read(pi.root)
    assert found.throttled == found.since_boot == (name,)


def test_all_is_well(pi: Pi) -> None:
    """Nothing throttled is an empty answer, and differs from none."""
    pi.firmware("echo throttled=0x0")
    pi.zone(0, "cpu-thermal", "48250")
    found = thermal.read(pi.root)
    assert (found.throttled, found.since_boot) == ((), ())
    assert str(found) == "48.2 °C, not throttled"


def test_the_kernels_file_is_the_second_choice(pi: Pi) -> None:
    """Where there is no vcgencmd; what it keeps is not since boot, and is not called so."""
    pi.kernel("50005")
    found = thermal.read(pi.root)
    assert found.throttled == ("under-voltage", "throttled")
    assert found.since_boot is None


@pytest.mark.parametrize("lines", [("exit 1",), ("echo error=1",), ("exec sleep 60",)])
def test_a_firmware_that_does_not_answer(
    pi: Pi, lines: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No permission, another answer, none in time: the kernel is asked, nothing raises."""
    monkeypatch.setattr(thermal, "_SECONDS", 0.2)
    pi.firmware(*lines)
    pi.kernel("2")
    assert thermal.read(pi.root).throttled == ("capped",)
