"""MQTT over a real mosquitto: killed, stopped, away, strict; each event at least once, with its id."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge.monitor import Snapshot
from edge.sinks.mqtt import Mqtt
from edge.sinks.mqtt_link import Patience, Server
from edge.sinks.mqtt_reports import Place
from edge.sinks.spool import Spool
from edge.status import Status
from tests.edge.sinks.shown import DEVICE, Snapped, shown
from tests.rig.broker import Broker, Certificates, Listener, make_certificates
from tests.rig.process import HOST
from tests.rig.waiting import wait_until

ROOT = Path(__file__).parents[3]
TOPIC = "litescore/door"
PLACE = Place(TOPIC, "homeassistant", "litescore_door")
HASTY = Patience(connect=2.0, silence=1.0, first=0.05, longest=0.2)
USER = ("camera", "secret")


@pytest.fixture
def broker(tmp_path: Path) -> Broker:
    return Broker(tmp_path / "broker")


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "mqtt.spool"


@pytest.fixture
def telling(broker: Broker, path: Path, said: list[str]) -> Iterator[Callable[..., Mqtt]]:
    """Makes the sink; closed at the end."""
    made: list[Mqtt] = []

    def make(**options: Any) -> Mqtt:
        spool = Spool(path, max_bytes=options.pop("max_bytes", 1 << 20))
        server = options.pop("server", Server(HOST, broker.port))
        values = {"device": DEVICE.id, "monitor": Snapped(), "say": said.append, "patience": HASTY}
        made.append(Mqtt(server, PLACE, spool, **{**values, **options}))
        return made[-1]

    yield make
    for sink in made:
        sink.close()


def write(sink: Mqtt, numbers: range) -> list[str]:
    """Tell these frames; the ids of their records."""
    frames = [shown(number) for number in numbers]
    for frame in frames:
        sink.write(frame)
    return [frame.record.id for frame in frames]


def ids(listener: Listener) -> list[str]:
    """Of the events that came, in order, each where it came first."""
    events = [json.loads(body)["id"] for body in listener.of(f"{TOPIC}/event")]
    return list(dict.fromkeys(events))


def waits_for(sink: Mqtt, state: str) -> Status:
    wait_until(lambda: sink.status().state == state)
    return sink.status()


def test_events_arrive(broker: Broker, telling: Callable[..., Mqtt], said: list[str]) -> None:
    """Records as they are, in order, each once; counted as delivered, and nothing waits."""
    with broker.running(), Listener(broker, f"{TOPIC}/event") as listener:
        sink = telling()
        frames = [shown(number) for number in range(100)]
        for frame in frames:
            sink.write(frame)
        wait_until(lambda: sink.status().counts["delivered"] == 100)
        assert listener.of(f"{TOPIC}/event") == [one.record.to_json().encode() for one in frames]
        wait_until(lambda: sink.status().counts["waiting"] == 0)
        assert sink.status().state == "running"
        assert sink.status().counts["dropped"] == 0
        assert [line.partition(";")[0] for line in said] == [
            f"mqtt: connected to {HOST}:{broker.port}"
        ]


def test_away_at_start(broker: Broker, telling: Callable[..., Mqtt], said: list[str]) -> None:
    """A broker that is not there is waited for, said once; then what waited arrives."""
    listener = Listener(broker, f"{TOPIC}/event")
    listener.register()
    sink = telling()
    told = write(sink, range(50))
    status = waits_for(sink, "opening")
    wait_until(lambda: "Connection refused" in str(sink.status().reason))
    assert status.counts["delivered"] == 0
    with broker.running(), listener:
        wait_until(lambda: ids(listener) == told)
        waits_for(sink, "running")
    assert [line for line in said if "opening" in line] == said[:1]


def test_killed_and_restarted(broker: Broker, telling: Callable[..., Mqtt]) -> None:
    """What a broker that was killed with -9 had not acknowledged is sent again, in order."""
    listener = Listener(broker, f"{TOPIC}/event")
    with ExitStack() as first_life:
        first_life.enter_context(broker.running())
        first_life.enter_context(listener)
        sink = telling()
        first = write(sink, range(50))
        wait_until(lambda: ids(listener) == first)
        broker.save()
        broker.stop()
        second = write(sink, range(50, 100))
        waits_for(sink, "hung")
        broker.kill()
        waits_for(sink, "lost")
        third = write(sink, range(100, 150))
        with broker.running():
            wait_until(lambda: len(ids(listener)) == 150)
            assert ids(listener) == first + second + third
            waits_for(sink, "running")


def test_process_killed(broker: Broker, telling: Callable[..., Mqtt], path: Path) -> None:
    """Events of a process that was killed with -9 while the broker was away arrive from the next."""
    code = (
        "import os, signal\n"
        "from tests.edge.sinks.test_mqtt import *\n"
        f"spool = Spool(Path({str(path)!r}), max_bytes=1 << 20)\n"
        f"sink = Mqtt(Server(HOST, {broker.port}), PLACE, spool, device=DEVICE.id, monitor=Snapped())\n"
        "write(sink, range(100))\n"
        "wait_until(lambda: spool.waiting == 100)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL
    with broker.running(), Listener(broker, f"{TOPIC}/event") as listener:
        sink = telling()
        told = write(sink, range(100, 120))
        wait_until(lambda: len(ids(listener)) == 120)
        assert ids(listener)[:100] == [shown(number).record.id for number in range(100)]
        assert ids(listener)[100:] == told


@pytest.mark.parametrize("state", ["away", "stopped", "running"])
def test_sigterm(state: str, broker: Broker, path: Path) -> None:
    """SIGTERM with 1,000 events waiting ends at once, whatever the broker does, and each of them is
    delivered or still in the spool.
    """
    code = (
        "from tests.edge.sinks.test_mqtt import *\n"
        "from edge.stop import Stop\n"
        "with Stop() as stop:\n"
        f"    spool = Spool(Path({str(path)!r}), max_bytes=4 << 20)\n"
        f"    server = Server(HOST, {broker.port})\n"
        "    sink = Mqtt(server, PLACE, spool, device=DEVICE.id, monitor=Snapped())\n"
        "    print(flush=True)\n"
        "    sys.stdin.readline()\n"
        "    write(sink, range(1000))\n"
        "    print(flush=True)\n"
        "    stop.wait(60)\n"
        "    begun = time.monotonic()\n"
        "    sink.close()\n"
        "    print(sink.status().counts['delivered'], time.monotonic() - begun)\n"
    )
    with broker.running():
        if state == "away":
            broker.kill()
        with subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        ) as child:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(0.5)  # for it to connect; whether it did makes no difference to what holds
            if state == "stopped":
                broker.stop()
            child.stdin.write(b"\n")
            child.stdin.flush()
            child.stdout.readline()
            child.send_signal(signal.SIGTERM)
            delivered, seconds = child.stdout.readline().split()
            assert child.wait(60) == 0
    # It takes 0.7 s at most; what hangs takes as long as the broker, and the machine may be busy.
    assert float(seconds) < 5
    with closing(Spool(path, max_bytes=4 << 20)) as spool:
        assert spool.waiting + int(delivered) == 1000
        assert (int(delivered) > 0) == (state == "running")


def test_stopped_broker_is_hung(
    broker: Broker, telling: Callable[..., Mqtt], said: list[str]
) -> None:
    """A broker that acknowledges nothing is said to hang; when it goes on, all is well again."""
    with broker.running(), Listener(broker, f"{TOPIC}/event") as listener:
        sink = telling()
        waits_for(sink, "running")
        broker.stop()
        told = write(sink, range(10))
        assert "acknowledges nothing" in str(waits_for(sink, "hung").reason)
        broker.go_on()
        wait_until(lambda: ids(listener) == told)
        waits_for(sink, "running")
        assert any("hung" in line for line in said)


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
        "from tests.edge.sinks.test_mqtt import *\n"
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


@pytest.mark.parametrize("user", [("camera", "wrong"), None])
def test_wrong_password(
    user: tuple[str, str] | None,
    tmp_path: Path,
    telling: Callable[..., Mqtt],
    said: list[str],
) -> None:
    """A broker that refuses is named with its reason, tried again, and not in a tight loop."""
    strict = Broker(tmp_path / "strict", user=USER)
    with strict.running():
        sink = telling(server=Server(HOST, strict.port, False, *(user or ())))
        write(sink, range(3))
        wait_until(lambda: sink.status().reason)
        time.sleep(1)
        assert "Not authorized" in str(sink.status().reason)
        assert sink.status().state == "opening"
        assert sink.status().counts["waiting"] == 3
        assert len(said) == 1
        tries = (tmp_path / "strict" / "mosquitto.log").read_text().count("not authorised")
        assert 2 <= tries < 15


def test_right_password(tmp_path: Path, telling: Callable[..., Mqtt]) -> None:
    """User and password let it in."""
    strict = Broker(tmp_path / "strict", user=USER)
    with strict.running(), Listener(strict, f"{TOPIC}/event", user=USER) as listener:
        sink = telling(server=Server(HOST, strict.port, False, *USER))
        told = write(sink, range(3))
        wait_until(lambda: ids(listener) == told)


def test_event_that_is_refused(tmp_path: Path, telling: Callable[..., Mqtt]) -> None:
    """A broker that lets in and refuses events is named with the topic's reason; they stay."""
    strict = Broker(
        tmp_path / "strict",
        user=USER,
        rules=f"user {USER[0]}\ntopic readwrite {TOPIC}/availability\n",
    )
    with strict.running():
        sink = telling(server=Server(HOST, strict.port, False, *USER))
        write(sink, range(3))
        wait_until(lambda: "refuses events: Not authorized" in str(sink.status().reason))
        assert sink.status().counts["waiting"] == 3
        assert sink.status().counts["delivered"] == 0


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_client_certificate(
    host: str, tmp_path: Path, certificates: Certificates, telling: Callable[..., Mqtt]
) -> None:
    """TLS both ways: the broker's certificate is verified, and it takes ours."""
    secure = Broker(tmp_path / "secure", certificates=certificates)
    with secure.running():
        files = (certificates.authority, *certificates.client)
        sink = telling(server=Server(host, secure.port, True, None, None, *files))
        write(sink, range(3))
        wait_until(lambda: sink.status().counts["delivered"] == 3)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("no certificate", "certificate required"),
        ("stranger", "unknown ca"),
        ("other authorities", "self-signed certificate in certificate chain"),
        ("other host", "IP address mismatch, certificate is not valid for '127.0.0.1'"),
    ],
)
def test_bad_certificate(
    fault: str,
    reason: str,
    tmp_path: Path,
    certificates: Certificates,
    telling: Callable[..., Mqtt],
) -> None:
    """Whoever refuses whom, the status says why, and no event leaves."""
    ca: Path | None = certificates.authority
    own: tuple[Path, ...] = certificates.client
    if fault == "no certificate":
        own = ()
    elif fault == "stranger":
        own = certificates.stranger
    elif fault == "other authorities":
        ca = None
    else:
        certificates = replace(certificates, server=certificates.elsewhere)
    secure = Broker(tmp_path / "secure", certificates=certificates)
    with secure.running():
        sink = telling(server=Server(HOST, secure.port, True, None, None, ca, *own))
        write(sink, range(3))
        wait_until(lambda: reason in str(sink.status().reason))
        counts = sink.status().counts
        assert (sink.status().state, counts["delivered"]) == ("opening", 0)


