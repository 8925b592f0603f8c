"""Faults that the stub alone can have behind the proxy: odd keys, listings of many pages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from litescore import results, scoring, store
from litescore.errors import TransientError
from litescore.record import Subject
from litescore.results import reconcile
from litescore.scoring import Images, Job
from litescore.store import patience, rawkeys
from tests.faults.conftest import SHORT, aim
from tests.rig import proxy as rig
from tests.rig.pngs import Pngs
from tests.rig.proxy import Fault, Proxy
from tests.rig.stub_s3 import StubS3

INPUTS, OUTPUT = "s3://stub/in/", "s3://stub/out/"


@pytest.fixture
def proxied(stub: StubS3, model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A proxy in front of the stub; what it cannot have is not asked for again."""
    with rig.serve(stub.endpoint) as proxy:
        aim(monkeypatch, proxy.environ(stub.environ), "stub", model)
        monkeypatch.setattr(patience, "PATIENCE", SHORT._replace(retries=0))
        yield proxy


@pytest.mark.parametrize(
    "fault",
    [Fault(stall=60), Fault(stall=60, cut=10), Fault(cut=10), Fault(cut=0), Fault(reset=True)],
    ids=lambda fault: fault.kind,
)
@pytest.mark.parametrize("key", ["a.png", "a//b.png"], ids=["obstore", "boto3"])
def test_a_connection_that_fails_is_worth_another_try(
    stub: StubS3, proxied: Proxy, key: str, fault: Fault
) -> None:
    """Both clients give up what is silent, and take no part for the whole."""
    stub.objects["stub", key] = bytes(10_000)
    proxied.faults = [fault]
    start = time.monotonic()
    with pytest.raises(TransientError):
        store.read(Subject(f"s3://stub/{key}"), max_bytes=10_000)
    assert time.monotonic() - start < 30
    proxied.faults = []
    assert len(store.read(Subject(f"s3://stub/{key}"), max_bytes=10_000).data) == 10_000


@pytest.mark.parametrize("client", ["boto3", "obstore"])
@pytest.mark.parametrize(
    "fault", [Fault(status=503), Fault(cut=50), Fault(stall=60)], ids=lambda f: f.kind
)
def test_a_listing_breaks_off(
    stub: StubS3,
    proxied: Proxy,
    pngs: Pngs,
    monkeypatch: pytest.MonkeyPatch,
    client: str,
    fault: Fault,
) -> None:
    """On its second page: it is said, and the next run does just what the balance misses."""
    monkeypatch.setattr(rawkeys, "installed", lambda: client == "boto3")
    stub.page = 2
    stub.objects = {("stub", f"in/{n}.png"): p.read_bytes() for n, p in enumerate(pngs.paths[:5])}
    listed = [entry.subject for entry in store.list_objects(INPUTS)]
    job = Job(scoring.settings_with(), OUTPUT)
    # The records are listed, then the first page of images.
    pages: Iterator[Fault | None] = iter([None, None])
    proxied.choose = lambda _method, key: next(pages, fault) if key == "stub/" else None
    with pytest.raises(TransientError, match="'stub'"):
        scoring.to_place(Images((INPUTS,)), job)
    proxied.choose = lambda _method, _key: None
    missing = reconcile.balance(listed, results.read(OUTPUT)).missing
    summary, _ = scoring.to_place(Images((INPUTS,)), job)
    assert missing >= 3
    assert (summary.scored, summary.skipped) == (missing, 5 - missing)
    assert reconcile.balance(listed, results.read(OUTPUT)).holds
