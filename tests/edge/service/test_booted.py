"""The unit under a real systemd: started, watched, killed when it hangs, stopped.

What it starts is `watched.py`, in place of the loop, which needs more than this system has.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from edge.cli import edge
from edge.service import unit
from litescore import contract as contracts
from litescore.contract import Contract
from tests.litescore import tiny
from tests.rig import booted
from tests.rig.booted import Booted

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[3]
PROGRAM = "/opt/litescore/bin/litescore"
# What systemd has to read back: from a file of settings, and then as words of a command line.
ODD = [
    "--interval",
    "2",
    "--labels",
    '/srv/we ird "$x` \\n',
    "%n",
    "${HOME}",
    "it's",
    "",
    "\\\\",
    ";",
]
PASSWORD = " a\"$x`\\'# "
STATE = Path("/var/lib/litescore-edge")
# Seconds of the unit, made short.
IMPATIENT = "[Service]\nWatchdogSec=1s\nRestartSec=50ms\n"


@pytest.fixture(scope="module")
def device(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booted]:
    """A system with the service installed, and started."""
    folder = tmp_path_factory.mktemp("device")
    program = folder / PROGRAM[1:]
    program.parent.mkdir(parents=True)
    shutil.copyfile(Path(__file__).with_name("watched.py"), program)
    program.chmod(0o755)
    for room in ("edge", "litescore"):
        shutil.copytree(ROOT / room, folder / "opt/litescore/src" / room)
    install(folder)
    drop_in = folder / "etc/systemd/system/litescore-edge.service.d/impatient.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(IMPATIENT)
    with booted.boot(folder) as found:
        yield found


def install(folder: Path) -> None:
    """By the command itself; then the options are made odd, as an editor may."""
    model = folder.with_name(f"{folder.name}.tflite")
    contract = Contract(("red", "green", "blue"), "rgb", 8, 8, variant="f32")
    model.write_bytes(contracts.append(tiny.build((8, 8, 3)), contract))
    words = ["--model", model, "--source", "picamera", "--prefix", folder, "--program", PROGRAM]
    line = ["install", *map(str, words)]
    done = CliRunner().invoke(edge, line, env={"LITESCORE_MQTT_PASSWORD": PASSWORD})
    assert done.exit_code == 0, done.output
    settings = unit.environment(
        unit.Service(), 'rtsp://u:"$p`@h/a b', ODD, {"LITESCORE_MQTT_PASSWORD": PASSWORD}
    )
    (folder / "etc/litescore/litescore-edge.env").write_text(settings)


def show(device: Booted, name: str) -> str:
    """A property of the service."""
    return device.run("systemctl", "show", "litescore-edge", "-P", name).stdout.strip()


def journal(device: Booted) -> str:
    return device.run("journalctl", "--unit", "litescore-edge", "--output", "cat").stdout


def wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture
def started(device: Booted) -> dict[str, Any]:
    """The service, started now, and what its process saw."""
    done = device.run("systemctl", "restart", "litescore-edge")
    assert done.returncode == 0, done.stderr + journal(device)
    seen: dict[str, Any] = json.loads(device.run("cat", STATE / "seen.json").stdout)
    return seen


def test_this_systemd_has_nothing_to_say(device: Booted) -> None:
    """Newer than the one of the other tests: no word of verify, and at most 2.0."""
    path = "/etc/systemd/system/litescore-edge.service"
    done = device.run("systemd-analyze", "verify", path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    rated = device.run("systemd-analyze", "security", "--offline=true", "--threshold=20", path)
    assert rated.returncode == 0, rated.stdout


def test_it_starts_when_it_is_ready(device: Booted, started: dict[str, Any]) -> None:
    """`systemctl start` returns once READY was told; the status is the service's own."""
    assert show(device, "ActiveState") == "active"
    assert show(device, "StatusText") == "scoring"


def test_settings_arrive_as_they_were_given(started: dict[str, Any]) -> None:
    """Every quote, dollar and backslash of source, options and password."""
    assert started["words"] == ["edge", "run", "--source", 'rtsp://u:"$p`@h/a b', *ODD]
    assert started["password"] == PASSWORD


def test_it_is_a_user_of_its_own(device: Booted, started: dict[str, Any]) -> None:
    """Neither root nor anybody that there is: it reads its model, and writes to its state alone."""
    assert 61184 <= started["user"] <= 65519
    assert started["writable"] == [".", "/run/litescore-edge"]
    size = device.run("stat", "--format=%s", STATE / "model.tflite").stdout
    assert started["model"] == int(size)
    assert started["boot"] == 37


def test_a_loop_that_turns_is_seen_to(device: Booted, started: dict[str, Any]) -> None:
    """Its signs of life arrive, one after the other, and it is left alone."""
    process = show(device, "MainPID")
    for _ in range(2):
        before = show(device, "WatchdogTimestampMonotonic")
        wait(lambda then=before: show(device, "WatchdogTimestampMonotonic") != then)
    assert show(device, "MainPID") == process


def test_a_hung_loop_is_killed_and_started_again(device: Booted, started: dict[str, Any]) -> None:
    """The journal says where it hung."""
    before = int(show(device, "NRestarts"))
    device.run("touch", STATE / "hang")
    wait(lambda: int(show(device, "NRestarts")) > before and show(device, "SubState") == "running")
    said = journal(device)
    assert "Watchdog timeout" in said
    assert "in hang_in_the_driver" in said


def test_a_killed_loop_is_started_again(device: Booted, started: dict[str, Any]) -> None:
    """However often: more than the five times after which systemd gives up by itself."""
    for _ in range(7):
        before = show(device, "MainPID")
        device.run("systemctl", "kill", "--signal=KILL", "litescore-edge")
        wait(lambda now=before: show(device, "MainPID") not in (now, "0"))
    wait(lambda: show(device, "ActiveState") == "active")


def test_a_stop_is_an_end_and_no_failure(device: Booted, started: dict[str, Any]) -> None:
    """SIGTERM is heard, what is at hand is finished, and it stays stopped."""
    device.run("rm", "--force", STATE / "ended")
    device.run("systemctl", "stop", "litescore-edge")
    assert device.run("test", "-e", STATE / "ended").returncode == 0
    assert (show(device, "ActiveState"), show(device, "Result")) == ("inactive", "success")
