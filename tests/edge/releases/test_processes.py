"""`litescore edge run` on a channel, as processes: a release that crashes it, a full disk, a clock in
1970, two loops, a camera that is not there.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.kills.processes import pictures
from edge.releases import state as states
from edge.releases.state import State
from litescore.releases.publishing import Publisher
from tests.edge.releases.followed import publish
from tests.rig.needs import lack
from tests.rig.supervised import Supervised
from tests.rig.waiting import wait_until

RUN = [sys.executable, "-m", "litescore", "edge", "run"]
Words = Callable[..., list[str]]


@pytest.fixture
def words(publisher: Publisher, tmp_path: Path, key_file: Path) -> Words:
    """`words("--trial", 1)`: of a loop that follows the channel, with these more."""
    pictures(tmp_path / "frames")

    def chosen(*more: object, source: Path = tmp_path / "frames") -> list[str]:
        own = ["--model", f"{publisher.shelf.root}@stable", "--trust", f"{key_file}.pub"]
        own += ["--source", source, "--state", tmp_path / "state", "--out", tmp_path / "out.jsonl"]
        return list(map(str, [*own, "--interval", 0.02, "--check-every", 0.2, *more]))

    return chosen


def state(tmp_path: Path) -> State:
    return states.read(tmp_path / "state" / "releases" / "shoes" / "state.json")


def scored(tmp_path: Path) -> list[str]:
    """Digests of what scored each frame so far."""
    out = tmp_path / "out.jsonl"
    if not out.exists():
        return []
    *whole, _torn = out.read_text().split("\n")
    return [json.loads(line)["model"] for line in whole]


@contextmanager
def running(words: list[str], **options: object) -> Iterator[subprocess.Popen[str]]:
    child = subprocess.Popen(
        [*RUN, *words],
        stderr=subprocess.PIPE,
        text=True,
        **options,  # type: ignore[call-overload]
    )
    try:
        yield child
    finally:
        child.kill()
        child.communicate()


def test_a_release_that_crashes_the_loop(
    publisher: Publisher, words: Words, tmp_path: Path
) -> None:
    """After 30 frames: within a minute the old one runs again, and the new one is not taken again."""
    first = publish(publisher, 1)
    crashing = publish_later(publisher)
    command = [sys.executable, "-m", "tests.rig.crashing", crashing, "30", "run", *words()]
    log = tmp_path / "log"
    with Supervised(command, log, environ=os.environ, pause=1.0) as device:
        wait_until(lambda: scored(tmp_path))
        second = publish(publisher, 2)
        assert second == crashing
        wait_until(lambda: device.codes)
        code, crashed = device.codes[0]
        count = len(scored(tmp_path))
        wait_until(lambda: len(scored(tmp_path)) > count, 60)
        took = time.monotonic() - crashed
        assert code == -signal.SIGABRT, device.said()
        assert scored(tmp_path)[-1] == first
        wait_until(lambda: state(tmp_path).failure)
        # Several looks later it has not come back.
        count = len(scored(tmp_path))
        wait_until(lambda: len(scored(tmp_path)) > count + 50)
        assert len(device.codes) == 1, device.said()
    told = scored(tmp_path)
    assert 20 <= told.count(second) <= 30
    assert state(tmp_path).bad.keys() == {second}
    assert "crashed" in state(tmp_path).bad[second]
    assert took < 60


def publish_later(publisher: Publisher) -> str:
    """The digest of the release number 2, which is not published yet."""
    import hashlib

    from tests.releases.conftest import make_model

    return hashlib.sha256(make_model(2)).hexdigest()


def test_a_camera_that_is_not_there(publisher: Publisher, words: Words, tmp_path: Path) -> None:
    """At a restart in the middle of a trial: that is no fault of the release."""
    publish(publisher, 1)
    with running(words()) as child:
        wait_until(lambda: scored(tmp_path))
        second = publish(publisher, 2)
        wait_until(lambda: second in scored(tmp_path))
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 0
    assert state(tmp_path).trial is not None
    done = subprocess.run([*RUN, *words(source=tmp_path / "none")], capture_output=True, text=True)
    assert done.returncode != 0
    with running(words()):
        count = len(scored(tmp_path))
        wait_until(lambda: len(scored(tmp_path)) > count)
    assert scored(tmp_path)[-1] == second
    assert state(tmp_path).bad == {}


FULL = """
mount -t tmpfs -o size=512k full "$1" && cp -r "$2"/. "$1" || exit 77
dd if=/dev/zero of="$1/filler" 2>/dev/null
shift 2
exec "$@"
"""


def test_a_full_disk(publisher: Publisher, words: Words, tmp_path: Path) -> None:
    """Begun, and gone on, with what lies there; the newer release is not begun to be fetched, and what
    is lacking is told.
    """
    first = publish(publisher, 1)
    subprocess.run([*RUN, *words("--max-frames", 1)], check=True, capture_output=True)
    publish(publisher, 2)
    held = tmp_path / "held"
    shutil.move(tmp_path / "state", held)
    (tmp_path / "state").mkdir()
    before = ["unshare", "--mount", *([] if os.geteuid() == 0 else ["--map-root-user"])]
    before += ["sh", "-c", FULL, "full", str(tmp_path / "state"), str(held)]
    if subprocess.run([*before, "true"], check=False, capture_output=True).returncode != 0:
        lack("no tmpfs can be mounted here")
    log = tmp_path / "log"
    with (
        log.open("wb") as output,
        subprocess.Popen([*before, *RUN, *words()], stderr=output) as child,
    ):
        wait_until(lambda: "are free" in log.read_text())
        count = len(scored(tmp_path))
        wait_until(lambda: len(scored(tmp_path)) > count + 20)
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == 0, log.read_text()
    assert set(scored(tmp_path)) == {first}
    assert "cannot write" in log.read_text()
    assert "No space left on device" in log.read_text()
