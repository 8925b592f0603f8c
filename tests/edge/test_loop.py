"""The loop between its source and its sinks: order, failures, what is handed on when, and to whom."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from edge.decisions import Deciding
from edge.device import Device
from edge.emission import Telling
from edge.frames import Still
from edge.loop import Loop
from edge.scored import Scored
from edge.stop import Stop
from litescore import image
from litescore.errors import ConfigurationError, PermanentError, UsageError
from litescore.scorer import Scorer
from litescore.view import View
from tests.edge.conftest import BLUE, GREEN, RED, plain
from tests.edge.given import Given, Kept
from tests.rig.waiting import wait_until


def test_every_frame_in_order(color_scorer: Scorer, device: Device) -> None:
    """Arrays and image files alike, with what could not be read between them."""
    broken = PermanentError("gone", "no such file")
    still = Still(image.encode_png(plain(BLUE)), 10_000)
    no_picture = Still(b"no picture", 10_000)
    kept = Kept()
    loop = Loop(color_scorer, device, sinks=[kept])
    pictures = [plain(RED), broken, still, None, no_picture, plain(GREEN)]
    summary = loop.run(Given(pictures), Stop())
    assert kept.labels == ["red", None, "blue", None, "green"]
    assert [one.record.kind for one in kept.scored] == [None, "gone", None, "unsupported", None]
    assert (summary.frames, summary.failed) == (5, 2)


def test_a_watcher_sees_what_is_not_told(color_scorer: Scorer, device: Device) -> None:
    """Told are changes; seen is every frame."""
    seen: list[Scored] = []

    class Watching:
        def see(self, scored: Scored) -> None:
            seen.append(scored)

    kept = Kept()
    loop = Loop(
        color_scorer, device, sinks=[kept], watchers=[Watching()], telling=Telling(change=True)
    )
    loop.run(Given([plain(RED), plain(RED), plain(BLUE), plain(BLUE)]), Stop())
    assert kept.labels == ["red", "blue"]
    assert len(seen) == 4
    assert (loop.meter.frames, loop.meter.emitted) == (4, 2)


def test_a_record_bears_its_decision_and_view(color_scorer: Scorer, device: Device) -> None:
    """What the frames so far come to, and what of the picture the model saw."""
    color_scorer.contract = replace(color_scorer.contract, view=View(mirror=True))
    kept = Kept()
    Loop(color_scorer, device, sinks=[kept]).run(Given([plain(RED), plain(BLUE)]), Stop())
    record = kept.scored[1].record
    assert record.decision is not None
    assert (record.decision["label"], record.decision["previous"]) == ("blue", "red")
    assert record.frame is not None
    assert record.frame["view"] == {"mirror": True}


def test_a_region_outside_fails_the_frame(color_scorer: Scorer, device: Device) -> None:
    """A camera that gives another size than before: an error record, and the loop goes on."""
    color_scorer.contract = replace(color_scorer.contract, view=View(region=(0, 0, 16, 16)))
    kept = Kept()
    Loop(color_scorer, device, sinks=[kept]).run(Given([plain(RED, 32), plain(RED, 8)]), Stop())
    assert [one.record.status for one in kept.scored] == ["scored", "failed"]


def test_a_model_is_replaced_between_two_frames(
    color_scorer: Scorer, color_scorer_2: Scorer, device: Device
) -> None:
    """The next frame is the new model's, labels and digest; none is left out."""
    kept = Kept()
    loop = Loop(color_scorer, device, sinks=[kept])

    def pictures() -> Generator[NDArray[np.uint8], None, None]:
        yield plain(RED)
        loop.replace(color_scorer_2)
        yield plain(RED)

    source = Given(pictures())
    loop.run(source, Stop())
    assert kept.labels == ["red", "rot"]
    assert source.expected == [color_scorer.contract, color_scorer_2.contract]
    models = [one.record.model for one in kept.scored]
    assert models == [color_scorer.digest, color_scorer_2.digest]
    assert kept.scored[1].decision is not None
    assert kept.scored[1].decision.label == "rot"
    assert kept.scored[1].decision.previous is None


def test_a_sink_that_waits_costs_no_frame(color_scorer: Scorer, device: Device) -> None:
    """While a sink is slow the loop goes on, until as much waits as may; nothing is lost."""
    kept = Kept()
    kept.go_on.clear()
    loop = Loop(color_scorer, device, sinks=[kept])
    reached: list[int] = []

    def pictures() -> Generator[NDArray[np.uint8], None, None]:
        for number in range(100):
            if number == 20:
                # Twenty were scored while the sink still holds the first.
                reached.append(len(kept.scored))
                kept.go_on.set()
            yield plain(RED)

    loop.run(Given(pictures()), Stop())
    assert reached == [0]
    assert len(kept.scored) == 100


