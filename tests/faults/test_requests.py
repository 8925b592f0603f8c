"""Each way a request can go wrong, on the way to the image and on the way of its record."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import pytest

from litescore.errors import ConfigurationError
from litescore.record import Subject
from tests.faults.conftest import COUNT, Scene
from tests.rig.proxy import Fault

ONE, ALL, RECORDS = "in/2.png", "in/*", "out/*"
# Longer than any test waits.
HANGS = 60.0


@dataclass(frozen=True)
class Case:
    """Faults, and what they come to.

    back    how many images are handed back: the third, or all
    became  status or kind of the third image's record
    raises  whether the run ends with a configuration error
    written  whether the records are there all the same
    """

    name: str
    faults: tuple[dict[str, Any], ...]
    back: int = 0
    became: str = "scored"
    raises: bool = False
    written: bool = False


def read(key: str = ONE, **words: Any) -> dict[str, Any]:
    return {"method": "GET", "key": key, **words}


def write(**words: Any) -> dict[str, Any]:
    return {"method": "PUT", "key": RECORDS, **words}


def look(**words: Any) -> dict[str, Any]:
    return {"method": "HEAD", "key": RECORDS, **words}


CASES = [
    Case("slow-down-passes", (read(ALL, status=503, times=3),)),
    Case("slow-down-on-one", (read(status=503),), back=1),
    Case("slow-down-on-all", (read(ALL, status=503),), back=COUNT),
    Case("broken-within", (read(status=500),), back=1),
    Case("denied-one", (read(status=403),), became="forbidden"),
    Case("denied-all", (read(ALL, status=403),), raises=True),
    Case("not-there", (read(status=404),), became="gone"),
    Case("conflict", (read(status=409),), back=1),
    Case("precondition", (read(status=412),), became="superseded"),
    Case("reset-passes", (read(ALL, reset=True, times=3),)),
    Case("reset", (read(reset=True),), back=1),
    Case("answer-lost-passes", (read(reset=True, late=True, times=2),)),
    Case("hangs-once", (read(stall=HANGS, times=1),)),
    Case("hangs", (read(stall=HANGS),), back=1),
    Case("hangs-in-the-body-once", (read(stall=HANGS, cut=10, times=1),)),
    Case("cut-short-passes", (read(ALL, cut=10, times=3),)),
    Case("cut-short", (read(cut=10),), back=1),
    Case("another-etag", (read(etag="another"),), became="superseded"),
    Case("record-slow-down-passes", (write(status=503, times=2),)),
    Case("record-slow-down", (write(status=503),), back=COUNT),
    Case("record-broken-within-passes", (write(status=500, times=6),)),
    Case("record-conflict-passes", (write(status=409, times=2),)),
    Case("record-precondition-of-nothing", (write(status=412, times=1),)),
    Case("record-denied", (write(status=403),), raises=True),
    Case("record-reset-passes", (write(reset=True, times=2),)),
    Case("record-hangs-once", (write(stall=HANGS, times=1),)),
    Case("record-reply-lost", (write(reset=True, late=True, times=1),)),
    Case("record-reply-always-lost", (write(reset=True, late=True),), back=COUNT, written=True),
    Case("record-reply-is-500", (write(status=500, late=True, times=1),)),
    Case("record-reply-hangs", (write(stall=HANGS, late=True, times=1),)),
    Case("record-reply-lost-and-look-too", (
        write(reset=True, late=True, times=1), look(status=503, times=6),
    )),
]  # fmt: skip


# Both ways write by the same function: one of them shows what comes of a record that gets through.
PAIRS = [
    pytest.param(way, case, id=f"{way}-{case.name}")
    for case in CASES
    for way in ("handler", "command")
    if way == "handler" or case.back or case.raises or not case.name.startswith("record")
]


@pytest.mark.parametrize(("scene", "case"), PAIRS, indirect=["scene"])
def test_nothing_is_lost_and_nothing_double(scene: Scene, case: Case) -> None:
    """The balance tells just what was handed back; run again once all is well, it holds."""
    listed = scene.fill()
    scene.proxy.faults = [Fault(**fault) for fault in case.faults]
    kinds = {fault.kind for fault in scene.proxy.faults}
    back = _begin(scene, case, listed)
    assert set(scene.proxy.struck) == kinds
    scene.proxy.faults = []

    superseded = int(case.became == "superseded")
    missing = 0 if case.written else len(back)
    _weigh(scene, listed, missing + superseded, superseded)
    if back:
        assert scene.way(back) == []
    _weigh(scene, listed, superseded, superseded)
    third = next(r for r in scene.records() if r.source == listed[2].source)
    assert case.became in (third.status, third.kind)
    assert scene.lines() == COUNT


def _begin(scene: Scene, case: Case, listed: list[Subject]) -> list[Subject]:
    """Score while all goes wrong: what of it is to be done again."""
    start = time.monotonic()
    if case.raises:
        with pytest.raises(ConfigurationError):
            scene.way(listed)
        back = listed
    else:
        back = scene.way(listed)
        assert back == (listed if case.back == COUNT else [listed[2]] * case.back)
    assert time.monotonic() - start < HANGS / 2
    return back


def _weigh(scene: Scene, listed: list[Subject], missing: int, superseded: int) -> None:
    balance = scene.balance(listed)
    assert (balance.missing, balance.double, balance.superseded) == (missing, 0, superseded)
