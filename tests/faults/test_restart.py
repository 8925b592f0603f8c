"""The S3 server is killed in the middle of a run and comes back: what it missed is told, and done."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from litescore.store import patience
from tests.faults.conftest import COUNT, SHORT, Scene, aim, by_handler, forget
from tests.rig import proxy as rig
from tests.rig import seaweed
from tests.rig.pngs import Pngs


@dataclass
class Mortal:
    """A server that is running, may be killed, and comes back with what it held."""

    server: seaweed.Server
    life: AbstractContextManager[None] | None = None

    def start(self) -> None:
        self.life = self.server.running()
        self.life.__enter__()

    def kill(self) -> None:
        if self.life:
            self.life.__exit__(None, None, None)
        self.life = None


@pytest.fixture(scope="module")
def mortal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mortal]:
    """A server of our own: the others' must live."""
    mortal = Mortal(seaweed.Server(tmp_path_factory.mktemp("mortal")))
    mortal.start()
    yield mortal
    mortal.kill()


@pytest.fixture
def scene(
    mortal: Mortal, pngs: Pngs, model: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Scene]:
    """The handler in front of it, by way of a proxy."""
    s3 = mortal.server.s3
    images = [path.read_bytes() for path in pngs.paths[:COUNT]]
    with rig.serve(s3.endpoint) as proxy:
        bucket = s3.make_bucket()
        # One after the other: what had come before the server went is no chance.
        monkeypatch.setenv("LITESCORE_THREADS", "1")
        aim(monkeypatch, proxy.environ(s3.environ), bucket, model)
        yield Scene(s3, proxy, bucket, images, by_handler)
    forget()


@pytest.mark.parametrize(
    ("total", "left"), [(1.0, range(COUNT)), (60.0, range(3, COUNT))], ids=["soon", "late"]
)
def test_killed_while_images_are_read(
    scene: Scene, mortal: Mortal, monkeypatch: pytest.MonkeyPatch, total: float, left: range
) -> None:
    """Images that it could not give are handed back, with all others when their records cannot be
    written either; where the write is waited for, they are kept. Nothing is done twice.
    """
    monkeypatch.setattr(patience, "PATIENCE", SHORT._replace(total=total))
    listed = scene.fill()
    gate = scene.proxy.gate(method="GET", key="in/3.png")
    with ThreadPoolExecutor(1) as threads:
        run = threads.submit(scene.way, listed)
        assert gate.reached.wait(10)
        mortal.kill()
        gate.open()
        if len(left) == COUNT:
            run.result()
        mortal.start()
        back = run.result()
    assert back == [listed[number] for number in left]
    assert scene.balance(listed).missing == len(back)
    assert scene.way(back) == []
    assert scene.balance(listed).holds
    assert scene.lines() == COUNT
