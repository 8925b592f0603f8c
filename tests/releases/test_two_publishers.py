"""Publishers at once, as processes of their own."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from litescore import lock
from litescore.releases import keys
from litescore.releases.shelf import Shelf
from tests.releases.conftest import make_model
from tests.rig import proxy as proxies
from tests.rig.proxy import Gate
from tests.rig.seaweed import S3
from tests.rig.waiting import wait_until

_COUNT = 3


@contextmanager
def held_up(shelf: Shelf, server: S3 | None) -> Iterator[tuple[dict[str, str], Callable[[], None]]]:
    """An environment in which none writes the channel until it is let go: by then all have read it."""
    if server is not None:
        with proxies.serve(server.endpoint) as proxy:
            gates = [proxy.gate(method="PUT", key="*/channels/stable.json") for _ in range(_COUNT)]
            yield os.environ | proxy.environ(server.environ), lambda: _open(gates)
        return
    channels = Path(shelf.place("channels"))
    channels.mkdir(parents=True)
    with ExitStack() as stack:
        stack.enter_context(lock.held(channels / ".stable.json.lock", lambda: None))
        yield dict(os.environ), lambda: _let_go(shelf, stack)


def _open(gates: list[Gate]) -> None:
    for gate in gates:
        assert gate.reached.wait(60)
    for gate in gates:
        gate.open()


def _let_go(shelf: Shelf, stack: ExitStack) -> None:
    """A release is put there after the channel was read, and before it is written."""
    digests = [hashlib.sha256(make_model(number)).hexdigest() for number in range(_COUNT)]
    wait_until(lambda: all(map(shelf.has_release, digests)))
    stack.close()


def test_one_of_three_processes_wins(
    shelf: Shelf, key_file: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """All go on from the same turn; the others are told so, and the channel has one turn."""
    server = request.getfixturevalue("s3") if shelf.root.startswith("s3:") else None
    children = []
    with held_up(shelf, server) as (environ, let_go):
        for number in range(_COUNT):
            path = tmp_path / f"{number}.tflite"
            path.write_bytes(make_model(number))
            words = ["publish", path, shelf.root, "--key", key_file, "--note", f"{number}"]
            command = [sys.executable, "-m", "litescore", *map(str, words)]
            children.append(
                subprocess.Popen(
                    command, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
                )
            )
        let_go()
        ends = [(child.communicate(timeout=120)[1], child.returncode) for child in children]
    assert sorted(code for _, code in ends) == [0, 3, 3], ends
    held = shelf.read_channel("stable", (keys.read_private(key_file).public,))
    assert held is not None
    (turn,) = held.channel.turns
    for number, (errors, code) in enumerate(ends):
        assert (code == 0) == (turn.note == f"{number}")
        if code != 0:
            assert "another publisher moved channel 'stable' meanwhile" in errors
