"""ministack's own environment and server, for real; the environment is made once a machine."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest

from infra.local import ministack
from infra.local.cloud import LocalCloud
from litescore.errors import ConfigurationError


def test_an_environment_that_is_there_is_taken() -> None:
    """Nothing is said and nothing made the second time."""
    python = ministack.environment()
    said: list[str] = []
    assert ministack.environment(said.append) == python
    assert said == []


def test_an_install_that_fails_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line with pip's reason, and no half of an environment to be taken next time."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    said: list[str] = []
    with pytest.raises(ConfigurationError, match="cannot install ministack") as caught:
        ministack.environment(said.append)
    assert "\n" not in str(caught.value)
    assert said
    assert list((tmp_path / "litescore").iterdir()) == []


def test_an_environment_of_a_quicker_process_stays(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its server runs on it by now: it is not made anew under it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    home = tmp_path / "litescore" / "ministack"

    def quicker(words: list[str | Path], log: Path) -> None:
        for place in (Path(words[-1]), home) if "venv" in words else ():
            (place / "bin").mkdir(parents=True, exist_ok=True)
            (place / "bin" / "python").touch()
            (place / "bin" / f"of-{place.name}").touch()

    monkeypatch.setattr(ministack, "_run", quicker)
    monkeypatch.setattr(ministack, "_pip", list)
    ministack._make_environment(home)
    assert (home / "bin" / "of-ministack").exists()


def test_the_lock_pins_the_version_that_is_told() -> None:
    """What the folder's name says is what is in it."""
    assert f"ministack=={ministack.VERSION} " in ministack.LOCK.read_text()


def test_it_listens_on_loopback_only(cloud: LocalCloud) -> None:
    """By default ministack binds every interface."""
    program = psutil.Process(cloud.server.program.pid)
    listening = [c for c in program.net_connections() if c.status == psutil.CONN_LISTEN]
    assert listening
    assert {connection.laddr.ip for connection in listening} == {"127.0.0.1"}


def test_a_server_that_does_not_start_is_one_line(tmp_path: Path) -> None:
    """A Python without ministack, in place of a broken environment."""
    with (
        pytest.raises(ConfigurationError, match=r"does not start: .*No module named") as caught,
        ministack.running(Path(sys.executable), tmp_path),
    ):
        pass
    assert "\n" not in str(caught.value)
