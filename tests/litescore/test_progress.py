"""The bar of `litescore score`, on a real terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.litescore.conftest import picture_bytes
from tests.litescore.packed import zip_of


def _on_a_terminal(*words: str | Path) -> str:
    """What the command wrote to standard error, which is a terminal."""
    ours, its = pty.openpty()
    command = [sys.executable, "-m", "litescore", *map(str, words)]
    with subprocess.Popen(command, stderr=its, stdout=subprocess.DEVNULL) as child:
        os.close(its)
        said = b""
        while True:
            try:
                said += os.read(ours, 65536)
            except OSError:  # how a terminal tells that its other end is closed
                break
        assert child.wait() == 1
    os.close(ours)
    return said.decode()


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_folder_has_an_end(small_model: Path, tmp_path: Path, jobs: str) -> None:
    """Images of how many, images a second, failures and the time left; the line goes at the end."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "0.png").write_bytes(b"bad")
    for number in range(1, 2000):
        (folder / f"{number}.png").write_bytes(picture_bytes(number % 7))
    said = _on_a_terminal(
        "score", folder, "--model", small_model, "--out", tmp_path / "out", "--jobs", jobs
    )
    assert "/2000 " in said
    assert "/s, 1 failed, 0:00:0" in said
    assert said.endswith("\x1b[K\x1b[?25h")


def test_with_shards_it_has_none(small_model: Path, tmp_path: Path) -> None:
    """How many images are in them only reading tells."""
    path = tmp_path / "s.zip"
    path.write_bytes(
        zip_of({f"{n}.png": picture_bytes(n % 7) for n in range(500)} | {"b.png": b""})
    )
    said = _on_a_terminal("score", path, "--model", small_model, "--out", tmp_path / "out")
    assert "/s, 0 failed" in said
    assert "%" not in said
