"""What goes wrong, and in which order."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from benchmarks.edge_soak.camera import GARBAGE
from benchmarks.edge_soak.site import quiet
from tests.rig.broker import Broker

if TYPE_CHECKING:
    from benchmarks.edge_soak.soaking import Soak

YEAR = 365 * 86_400.0
Fault = Callable[["Soak", random.Random], None]


def camera_dies(soak: Soak, _: random.Random) -> None:
    soak.process.order("die")


def camera_hangs(soak: Soak, _: random.Random) -> None:
    """For longer than --hung-after and what the camera may take to notice it itself."""
    soak.process.order("hang 4")
    time.sleep(2.5)


def camera_refuses(soak: Soak, rng: random.Random) -> None:
    soak.process.order(f"refuse {rng.randint(2, 3)}")


def garbage(soak: Soak, rng: random.Random) -> None:
    """Arrays that are no pictures, each kind once."""
    for kind in rng.sample(sorted(GARBAGE), len(GARBAGE)):
        soak.process.order(f"garbage {kind}")


def broker_killed(soak: Soak, rng: random.Random) -> None:
    """With messages in flight that it never acknowledged. What it did acknowledge was handed on
    before: that a killed broker loses it is nothing that a publisher can prevent.
    """
    broker = soak.site.broker.server
    assert isinstance(broker, Broker)
    soak.process.process.suspend()
    quiet(soak.site.listener)
    broker.stop()
    soak.process.process.resume()
    time.sleep(0.5)
    soak.site.broker.end()
    time.sleep(rng.uniform(0.5, 2))
    soak.site.broker.start()


def broker_stopped(soak: Soak, rng: random.Random) -> None:
    broker = soak.site.broker.server
    assert isinstance(broker, Broker)
    broker.stop()
    time.sleep(rng.uniform(1, 3))
    broker.go_on()


def s3_killed(soak: Soak, rng: random.Random) -> None:
    soak.site.s3.end()
    time.sleep(rng.uniform(0.5, 2))
    soak.site.s3.start()


def s3_paused(soak: Soak, rng: random.Random) -> None:
    for process in soak.site.s3_processes():
        process.suspend()
    time.sleep(rng.uniform(1, 3))
    for process in soak.site.s3_processes():
        process.resume()


def disk_full(soak: Soak, rng: random.Random) -> None:
    """The disk of the records and of all that waits."""
    soak.site.fill_disk()
    time.sleep(rng.uniform(1, 3))
    soak.site.empty_disk()


def records_moved(soak: Soak, _: random.Random) -> None:
    """As logrotate does."""
    aside = soak.site.disk / f"records-{soak.process.told:06}-{soak.process.number}.moved"
    soak.site.records.rename(aside)


def another_model(soak: Soak, rng: random.Random) -> None:
    model = rng.choice(soak.site.models.good)
    soak.site.put_model(model)
    digest = hashlib.sha256(model).hexdigest()
    soak.process.wait_until(lambda health: health.model == digest)


def half_a_model(soak: Soak, _: random.Random) -> None:
    _refused(soak, soak.site.models.half)


def wrong_model(soak: Soak, _: random.Random) -> None:
    _refused(soak, soak.site.models.wrong)


def _refused(soak: Soak, model: bytes) -> None:
    """The model that was on goes on; then a good file lies there again."""
    before = soak.process.settle().model
    soak.site.put_model(model)
    after = soak.process.wait_until(lambda health: health.refused).model
    if after != before:
        raise RuntimeError(f"a model that must not be taken replaced {before[:12]}: {after[:12]}")
    soak.site.put_model(soak.site.models.good[0])


def clock_jumps(soak: Soak, rng: random.Random) -> None:
    """By years, either way."""
    soak.process.order(f"clock {rng.choice((-10, -1, 1, 10)) * YEAR:g}")


def killed(soak: Soak, _: random.Random) -> None:
    soak.process.kill()
    soak.restart()


def terminated(soak: Soak, _: random.Random) -> None:
    soak.process.terminate()
    soak.restart()


FAULTS: dict[str, Fault] = {
    "camera dies": camera_dies,
    "camera hangs": camera_hangs,
    "camera refuses": camera_refuses,
    "camera gives garbage": garbage,
    "broker killed": broker_killed,
    "broker stopped": broker_stopped,
    "S3 killed": s3_killed,
    "S3 paused": s3_paused,
    "disk full": disk_full,
    "records moved away": records_moved,
    "another model": another_model,
    "half a model": half_a_model,
    "a wrong model": wrong_model,
    "clock jumps": clock_jumps,
    "SIGKILL": killed,
    "SIGTERM": terminated,
}
RESTARTS = ("SIGKILL", "SIGTERM")


def course(rng: random.Random) -> Iterator[str]:
    """Names of faults without end: each once a round, each round in another order."""
    while True:
        yield from rng.sample(list(FAULTS), len(FAULTS))
