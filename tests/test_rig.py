"""The rig itself: what the other tests lean on does what it says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.rig.cache import cached
from tests.rig.locked import closure, pins
from tests.rig.needs import needs
from tests.rig.once import once
from tests.rig.process import HOST, StartError, free_ports, listens, running

HANDLER = """
import os, time

def handler(event, context):
    time.sleep(event.get("sleep", 0))
    if "raise" in event:
        raise ValueError(event["raise"])
    if "exit" in event:
        os._exit(event["exit"])
    return {"event": event, "variable": os.environ.get("VARIABLE"), "home": os.environ.get("HOME"),
            "memory": context.memory_limit_in_mb}
"""


def test_emulator_behaves_as_lambda_does(emulator: Any, tmp_path: Path) -> None:
    """An answer, an exception, a timeout and a crash look as AWS has them, and it goes on after."""
    (tmp_path / "trivial.py").write_text(HANDLER)
    settings = {"handler": "trivial.handler", "timeout": 1, "memory": 512}
    with emulator(environ={"VARIABLE": "seen"}, **settings) as function:
        status, answer = function.invoke({"n": 1})
        assert (status, answer["event"]) == (200, {"n": 1})
        assert (answer["variable"], answer["home"], answer["memory"]) == ("seen", None, "512")
        assert function.invoke({"raise": "no"})[1]["errorType"] == "ValueError"
        assert function.invoke({"sleep": 3}) == (200, "Task timed out after 1.00 seconds")
        assert function.invoke({"exit": 3})[0] == 502
        assert function.invoke({"n": 2})[1]["event"] == {"n": 2}
        assert "INIT REPORT" in function.log.read_text()


FAMILY = """
import os, subprocess, sys, time
nap = "import time; time.sleep(60)"
subprocess.Popen([sys.executable, "-c", nap], process_group=0)  # as the emulator's runtime is
print("started", flush=True)
time.sleep(60)
"""


@pytest.fixture
def family(tmp_path: Path) -> list[str | Path]:
    """A command that starts a grandchild in a process group of its own."""
    script = tmp_path / "family.py"
    script.write_text(FAMILY)
    return [sys.executable, script]


def test_a_server_ends_with_its_block(family: list[str | Path], tmp_path: Path) -> None:
    """Leaving the block ends the command and what it started, also in other process groups."""
    log = tmp_path / "log"
    with running(family, log=log, ready=lambda: b"started" in log.read_bytes()) as child:
        members = psutil.Process(child.pid).children(recursive=True)
        assert len(members) == 2
    assert not psutil.wait_procs(members, timeout=10)[1]


def test_a_server_ends_with_a_killed_test_run(family: list[str | Path], tmp_path: Path) -> None:
    """SIGKILL to the process that holds a server leaves nothing of it alive."""
    log = tmp_path / "log"
    holder = textwrap.dedent(f"""
        import time
        from pathlib import Path
        from tests.rig.process import running
        log = Path({str(log)!r})
        with running({[str(word) for word in family]!r}, log=log,
                     ready=lambda: b"started" in log.read_bytes()):
            print("ready", flush=True)
            time.sleep(60)
    """)
    root = Path(__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, "-c", holder], stdout=subprocess.PIPE, cwd=root
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        members = psutil.Process(process.pid).children(recursive=True)
        assert len(members) == 3  # the guard, the command, what the command started
        os.kill(process.pid, signal.SIGKILL)
    assert not psutil.wait_procs(members, timeout=10)[1]


def test_a_server_that_fails_says_why(tmp_path: Path) -> None:
    """A command that exits before it is ready raises at once, with the end of its log."""
    began = time.monotonic()
    with (
        pytest.raises(StartError, match=r"exited with 3: no disk"),
        running(
            [sys.executable, "-c", "print('no disk'); raise SystemExit(3)"],
            log=tmp_path / "log",
            ready=lambda: False,
        ),
    ):
        pass
    assert time.monotonic() - began < 30


def test_free_ports_are_free_and_different() -> None:
    """Nothing listens on them, and none comes twice."""
    ports = free_ports(20)
    assert len(set(ports)) == 20
    assert not any(listens(port) for port in ports)
    assert HOST == "127.0.0.1"


def test_cache_is_filled_once_and_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A making that fails leaves nothing; one that works is not repeated."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    calls = []

    def make(folder: Path) -> None:
        calls.append(folder)
        (folder / "half").touch()
        if len(calls) == 1:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        cached("thing-1", make)
    assert not list((tmp_path / "litescore").iterdir())
    assert cached("thing-1", make) == cached("thing-1", make)
    assert len(calls) == 2


def test_two_at_once_make_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second waits for the first one's, as the processes of a test run do."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    calls = []

    def make(folder: Path) -> None:
        calls.append(folder)
        time.sleep(0.3)

    with ThreadPoolExecutor(2) as pool:
        places = list(pool.map(lambda _: cached("thing-1", make), range(2)))
    assert places == [tmp_path / "litescore" / "thing-1"] * 2
    assert len(calls) == 1
    assert [path.name for path in (tmp_path / "litescore").iterdir()] == ["thing-1"]


def test_once_for_all_processes_of_a_run(tmp_path_factory: pytest.TempPathFactory) -> None:
    """What failed is made anew without its remains; what was made is there for whoever asks next."""
    calls = []

    def make(folder: Path) -> tuple[int, Path]:
        assert not list(folder.iterdir())
        (folder / "half").touch()
        calls.append(folder)
        if len(calls) == 1:
            raise OSError("disk full")
        return len(calls), folder

    with pytest.raises(OSError, match="disk full"):
        once(tmp_path_factory, "thing", make)
    with ThreadPoolExecutor(3) as pool:
        found = set(pool.map(lambda _: once(tmp_path_factory, "thing", make), range(3)))
    assert found == {(2, calls[0])}


def test_a_missing_tool_skips_a_users_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason names the tool and how to get it."""
    monkeypatch.setenv("CI", "")
    needs("sh")
    with pytest.raises(pytest.skip.Exception, match="no-such-tool: `make tools`"):
        needs("sh", "no-such-tool")


def test_a_missing_tool_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """With CI=true nothing is skipped for a tool."""
    monkeypatch.setenv("CI", "true")
    needs("sh")
    with pytest.raises(pytest.fail.Exception, match="no-such-tool"):
        needs("no-such-tool")


def test_the_lock_is_read_for_another_python() -> None:
    """Markers are evaluated for the Python asked for, and what a role needs is closed over."""
    old, new = pins("3.11"), pins("3.13")
    assert old["numpy"].startswith("numpy==1.")
    assert new["numpy"].startswith("numpy==2.")
    assert " --hash=sha256:" in new["numpy"]
    edge = closure("litescore", ("edge",), "3.13")
    assert {"ai-edge-litert", "backports-strenum"} <= edge
    assert not edge & {"tflite-runtime", "tensorflow", "pytest"}
