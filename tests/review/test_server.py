"""The command as a process, asked over HTTP: by its page, by others, by two windows, killed between."""

from __future__ import annotations

import json
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from litescore import review_commands
from litescore.errors import ConfigurationError, UsageError
from litescore.lock import held_if_free
from tests.review.conftest import Kept, reviewing, serving


def command(*words: object) -> None:
    """`litescore review WORDS...` in this process, its errors as they are raised."""
    review_commands.review.main([str(word) for word in words], standalone_mode=False)


def test_decided_killed_and_gone_on_with(kept: Kept, capsys: pytest.CaptureFixture[str]) -> None:
    """Decisions are on disk when the answer comes: after SIGKILL the next start goes on behind them
    and undoes the last; SIGTERM ends it with the summary; --summary tells it again.
    """
    with reviewing(kept.folder) as review:
        assert any(f"into {kept.out}" in line for line in review.told)
        status, state = review.ask("/state")
        assert status == 200
        assert [one["id"] for one in state["items"]] == kept.ids
        assert state["labels"] == ["blue", "green", "red"]
        assert state["items"][0]["rules"] == ["least-sure:0.6"]
        assert review.decide(kept.ids[0], "red") == 200
        assert review.decide(kept.ids[1], "blue") == 200
        os.kill(review.child.pid, signal.SIGKILL)
    assert kept.files() == {"red": [kept.ids[0]], "blue": [kept.ids[1]]}
    with reviewing(kept.folder) as review:
        _, state = review.ask("/state")
        assert (state["done"], state["left"], state["undo"]) == (2, 4, "2")
        assert review.ask("/undo", {"undo": "2"})[1]["left"] == 5
        assert review.ask("/reject", {"id": kept.ids[1]})[0] == 200
        review.child.send_signal(signal.SIGTERM)
        out, _ = review.child.communicate(timeout=60)
        assert review.child.returncode == 0
        assert "2 decided: 1 confirmed, 0 corrected, 1 thrown away; 4 to go" in out
    assert kept.files() == {"red": [kept.ids[0]]}
    command(kept.folder, "--summary", "--json")
    assert json.loads(capsys.readouterr().out)["rejected"] == 1


def test_only_for_its_own_page(kept: Kept) -> None:
    """By another name, from another origin, as a form and by other methods nothing is told and
    nothing is decided; what is asked for is bounded.
    """
    with serving(kept) as review:
        words = {"id": kept.ids[0], "label": "red"}
        port = review.port
        assert review.ask("/state", Host=f"evil.example:{port}")[0] == 403
        assert review.ask(f"/picture/{kept.ids[0]}", Host="evil.example")[0] == 403
        for headers in (
            {"Host": f"evil.example:{port}"},
            {"Origin": "http://evil.example"},
            {"Origin": "null"},
            {"Content_Type": "text/plain"},
            {"Content_Type": "application/x-www-form-urlencoded"},
            {"Sec_Fetch_Site": "cross-site"},
        ):
            status, answer = review.ask("/decide", words, **headers)
            assert (status, kept.ids[0].encode() in answer) == (403, False), headers
        for method in ("PUT", "DELETE", "OPTIONS"):
            assert review.ask("/decide", words, method=method)[0] == 405
        assert review.ask("/decide", {"label": "x" * 5000})[0] == 400
        assert review.ask("/decide", [1])[0] == 400
        for wrong in ({}, {"id": 7, "label": "red"}, {"id": kept.ids[0], "label": None}):
            assert review.ask("/decide", wrong)[0] == 422
        status, state = review.ask("/decide", words | {"label": "../../x", "new": True})
        assert status == 422
        assert "--allow-new-labels" in state["problem"]
        assert review.ask("/nosuch", {})[0] == 404
        assert review.ask("/picture/../../etc/passwd")[0] == 404
        assert review.ask("/state")[1]["left"] == 6
        assert kept.files() == {}
        assert review.ask("/decide", words, Origin=f"http://127.0.0.1:{port}")[0] == 200
        status, page = review.ask("/")
        assert status == 200
        assert b"http://" not in page
        assert b"https://" not in page


