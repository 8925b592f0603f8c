"""What `edge run` is put together of: closed together, kept in one place, seen by one view."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from edge.running import closed_together, state_folder
from litescore import image
from litescore.errors import ConfigurationError
from tests.edge.conftest import BLUE, RED, plain
from tests.edge.test_run import edge


class Part:
    """Something to be closed, which waits for the others to be closing too, or raises."""

    def __init__(
        self, barrier: threading.Barrier | None = None, failure: Exception | None = None
    ) -> None:
        self.closed = False
        self._barrier, self._failure = barrier, failure

    def close(self) -> None:
        if self._barrier is not None:
            self._barrier.wait(30)
        self.closed = True
        if self._failure is not None:
            raise self._failure


def test_all_are_closed_at_the_same_time() -> None:
    """Each may take a second: none begins after another's end."""
    barrier = threading.Barrier(3)
    parts = [Part(barrier) for _ in range(3)]
    with closed_together() as list_of_parts:
        list_of_parts.extend(parts)
    assert all(part.closed for part in parts)


def test_what_closing_raises_is_raised_once_all_are_closed() -> None:
    """Lost records are told, and cost no other sink its end."""
    parts = [Part(failure=ConfigurationError("3 records lost")), Part()]
    with pytest.raises(ConfigurationError, match="3 records lost"), closed_together() as held:
        held.extend(parts)
    assert parts[1].closed


def test_an_error_before_is_the_one_that_is_told() -> None:
    """What ended the loop comes first; what was open is closed all the same."""
    part = Part(failure=ConfigurationError("3 records lost"))

    def fail() -> None:
        with closed_together() as held:
            held.append(part)
            raise ConfigurationError("no camera")

    with pytest.raises(ConfigurationError, match="no camera"):
        fail()
    assert part.closed


def test_where_the_state_is() -> None:
    """systemd's folder, else the user's own."""
    assert state_folder({"STATE_DIRECTORY": "/var/lib/a:/var/lib/b"}) == Path("/var/lib/a")
    assert state_folder({"XDG_STATE_HOME": "/somewhere"}) == Path("/somewhere/litescore")
    assert state_folder({}) == Path.home() / ".local/state/litescore"


@pytest.mark.parametrize(
    ("words", "label", "view"),
    [
        (["--roi", "0,0,0.5,1"], "red", {"region": [0.0, 0.0, 0.5, 1.0]}),
        (["--roi", "16,0,16,32"], "blue", {"region": [16, 0, 16, 32]}),
        (["--roi", "0,0,16,32", "--mirror"], "blue", {"mirror": True, "region": [0, 0, 16, 32]}),
        (["--roi", "0,0,32,16", "--rotate", "90"], "red", {"rotate": 90, "region": [0, 0, 32, 16]}),
    ],
)
def test_the_model_sees_the_view(
    words: list[str], label: str, view: object, color_model: Path, tmp_path: Path
) -> None:
    """Of a picture that is red on the left and blue on the right, what the options cut out."""
    halves = np.concatenate([plain(RED, 32)[:, :16], plain(BLUE, 32)[:, 16:]], axis=1)
    (tmp_path / "halves.png").write_bytes(image.encode_png(halves))
    done = edge("--model", color_model, "--source", tmp_path / "halves.png", *words)
    record = json.loads(done.stdout)
    assert record["label"] == label
    assert record["frame"]["view"] == view
