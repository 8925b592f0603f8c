"""`litescore edge run --mqtt` as a process, with a broker and without."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from litescore import image
from tests.edge.conftest import BLUE, GREEN, RED, plain
from tests.rig.broker import Broker, Listener
from tests.rig.process import HOST
from tests.rig.waiting import wait_until


def test_run(color_model: Path, tmp_path: Path) -> None:
    """Without the broker a run ends well and says that it waits; the next one delivers all, shows up
    in Home Assistant, and takes its leave.
    """
    colors = tmp_path / "colors"
    colors.mkdir()
    for number, color in enumerate((RED, BLUE, GREEN)):
        (colors / f"{number}.png").write_bytes(image.encode_png(plain(color)))
    broker = Broker(tmp_path / "broker")
    words = ["--model", color_model, "--source", colors, "--state", tmp_path / "state"]
    words += ["--mqtt", f"mqtt://{HOST}:{broker.port}", "--mqtt-topic", "home/door"]

    def run() -> str:
        command = [sys.executable, "-m", "edge", "run", *map(str, words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        return done.stderr

    run()
    with broker.running(), Listener(broker, "home/door/+", "homeassistant/#") as listener:
        run()
        events = [json.loads(body) for body in listener.of("home/door/event")]
        wait_until(lambda: len(listener.of("home/door/event")) == 6)
        events = [json.loads(body) for body in listener.of("home/door/event")]
        assert [one["label"] for one in events] == ["red", "blue", "green"] * 2
        assert len({one["id"] for one in events}) == 3
        wait_until(lambda: listener.of("home/door/availability") == [b"online", b"offline"])
        (known,) = (body for topic, body, _ in listener.messages if topic.endswith("/config"))
        label = json.loads(known)["components"]["label"]
        assert label["options"] == ["red", "green", "blue", "unknown"]
