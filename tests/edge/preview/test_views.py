"""The page, its pictures and its numbers, over HTTP, of a loop that runs."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from typing import Any

import cv2
import pytest

from edge.preview import routes
from litescore.errors import PermanentError
from tests.edge.conftest import BLUE, GREEN, RED
from tests.edge.preview.conftest import (
    Show,
    Shown,
    color_of,
    read_event,
    read_part,
    until,
)


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with each JPEG that is made."""
    made: list[int] = []
    imencode: Callable[..., Any] = cv2.imencode

    def counted(*words: Any) -> Any:
        made.append(1)
        return imencode(*words)

    monkeypatch.setattr(cv2, "imencode", counted)
    return made


def test_the_page_needs_nothing_else(shown: Shown) -> None:
    """One file: no address in it but its own paths; the browser is told to run nothing else."""
    status, body, headers = shown.ask("/")
    text = body.decode()
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert not re.findall(r"https?://|src=|@import|url\(", text)
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers
    assert headers["Cache-Control"] == "no-store"


def test_snapshot(shown: Shown) -> None:
    """The newest picture as JPEG, in the colours it has."""
    for color in (RED, BLUE):
        shown.source.color = color
        until(lambda color=color: color_of(shown.ask("/snapshot.jpg")[1]) == color)
    status, _, headers = shown.ask("/snapshot.jpg")
    assert status == 200
    assert headers["Content-Type"] == "image/jpeg"


def test_snapshot_after_one(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    """`?after=` waits for a newer picture; where none comes it says so, and is asked again."""
    serial = int(shown.ask("/snapshot.jpg")[2]["Frame-Serial"])
    later = int(shown.ask(f"/snapshot.jpg?after={serial}")[2]["Frame-Serial"])
    assert later > serial
    monkeypatch.setattr(routes, "PATIENCE", 0.2)
    status, body, _ = shown.ask(f"/snapshot.jpg?after={10**15 - 1}")
    assert (status, body) == (204, b"")


def test_no_picture_yet(show: Show) -> None:
    """Before the first picture there is a reason instead."""
    with show(with_pictures=False) as shown:
        status, body, _ = shown.ask("/snapshot.jpg")
        assert (status, body) == (503, b"no frame yet\n")


def test_stream(shown: Shown) -> None:
    """Pictures one after the other; they change as the source does."""
    with shown.following("/stream.mjpg") as answer:
        assert answer.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=frame"
        assert color_of(read_part(answer)) == RED
        shown.source.color = GREEN
        until(lambda: color_of(read_part(answer)) == GREEN)


def test_pace(show: Show) -> None:
    """No more pictures a second than asked for, though the source has thirty."""
    with show(fps=4) as shown, shown.following("/stream.mjpg") as answer:
        read_part(answer)
        begun = time.monotonic()
        for _ in range(4):
            read_part(answer)
        # Four beats; the first part may have come late in its own.
        assert time.monotonic() - begun > 0.7


def test_pace_of_one_who_asks_anew(show: Show) -> None:
    """Nor for the page, which asks for each picture when it has shown the one before."""
    with show(fps=4) as shown:
        serial, begun = "0", time.monotonic()
        for _ in range(5):
            serial = shown.ask(f"/snapshot.jpg?after={serial}")[2]["Frame-Serial"]
            time.sleep(0.05)
        assert time.monotonic() - begun > 0.7


def test_a_stream_goes_on_where_the_source_does_not(shown: Shown) -> None:
    """The last picture is sent again, so that a viewer knows the line from a standing picture."""
    with shown.following("/stream.mjpg") as answer:
        shown.source.color = None
        seen = shown.loop.meter.frames
        for _ in range(3):
            assert read_part(answer)
        assert shown.loop.meter.frames - seen < 3


def test_events(shown: Shown) -> None:
    """Bars in the model's order, the decision, what came before it, and the figures."""
    with shown.following("/events") as answer:
        assert answer.headers["Content-Type"] == "text/event-stream"
        first = read_event(answer)
        shown.source.color = BLUE
        until(lambda: read_event(answer)["frame"]["label"] == "blue")
        event = read_event(answer)
    assert first["frame"]["label"] == "red"
    assert [name for name, _ in event["frame"]["bars"]] == ["red", "green", "blue"]
    assert [share > 0.9 for _, share in event["frame"]["bars"]] == [False, False, True]
    assert [each["label"] for each in event["decisions"]] == ["blue", "red"]
    assert event["decisions"][0]["ago"] <= event["decisions"][1]["ago"]
    assert event["problem"] is None
    figures = event["figures"]
    assert figures["frames"] > 0
    assert set(figures["latency"]) == {"p50", "p90", "p99"}
    assert figures["temperature"] == 51.5
    assert figures["throttled"] == ["under-voltage"]
    assert figures["source"]["counts"]["dropped"] == 3
    assert len(figures["model"]["sha256"]) == 64


def test_events_of_a_failed_frame(shown: Shown) -> None:
    """Its reason is told, and no bars."""
    shown.source.color = PermanentError("corrupt", "half a frame")
    with shown.following("/events") as answer:
        frame = until(lambda: (now := read_event(answer)["frame"])["error"] and now)
    assert frame["error"] == "corrupt: half a frame"
    assert frame["bars"] == []


def test_encoded_once_for_all_and_for_nobody(show: Show, encoded: list[int]) -> None:
    """Six viewers cost as many JPEGs as one; without any, none is made."""
    with show(fps=10) as shown:
        until(lambda: shown.loop.meter.frames > 5)
        assert not encoded
        got: list[bytes] = []

        def look() -> None:
            with shown.following("/stream.mjpg") as answer:
                got.extend(read_part(answer) for _ in range(10))

        viewers = [threading.Thread(target=look) for _ in range(6)]
        for viewer in viewers:
            viewer.start()
        for viewer in viewers:
            viewer.join()
        assert len(got) == 60
        # They do not begin and end in one beat; a JPEG for each would be sixty.
        assert len(encoded) < 40
