"""A device that follows a channel behind a web server that is not always well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.releases import pauses
from edge.releases.follower import Follower
from edge.releases.slots import Slots
from litescore.releases import publishing
from litescore.releases.following import follow
from litescore.releases.publishing import Publisher
from litescore.scorer import Scorer
from litescore.store import http
from litescore.store.patience import PATIENCE
from tests.edge.releases.followed import DEVICE, TERMS
from tests.releases.conftest import make_model
from tests.rig.waiting import wait_until
from tests.rig.web import Web, serve


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """Serves the publisher's folder; waited for less long, and asked again sooner."""
    monkeypatch.setattr(http, "PATIENCE", PATIENCE._replace(silence=0.3))
    monkeypatch.setattr(pauses, "_FIRST_RETRY", 0.05)
    with serve(tmp_path) as one:
        yield one


@pytest.fixture
def follower(web: Web, publisher: Publisher, slots: Slots) -> Iterator[Follower]:
    publishing.publish(publisher, make_model(1), "stable")
    channel = follow(f"{web.url}/models/shoes@stable")
    one = Follower(
        channel, slots, publisher.believed, DEVICE, load=Scorer, say=lambda _: None, terms=TERMS
    )
    yield one
    one.close()


@pytest.mark.parametrize(
    "fault", [{"cut": 2500}, {"stall": 2500}, {"status": 503}, {"status": 403}]
)
def test_it_waits_until_the_server_is_well(
    web: Web, publisher: Publisher, slots: Slots, follower: Follower, fault: dict[str, int]
) -> None:
    """What runs goes on, and why is told; then what came is not asked for again."""
    taken: list[Scorer] = []
    first = follower.first().digest
    vars(web).update(fault)
    second = publishing.publish(publisher, make_model(2), "stable").release
    follower.start(taken.append)
    wait_until(lambda: follower.problem)
    assert follower.release is not None
    assert (follower.release.digest, taken) == (first, [])
    if "status" not in fault:
        wait_until(lambda: (slots.folder / f"{second.digest}.part").exists())
        wait_until(lambda: (slots.folder / f"{second.digest}.part").stat().st_size == 2500)
    vars(web).update(dict.fromkeys(fault))
    wait_until(lambda: taken)
    assert taken[-1].digest == second.digest
    wait_until(lambda: follower.problem is None)
    ranges = [asked[1] for asked in web.asked if second.digest in asked[0] and asked[1]]
    begin = 0 if "status" in fault else 2500
    assert ranges[-1] == f"bytes={begin}-{second.size - 1}"


def test_a_look_that_finds_nothing_new(web: Web, slots: Slots, follower: Follower) -> None:
    """Costs an answer without a body."""
    follower.first()
    follower.start(lambda _: None)
    wait_until(lambda: [asked for asked in web.asked if asked[2]])
    wait_until(lambda: follower.problem is None and slots.state.number == 1)