def test_windows_at_once(kept: Kept) -> None:
    """Of two windows that decide on one picture one is told that it comes too late, with what is
    next; nothing is logged twice.
    """
    with serving(kept) as review:
        for id_ in kept.ids:
            labels = ("red", "blue", "green")
            with ThreadPoolExecutor(3) as windows:
                found = sorted(windows.map(review.decide, (id_,) * 3, labels))
            assert found == [200, 409, 409]
        status, state = review.ask("/decide", {"id": kept.ids[0], "label": "nosuch"})
        assert status == 409
        assert "already" in state["problem"]
        assert (state["done"], state["left"], state["items"]) == (6, 0, [])
        assert state["summary"][0].startswith("6 decided")
        assert review.ask("/undo", {"undo": "1"})[0] == 409
    lines = (kept.out / "decisions.jsonl").read_text().splitlines()
    assert len(lines) == 6
    assert sum(map(len, kept.files().values())) == 6


def test_a_second_review_of_the_same(kept: Kept) -> None:
    """Two processes would each hold half the truth: the second is refused."""
    kept.out.mkdir()
    with (
        held_if_free(kept.out / ".lock"),
        pytest.raises(ConfigurationError, match="another review"),
    ):
        command(kept.folder)


def test_pictures(kept: Kept) -> None:
    """A picture is told as one that a browser shows; a broken one with why, and may be thrown away."""
    below = kept.folder / "dt=2026-11-29" / "0123456789ab"
    (below / f"{kept.ids[0]}.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    with serving(kept) as review:
        assert review.ask(f"/picture/{kept.ids[1]}")[1][:4] == b"\x89PNG"
        status, answer = review.ask(f"/picture/{kept.ids[0]}")
        assert (status, answer.startswith(b"corrupt: ")) == (422, True)
        assert review.ask("/reject", {"id": kept.ids[0]})[0] == 200
        (below / f"{kept.ids[1]}.png").unlink()
        status, state = review.ask("/decide", {"id": kept.ids[1], "label": "red"})
        assert status == 424
        assert "gone" in state["problem"]
        assert state["left"] == 5


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("KEPT --to KEPT/in", "neither inside of"),
        ("KEPT --to KEPT", "neither inside of"),
        ("KEPT --to KEPT/..", "neither inside of"),
        ("s3://bucket/kept/", "--to"),
        ("s3://bucket/kept/ --to OUT --move", "--move goes with a folder"),
        ("KEPT --port 1 --bind 127.0.0.1:1", "give one of them"),
        ("KEPT --labels a --model b", "give one of them"),
        ("KEPT --bind nowhere", "--bind nowhere: an IP address and a port"),
        ("KEPT --bind 0.0.0.0:0", "LITESCORE_REVIEW_TOKEN"),
        ("KEPT --summary --to OUT", "nothing of"),
    ],
)
def test_words_that_cannot_be(kept: Kept, tmp_path: Path, words: str, told: str) -> None:
    """What does not go together is refused in one line that names it."""
    words = words.replace("KEPT", str(kept.folder)).replace("OUT", str(tmp_path / "other"))
    with pytest.raises(UsageError, match=told):
        command(*words.split())
    assert kept.files() == {}


def test_a_port_in_use(kept: Kept) -> None:
    """It is named, with what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=rf"--port 127.0.0.1:{port}: .* is in use"):
            command(kept.folder, "--port", port)


def test_a_token(kept: Kept) -> None:
    """Where a token is set, nobody is answered without it, whatever name they ask by."""
    with serving(kept, token="correct-horse-battery") as review:
        assert review.ask("/state")[0] == 401
        assert review.ask("/decide", {"id": kept.ids[0], "label": "red"})[0] == 403
        bearer = {"Authorization": "Bearer correct-horse-battery"}
        assert review.ask("/state", Host="pi.local", **bearer)[0] == 200
        assert review.ask("/?token=correct-horse-battery")[0] == 303
