"""The unit and the environment file: what systemd says of the one and reads from the other."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from edge.service import unit
from edge.service.unit import Service
from litescore.errors import UsageError
from tests.rig.needs import needs

# A program that is there wherever systemd is.
PROGRAM = Path("/bin/sh")


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """The unit in a file of its name."""
    path = tmp_path / "litescore-edge.service"
    path.write_text(unit.unit(Service(), PROGRAM))
    return path


def analyze(*words: str | Path) -> subprocess.CompletedProcess[str]:
    needs("systemd-analyze")
    command = ["systemd-analyze", *map(str, words)]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)


def test_verify_says_nothing(written: Path) -> None:
    """Any word is a failure: it exits with 0 also where it ignored a line."""
    done = analyze("verify", written)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_verify_would_say_something(written: Path) -> None:
    """The test above can fail: a key that systemd does not know is told."""
    written.write_text(written.read_text().replace("RestartSec=", "RestartSecs="))
    assert "RestartSecs" in analyze("verify", written).stderr


def test_security_rates_it_at_most_2(written: Path) -> None:
    """Of 10, which is wide open; what is left is network, cameras and /proc, which it needs."""
    done = analyze("security", "--offline=true", written)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found is not None, done.stderr
    assert float(found[1]) <= 2.0


def test_a_year_unattended() -> None:
    """What the year rests on stands in the unit, each with its value."""
    lines = unit.unit(Service(), PROGRAM).splitlines()
    for wanted in (
        "Type=notify",
        "NotifyAccess=main",
        "Restart=always",
        "StartLimitIntervalSec=0",
        "WatchdogSec=30s",
        "DynamicUser=yes",
        "SupplementaryGroups=video",
        "StateDirectory=litescore-edge",
        "ProtectSystem=strict",
        "MemoryMax=512M",
        "LimitCORE=0",
        "EnvironmentFile=/etc/litescore/litescore-edge.env",
    ):
        assert wanted in lines


def test_a_name_names_everything() -> None:
    """Two services on one device share no file and no folder."""
    service = Service("door")
    text = unit.unit(service, PROGRAM)
    assert str(service.unit) == "/etc/systemd/system/door.service"
    assert str(service.environment) == "/etc/litescore/door.env"
    assert str(service.model) == "/var/lib/door/model.tflite"
    assert "litescore-edge" not in text


@pytest.mark.parametrize("name", ["", "Door", "a/b", "a b", "-a", "a.service", "a@b", "%n"])
def test_no_other_name(name: str) -> None:
    """A name goes into paths and into systemd's own language."""
    with pytest.raises(UsageError, match="--name"):
        Service(name)


def test_a_path_is_systemds_word(tmp_path: Path) -> None:
    """Spaces, % and $ in the program's path mean themselves to systemd."""
    program = tmp_path / "a %n $HOME" / "run"
    program.parent.mkdir()
    program.symlink_to(PROGRAM)
    path = tmp_path / "odd.service"
    path.write_text(unit.unit(Service("odd"), program))
    done = analyze("verify", path)
    assert (done.returncode, done.stderr) == (0, "")


def test_settings_are_quoted_for_systemd() -> None:
    """As systemd 252 was seen to read it back: twice quoted, once for the file, once for the words."""
    options = ["--labels", 'a "b" \\c', "--mqtt", "mqtt://h"]
    secrets = {"LITESCORE_MQTT_PASSWORD": ' p"a$s`s\\'}
    lines = unit.environment(Service(), "rtsp://u:$p@h/x y", options, secrets).splitlines()
    assert 'LITESCORE_SOURCE="rtsp://u:\\$p@h/x y"' in lines
    said = r'''LITESCORE_EDGE_OPTIONS="--labels \"a \\\"b\\\" \\\\c\" --mqtt mqtt://h"'''
    assert said in lines
    assert 'LITESCORE_MQTT_PASSWORD=" p\\"a\\$s\\`s\\\\"' in lines


def test_what_is_not_given_is_a_comment() -> None:
    """An empty assignment would overrule a default; a comment shows the way."""
    lines = unit.environment(Service(), "picamera", [], {}).splitlines()
    assert "#LITESCORE_MQTT_PASSWORD=" in lines
    assert "#LITESCORE_RUNTIME=" in lines
    assert "LITESCORE_SOURCE=picamera" in lines


def test_a_line_is_a_line() -> None:
    """A newline in a value would set another variable."""
    with pytest.raises(UsageError, match="LITESCORE_SOURCE"):
        unit.environment(Service(), "x\nLD_PRELOAD=/x", [], {})
