"""What the preview remembers of decisions."""

from __future__ import annotations

from edge.decisions import Decision
from edge.preview.history import History
from litescore.errors import PermanentError
from tests.edge.conftest import RED, plain
from tests.edge.test_pictures import scored


def test_decisions() -> None:
    """Newest first, each at its surest; the first one is no change; failed frames are none."""
    history = History()
    frames = [("red", 0.5, True), ("red", 0.9, False), ("red", 0.7, False), ("blue", 0.6, True)]
    history.see(scored(PermanentError("corrupt", "no picture")))
    for label, score, changed in frames:
        one = scored(plain(RED))
        one.decision = Decision(label, score, 1.0, changed, None)
        history.see(one)
    assert [(each.label, each.score) for each in history.decisions()] == [
        ("blue", 0.6),
        ("red", 0.9),
    ]
    assert history.changes == 1
    assert history.newest is not None
    assert history.newest.serial == 5


def test_many_decisions() -> None:
    """Memory is flat: the last fifty are kept, and all are counted."""
    history = History()
    for number in range(1000):
        one = scored(plain(RED))
        one.decision = Decision("red" if number % 2 else "blue", 0.5, 1.0, True, None)
        history.see(one)
    assert len(history.decisions()) == 50
    assert history.changes == 999
