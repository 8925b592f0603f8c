"""Publishers at once, as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from litescore.releases import keys
from litescore.releases.shelf import Shelf
from tests.releases.conftest import make_model
from tests.rig.seaweed import S3

_COUNT = 3


def test_two_processes_cannot_both_win(
    shelf: Shelf, key_file: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Of three that publish at once each turn is one's own, none is lost, and who was slower is told so
    and has changed nothing.
    """
    environ = dict(os.environ)
    if shelf.root.startswith("s3:"):
        server: S3 = request.getfixturevalue("s3")
        environ |= server.environ
    children = []
    for number in range(_COUNT):
        path = tmp_path / f"{number}.tflite"
        path.write_bytes(make_model(number))
        words = ["publish", path, shelf.root, "--key", key_file, "--note", f"publisher {number}"]
        command = [sys.executable, "-m", "litescore", *map(str, words)]
        children.append(
            subprocess.Popen(
                command, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
            )
        )
    ends = [(child.communicate(timeout=120), child.returncode) for child in children]
    won = {f"publisher {number}" for number, (_, code) in enumerate(ends) if code == 0}
    held = shelf.read_channel("stable", (keys.read_private(key_file).public,))
    assert held is not None
    assert {turn.note for turn in held.channel.turns} == won
    assert [turn.number for turn in held.channel.turns] == list(range(1, len(won) + 1))
    for (_, errors), code in ends:
        if code != 0:
            assert "another publisher moved" in errors or "is older than" in errors, errors
            assert code == 3