def test_the_loop_waits_for_a_sink_at_last(color_scorer: Scorer, device: Device) -> None:
    """Not more than some tens of frames wait in memory."""
    kept = Kept()
    kept.go_on.clear()
    loop = Loop(color_scorer, device, sinks=[kept])
    given: list[int] = []

    def pictures() -> Generator[NDArray[np.uint8], None, None]:
        for number in range(200):
            given.append(number)
            yield plain(RED)

    running = threading.Thread(target=loop.run, args=(Given(pictures()), Stop()), daemon=True)
    running.start()
    time.sleep(1)
    assert len(given) <= 40
    kept.go_on.set()
    running.join(30)
    assert len(kept.scored) == 200


@pytest.mark.parametrize("failure", [ConfigurationError("the disk is gone"), BrokenPipeError()])
def test_what_a_sink_raises_ends_the_loop(
    failure: BaseException, color_scorer: Scorer, device: Device
) -> None:
    """Raised again where the loop was started, and the source is closed."""
    source = Given(plain(RED) for _ in range(10_000))
    loop = Loop(color_scorer, device, sinks=[Kept(failure)])
    with pytest.raises(type(failure)):
        loop.run(source, Stop())
    assert source.closed
    assert loop.meter.frames < 10_000


def test_a_sink_that_fails_at_the_last_frame(color_scorer: Scorer, device: Device) -> None:
    """Also what comes after the last frame is raised."""
    kept = Kept(ConfigurationError("the disk is gone"))
    with pytest.raises(ConfigurationError, match="the disk is gone"):
        Loop(color_scorer, device, sinks=[kept]).run(Given([plain(RED)]), Stop())


def test_signs_of_life_without_frames(color_scorer: Scorer, device: Device) -> None:
    """A source that gives nothing does not make the loop look dead."""
    alive: list[int] = []
    loop = Loop(color_scorer, device, alive=lambda: alive.append(1))
    loop.run(Given([None, None, plain(RED), None]), Stop())
    assert len(alive) == 4


def test_signs_of_life_through_an_interval(color_scorer: Scorer, device: Device) -> None:
    """Whoever watches the loop is told while it waits for the next frame's time."""
    alive: list[float] = []
    loop = Loop(color_scorer, device, alive=lambda: alive.append(time.monotonic()))
    loop.run(Given([plain(RED), plain(RED)]), Stop(), interval=1.0)
    assert max(after - before for before, after in pairwise(alive)) < 0.9


def test_signs_of_life_while_a_sink_is_waited_for(color_scorer: Scorer, device: Device) -> None:
    """A reader that takes nothing makes no loop look dead."""
    kept = Kept()
    kept.go_on.clear()
    alive: list[int] = []
    loop = Loop(color_scorer, device, sinks=[kept], alive=lambda: alive.append(1))
    source = Given(plain(RED) for _ in range(100))
    running = threading.Thread(target=loop.run, args=(source, Stop()), daemon=True)
    running.start()
    wait_until(lambda: loop.meter.frames >= 30)
    before = len(alive)
    wait_until(lambda: len(alive) >= before + 20)
    kept.go_on.set()
    running.join(30)
    assert len(kept.scored) == 100


def test_large_pictures_wait_by_their_bytes(color_scorer: Scorer, device: Device) -> None:
    """Of pictures of 12 MB not 32 wait, but some three."""
    kept = Kept()
    kept.go_on.clear()
    loop = Loop(color_scorer, device, sinks=[kept])
    picture = np.zeros((2000, 2000, 3), np.uint8)
    source = Given(picture for _ in range(10))
    running = threading.Thread(target=loop.run, args=(source, Stop()), daemon=True)
    running.start()
    wait_until(lambda: loop.meter.frames >= 2)
    time.sleep(0.5)
    assert loop.meter.frames <= 4
    kept.go_on.set()
    running.join(60)
    assert len(kept.scored) == 10


def test_an_answer_that_is_no_number_fails_the_frame(
    color_scorer: Scorer, device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One such frame does not stay in the mean for ever."""
    answers = iter([[0.9, 0.05, 0.05], [np.nan, 0.5, 0.5], [0.9, 0.05, 0.05]])
    monkeypatch.setattr(
        color_scorer, "probabilities", lambda _: np.array([next(answers)], np.float32)
    )
    kept = Kept()
    loop = Loop(color_scorer, device, sinks=[kept], deciding=Deciding(0.5))
    loop.run(Given([plain(RED)] * 3), Stop())
    assert [one.record.status for one in kept.scored] == ["scored", "failed", "scored"]
    assert loop.decision is not None
    assert loop.decision.score == pytest.approx(0.9, abs=1e-3)


def test_a_model_without_a_label_that_is_asked_for(
    color_scorer: Scorer, color_scorer_2: Scorer, device: Device
) -> None:
    """Refused where it is handed over, and the old one goes on."""
    deciding = Deciding(of_label={"red": 0.5})
    kept = Kept()
    loop = Loop(color_scorer, device, sinks=[kept], deciding=deciding)
    with pytest.raises(UsageError, match="no label 'red'"):
        loop.replace(color_scorer_2)
    loop.run(Given([plain(RED)]), Stop())
    assert kept.labels == ["red"]
