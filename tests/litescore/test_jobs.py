"""`litescore score --jobs`: the same records from several processes, and what happens when one ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from litescore import output, results
from tests.litescore.conftest import LABELS, Say, picture_bytes
from tests.litescore.packed import zip_of


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Two hundred pictures in class folders, a bad one, and a shard of ten."""
    for number in range(200):
        folder = tmp_path / "in" / LABELS[number % 3]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:03}.png").write_bytes(picture_bytes(number))
    (tmp_path / "in" / "bad.png").write_bytes(b"bad")
    files = {f"ant/{n}.png": picture_bytes(n) for n in range(10)}
    (tmp_path / "in" / "s.zip").write_bytes(zip_of(files))
    return tmp_path / "in"


def test_the_same_records_from_two_processes(
    small_model: Path, many: Path, tmp_path: Path, say: Say
) -> None:
    """Each image once, with the same answer, count and accuracy; a second run skips all of them."""
    found = {}
    for jobs in ("1", "2"):
        words = ("score", many, "--model", small_model, "--out", tmp_path / jobs, "--evaluate",
                 "--jobs", jobs)  # fmt: skip
        said = say(*words, "--json")
        told = json.loads(said.out)
        assert (said.code, told["scored"], told["failed"]) == (1, 210, 1)
        records = sorted(results.read(tmp_path / jobs), key=lambda r: (r.source, r.member or ""))
        found[jobs] = ([(r.id, r.status, r.top) for r in records], told["confusion"])
    assert len(found["1"][0]) == 211
    assert found["1"] == found["2"]
    again = say(*words)
    assert again.out.startswith("0 scored, 0 failed, 211 done before")


def test_processes_need_a_place(small_model: Path, many: Path, say: Say) -> None:
    """Lines of several processes would mix on standard output."""
    said = say("score", many, "--model", small_model, "--jobs", "2")
    assert (said.code, said.refusal()) == (
        2, "--jobs needs --out: each process writes its own records",
    )  # fmt: skip


def test_an_error_of_one_process_is_the_commands(
    small_model: Path, many: Path, tmp_path: Path, say: Say
) -> None:
    """One line, and no process stays behind."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "dt=1970-01-01").write_text("a file where a folder must be")
    for path in many.rglob("*"):
        if path.is_file():
            os.utime(path, (0, 0))
    said = say("score", many, "--model", small_model, "--out", tmp_path / "out", "--jobs", "2")
    assert said.code == 3
    assert "dt=1970-01-01" in said.refusal()


def _scoring(model: Path, many: Path, out: Path) -> subprocess.Popen[str]:
    """The command at work on a list that takes it long, its processes begun."""
    manifest = many.parent / "list.jsonl"
    line = "".join(f"{json.dumps({'source': str(path)})}\n" for path in sorted(many.glob("*/*")))
    manifest.write_text(line * 2000)
    words = ["score", f"@{manifest}", "--model", str(model), "--out", str(out), "--jobs", "2"]
    command = [sys.executable, "-m", "litescore", *words]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    while len(_workers(child)) < 2 or min(p.cpu_times().user for p in _workers(child)) < 0.7:
        assert child.poll() is None
        time.sleep(0.05)
    return child


def _workers(child: subprocess.Popen[str]) -> list[psutil.Process]:
    """The processes that score; one more keeps count of what they share."""
    children = psutil.Process(child.pid).children()
    return [one for one in children if "spawn_main" in " ".join(one.cmdline())]


def test_a_killed_process_ends_the_run_with_what_to_do(
    small_model: Path, many: Path, tmp_path: Path
) -> None:
    """Not a hang: the others end too, and the line says how to go on."""
    with _scoring(small_model, many, tmp_path / "out") as child:
        workers = _workers(child)
        workers[0].kill()
        _, err = child.communicate(timeout=60)
        assert (child.returncode, "fewer --jobs" in err) == (3, True)
        assert not [one for one in workers if one.is_running() and one.status() != "zombie"]


def test_ctrl_c_keeps_what_is_done(small_model: Path, many: Path, tmp_path: Path) -> None:
    """All processes hear it; the records so far are written, whole, and two lines say so."""
    with _scoring(small_model, many, tmp_path / "out") as child:
        os.killpg(child.pid, signal.SIGINT)
        _, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "stopped" in err
    assert f"what is scored by now is in {tmp_path / 'out'}; the same command goes on" in err
    assert len(list(results.read(tmp_path / "out"))) == 200
    assert all(path.stat().st_size for path in (tmp_path / "out").rglob("*.gz"))
    assert output.MOST_RECORDS > 200
