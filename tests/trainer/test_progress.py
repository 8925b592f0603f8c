"""What a person sees while the training goes."""

from __future__ import annotations

import io

import pytest

from trainer.fitting import progress
from trainer.fitting.history import Epoch


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def watch(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> tuple[str, list[str]]:
    """What a bar of two epochs of 100 images draws, and the lines it says."""
    lines: list[str] = []
    monkeypatch.setattr("sys.stderr", stream)
    with progress.watching(2, lines.append) as watcher:
        for epoch in (1, 2):
            for done in (50, 100):
                watcher.batches(epoch, done, 100, 0.5, 0.75)
            watcher.epoch(Epoch(epoch, 0.5, 0.75, 0.6, 0.7))
    return stream.getvalue(), lines


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Epoch, loss, accuracy, and how far it is."""
    monkeypatch.setattr("tqdm.std.tqdm.monitor_interval", 0)
    shown, lines = watch(Terminal(), monkeypatch)
    assert "0/200" in shown
    assert lines[1].startswith("epoch 2/2: loss 0.5000, accuracy 75.00 %; validation loss 0.6000")


def test_a_file_gets_lines_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No bar in a log."""
    shown, lines = watch(io.StringIO(), monkeypatch)
    assert shown == ""
    assert len(lines) == 2


def test_epochs_without_validation_say_nothing_of_it() -> None:
    """No `None` on the screen."""
    assert progress.describe(Epoch(3, 0.25, 0.9), 5) == "epoch 3/5: loss 0.2500, accuracy 90.00 %"


def test_long_trainings_tell_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the epochs of this session, validation included: one that goes on began in its middle."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    lines: list[str] = []
    with progress.watching(10, lines.append) as watcher:
        watcher.batches(6, 0, 100, 0.5, 0.75)
        for epoch in (6, 7, 10):
            now[0] = 100 + 300.0 * (epoch - 5)
            watcher.epoch(Epoch(epoch, 0.5, 0.75))
    assert "; at most 20 min left, until " in lines[0]
    assert "; at most 15 min left, until " in lines[1]
    assert "left" not in lines[2]


@pytest.mark.parametrize(
    ("seconds", "words"), [(60, "60 s"), (119.4, "119 s"), (600, "10 min"), (11_100, "3 h 05 min")]
)
def test_durations_are_read_at_a_glance(seconds: float, words: str) -> None:
    """In the unit that a person would say."""
    assert progress.duration(seconds) == words
