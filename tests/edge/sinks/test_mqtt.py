"""MQTT over a real mosquitto: killed, stopped, away, strict; each event at least once, with its id."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack, closing
from itertools import cycle
from pathlib import Path

import pytest

from edge.sinks.mqtt import Mqtt
from edge.sinks.mqtt_link import Server
from edge.sinks.spool import Spool
from tests.edge.sinks.shown import DEVICE, Snapped, shown
from tests.edge.sinks.sinking import HASTY, PLACE, ROOT, TOPIC, ids, waits_for, write
from tests.rig.broker import Broker, Listener
from tests.rig.process import HOST
from tests.rig.waiting import wait_until


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
        "from tests.edge.sinks.in_child import *\n"
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
        "from tests.edge.sinks.in_child import *\n"
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
    # It takes 0.6 s at most; what hangs takes as long as the broker, and the machine may be busy.
    assert float(seconds) < 5
    with closing(Spool(path, max_bytes=4 << 20)) as spool:
        assert spool.waiting + int(delivered) == 1000
        assert (int(delivered) > 0) == (state == "running")


def test_stopped_broker_is_hung(
    broker: Broker, telling: Callable[..., Mqtt], said: list[str]
) -> None:
    """A broker that acknowledges nothing is said to hang, also while decisions change, of which none
    is acknowledged; when it goes on, all is well again.
    """
    with broker.running(), Listener(broker, f"{TOPIC}/event") as listener:
        sink = telling()
        waits_for(sink, "running")
        broker.stop()
        told = write(sink, range(10))
        labels = cycle(("red", "blue"))

        def hangs() -> bool:
            sink.see(shown(1, next(labels)))
            return sink.status().state == "hung"

        wait_until(hangs)
        assert "acknowledges nothing" in str(sink.status().reason)
        broker.go_on()
        wait_until(lambda: ids(listener) == told)
        waits_for(sink, "running")
        assert any("hung" in line for line in said)


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
