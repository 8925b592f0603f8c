"""`litescore edge run --preview`, as a process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

from litescore import image
from tests.edge.conftest import RED, plain
from tests.edge.preview.conftest import WAIT, color_of, read_part, until

EDGE = [sys.executable, "-m", "edge", "run", "--preview"]


def test_preview_of_a_run(color_model: Path, tmp_path: Path) -> None:
    """It says where to look; SIGTERM ends it, viewers or not, with nothing but its summary."""
    picture = tmp_path / "red.png"
    picture.write_bytes(image.encode_png(plain(RED)))
    words = ["--model", color_model, "--source", picture, "--loop", "--interval", "0.05"]
    words += ["--preview-bind", "127.0.0.1:0", "--out", tmp_path / "out", "--state", tmp_path]
    child = subprocess.Popen([*EDGE, *map(str, words)], bufsize=0, stderr=subprocess.PIPE)
    try:
        assert child.stderr is not None
        line = child.stderr.readline().decode()
        match = re.fullmatch(r"preview: (http://127\.0\.0\.1:\d+/)\n", line)
        assert match, line
        until(lambda: urlopen(f"{match[1]}healthz", timeout=WAIT).read() == b"ok\n")
        with urlopen(f"{match[1]}stream.mjpg", timeout=WAIT) as stream:
            assert color_of(read_part(stream)) == RED
            child.send_signal(signal.SIGTERM)
            rest = child.stderr.read().decode()
            assert child.wait(WAIT) == 0
            until(lambda: not read_part(stream))
    finally:
        child.kill()
        child.wait()
    assert re.fullmatch(r"\d+ frames?, [^\n]+\n", rest)


def test_a_run_that_others_could_look_at(color_model: Path) -> None:
    """Without a token it does not begin: exit code 2, and one line that says what to set."""
    words = ["--model", str(color_model), "--source", "0", "--preview-bind", "0.0.0.0:0"]
    environ = {name: value for name, value in os.environ.items() if "PREVIEW" not in name}
    done = subprocess.run([*EDGE, *words], capture_output=True, text=True, env=environ)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "set LITESCORE_PREVIEW_TOKEN, for example to " in done.stderr
