"""What a broker and Home Assistant are told besides the events."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from edge.monitor import Snapshot
from edge.sinks.mqtt import Mqtt
from tests.edge.sinks.shown import RELEASE, Snapped, shown
from tests.edge.sinks.sinking import ROOT, TOPIC, write
from tests.rig.broker import Broker, Listener
from tests.rig.waiting import wait_until


def test_state_and_will(broker: Broker, telling: Callable[..., Mqtt]) -> None:
    """Whoever subscribes later sees the newest decision and whether the device is there."""
    with broker.running():
        sink = telling()
        sink.see(shown(1, "blue", 0.75))
        with Listener(broker, f"{TOPIC}/#") as early:
            wait_until(lambda: early.of(f"{TOPIC}/state"))
            wait_until(lambda: b"online" in early.of(f"{TOPIC}/availability"))
            sink.see(shown(2, "red", 0.8))
            wait_until(lambda: len(early.of(f"{TOPIC}/state")) == 2)
        with Listener(broker, f"{TOPIC}/#", name="late") as late:
            wait_until(lambda: len(late.messages) == 3)
            assert all(retained for _, _, retained in late.messages)
            state = json.loads(late.of(f"{TOPIC}/state")[0])
            assert (state["label"], state["confidence"]) == ("red", 0.8)
            assert state["since"] < state["at"]
            told = json.loads(late.of(f"{TOPIC}/diagnostics")[0])
            assert (told["fps"], told["latency_p50_ms"], told["temperature_c"]) == (29.97, 4, 48.3)
            assert late.of(f"{TOPIC}/availability") == [b"online"]
            sink.close()
            wait_until(lambda: late.of(f"{TOPIC}/availability")[-1] == b"offline")


def test_will_of_a_killed_process(broker: Broker, path: Path) -> None:
    """The broker says `offline` of a process that could not."""
    code = (
        "from tests.edge.sinks.in_child import *\n"
        f"spool = Spool(Path({str(path)!r}), max_bytes=1 << 20)\n"
        f"sink = Mqtt(Server(HOST, {broker.port}), PLACE, spool, device=DEVICE.id, monitor=Snapped())\n"
        "time.sleep(600)\n"
    )
    topic = f"{TOPIC}/availability"
    with broker.running(), Listener(broker, topic) as listener:
        with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT) as child:
            wait_until(lambda: listener.of(topic) == [b"online"])
            child.kill()
        wait_until(lambda: listener.of(topic) == [b"online", b"offline"])


def test_source_that_is_lost(broker: Broker, telling: Callable[..., Mqtt]) -> None:
    """The diagnostics say so at once, not half a minute later."""
    monitor = Snapped()
    with broker.running(), Listener(broker, f"{TOPIC}/diagnostics") as listener:
        telling(monitor=monitor)
        wait_until(lambda: listener.messages)
        monitor.source("lost")
        wait_until(lambda: len(listener.messages) == 2)
        told = [json.loads(body) for body in listener.of(f"{TOPIC}/diagnostics")]
        assert [one["source"] for one in told] == ["running", "lost"]


def test_another_release(broker: Broker, telling: Callable[..., Mqtt]) -> None:
    """With other labels: the diagnostics say so at once, and the discovery lists what may come now."""
    monitor, topic = Snapped(), "homeassistant/device/litescore_door/config"
    with broker.running(), Listener(broker, topic, f"{TOPIC}/diagnostics") as listener:
        telling(monitor=monitor)
        wait_until(lambda: len(listener.messages) == 2)
        monitor.now = replace(monitor.now, release=RELEASE, labels=("ant", "bee"))
        wait_until(lambda: len(listener.messages) == 4)
        told = json.loads(listener.of(f"{TOPIC}/diagnostics")[-1])
        assert told["release"]["digest"] == RELEASE.digest
        label = json.loads(listener.of(topic)[-1])["components"]["label"]
        assert label["options"] == ["ant", "bee", "unknown"]
        monitor.now = replace(monitor.now, release=replace(RELEASE, trial=None))
        wait_until(lambda: len(listener.messages) == 5)


def test_home_assistant_starts(broker: Broker, telling: Callable[..., Mqtt]) -> None:
    """The discovery is retained, and comes again with all else when Home Assistant was started."""
    topic = "homeassistant/device/litescore_door/config"
    with broker.running(), Listener(broker, topic, f"{TOPIC}/diagnostics") as listener:
        telling()
        wait_until(lambda: len(listener.messages) == 2)
        listener.publish("homeassistant/status", b"offline")
        listener.publish("homeassistant/status", b"online")
        wait_until(lambda: len(listener.messages) == 4)
        assert len(listener.of(topic)) == 2
        with Listener(broker, topic, name="late") as late:
            wait_until(lambda: late.messages)
            assert late.messages[0][2]


class Drawn:
    """Pictures that are numbered, in place of encoded ones: what they show is not looked at."""

    def __init__(self) -> None:
        self.serial = 0
        self.jpeg = b""

    def latest(self) -> Drawn:
        self.serial += 1
        self.jpeg = str(self.serial).encode()
        return self


def test_picture(broker: Broker, telling: Callable[..., Mqtt]) -> None:
    """It comes once, and again when the decision changes, but not for each frame."""
    topic = f"{TOPIC}/picture"
    with broker.running(), Listener(broker, topic, f"{TOPIC}/state") as listener:
        sink = telling(pictures=Drawn(), picture_every=3600)
        sink.see(shown(1, "red"))
        wait_until(lambda: listener.of(topic))
        for number in range(100):
            sink.see(shown(number, "red", 0.5))
        sink.see(shown(200, "blue"))
        wait_until(lambda: len(listener.of(f"{TOPIC}/state")) >= 2 and len(listener.of(topic)) >= 2)
        time.sleep(0.5)  # for more to come, which should not
        assert listener.of(topic) in ([b"1", b"2"], [b"1", b"2", b"3"])


class Broken(Snapped):
    """A monitor that fails."""

    def snapshot(self) -> Snapshot:
        raise ValueError("no snapshot")


def test_reports_that_fail(broker: Broker, telling: Callable[..., Mqtt], said: list[str]) -> None:
    """A fault in what is told beside the events does not hold them up; it is said once."""
    with broker.running():
        sink = telling(monitor=Broken())
        write(sink, range(10))
        wait_until(lambda: sink.status().counts["delivered"] == 10)
        assert len([line for line in said if "no snapshot" in line]) == 1