def test_full_spool(broker: Broker, telling: Callable[..., Mqtt]) -> None:
    """While the broker is away and the spool is full, events are dropped and counted; said so."""
    listener = Listener(broker, f"{TOPIC}/event")
    listener.register()
    sink = telling(max_bytes=64 * 1024)
    write(sink, range(500))
    waits_for(sink, "full")
    wait_until(lambda: sink.status().counts["dropped"] > 300)
    with broker.running(), listener:
        wait_until(lambda: len(ids(listener)) == 500 - sink.status().counts["dropped"] > 50)
        waits_for(sink, "running")


def test_two_loops_do_not_fight(
    broker: Broker, telling: Callable[..., Mqtt], tmp_path: Path, said: list[str]
) -> None:
    """Two loops on one device and one topic have client ids of their own: both stay connected."""
    with broker.running():
        first = telling()
        spool = Spool(tmp_path / "other.spool", max_bytes=1 << 20)
        with closing(
            Mqtt(
                Server(HOST, broker.port),
                PLACE,
                spool,
                device=DEVICE.id,
                monitor=Snapped(),
                say=said.append,
                patience=HASTY,
            )
        ) as second:
            for sink in (first, second):
                write(sink, range(10))
                wait_until(lambda sink=sink: sink.status().counts["delivered"] == 10)  # type: ignore[misc]
            time.sleep(0.5)  # for a fight, in which each would connect again
            assert len(said) == 2


def test_memory_is_bounded(telling: Callable[..., Mqtt]) -> None:
    """While the disk takes nothing the loop is not held up; what memory has no room for is counted."""
    sink = telling()
    frame = shown(1)
    with sink._moving:  # as a disk that hangs would hold it
        for _ in range(20_000):
            sink.write(frame)
        counts = sink.status().counts
        assert counts["dropped"] == 20_000 - counts["waiting"] > 15_000


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
