"""A release is fetched before there is a frame: a signal, and patience that ends, break that off."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.cli import edge
from edge.device import Device
from edge.releases import follower, report
from edge.releases.terms import FollowTerms
from edge.stop import Stopped
from litescore import image
from litescore.releases.publishing import Publisher
from litescore.store import resume
from tests.edge.conftest import RED, plain
from tests.edge.releases.followed import TERMS, Start, publish
from tests.rig.waiting import wait_until

HERE = Device.here()
RARELY = replace(TERMS, every=1000.0)
PIECE = 100
Line = Callable[[Callable[[], object]], list[int]]


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Line:
    """`line(after)`: files come in pieces, and `after` is called behind the first; where each began.

    A stand-in for a slow line: a small file comes in one piece, and before any signal.
    """
    whole, began = resume._of_file, []

    def slowed(after: Callable[[], object]) -> list[int]:
        def pieces(path: Path, done: int, size: int) -> Iterator[bytes]:
            began.append(done)
            content = b"".join(whole(path, done, size))
            yield content[:PIECE]
            after()
            yield content[PIECE : 2 * PIECE]
            yield content[2 * PIECE :]

        monkeypatch.setattr(resume, "_of_file", pieces)
        return began

    return slowed


def test_a_signal_in_the_first_fetch(
    publisher: Publisher, key_file: Path, tmp_path: Path, line: Line
) -> None:
    """The loop ends as it should, at the next piece; the next start goes on from there."""
    digest = publish(publisher, 1)
    (tmp_path / "0.png").write_bytes(image.encode_png(plain(RED, 8)))
    words = ["run", "--model", f"{publisher.shelf.root}@stable", "--trust", f"{key_file}.pub"]
    words += ["--source", str(tmp_path / "0.png"), "--state", str(tmp_path / "state")]
    began = line(lambda: signal.raise_signal(signal.SIGTERM))
    done = CliRunner().invoke(edge, words, standalone_mode=False, catch_exceptions=False)
    assert (done.return_value, done.output) == (0, "0 frames\n")
    folder = tmp_path / "state" / "releases"
    assert (folder / "shoes" / f"{digest}.part").stat().st_size == 2 * PIECE
    (found,) = report.read(folder, publisher.believed, HERE.boot)
    assert (found.running, found.ended, found.state.failure) == (False, None, None)
    line(lambda: None)
    done = CliRunner().invoke(edge, words, standalone_mode=False, catch_exceptions=False)
    assert done.return_value == 0
    assert "1 frame," in done.output
    assert began == [0, 2 * PIECE]


def test_a_signal_in_the_look_after_a_crash(publisher: Publisher, start: Start, line: Line) -> None:
    """It is not the loop's to begin then."""
    publish(publisher, 1)
    start().begin()
    publish(publisher, 2)
    asked: list[bool] = []
    line(lambda: asked.append(True))
    with pytest.raises(Stopped):
        start(terms=RARELY, stopping=lambda: bool(asked)).begin()


def test_the_look_after_a_crash_ends(
    publisher: Publisher, start: Start, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is held runs, and the newer release is fetched meanwhile, from where it broke off."""
    first = publish(publisher, 1)
    start().begin()
    second = publish(publisher, 2)
    monkeypatch.setattr(follower, "_LONGEST", 0.0)
    began = line(lambda: None)
    terms: FollowTerms = replace(RARELY, every=1.0)
    device = start(terms=terms)
    assert device.begin() == first
    device.wait(second)
    assert began == [0, PIECE]
    assert device.said[0].endswith("from now on, in slot b")
    wait_until(lambda: device.follower.problem is None)
