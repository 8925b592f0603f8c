"""Train, export and score without what only Linux has.

The modules and calls that Windows lacks are hidden from a process on this system, but for `fcntl`,
in whose place the cache's lock takes `msvcrt` there. It shows that none of them is needed on the
way; processes that the commands start have all of it. It does not show that TensorFlow's wheels,
paths with a drive letter or a console of another system behave.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.rig.pngs import Pngs
from tests.trainer.pictures import write_idx_set

_HIDDEN = """
import os, signal, sys
for name in ("resource", "pwd", "grp", "termios", "tty", "pty", "syslog"):
    sys.modules[name] = None
for name in ("sysconf", "fork", "forkpty", "memfd_create", "sched_getaffinity", "fchmod", "geteuid",
             "getuid", "mkfifo", "killpg", "getloadavg"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", "SIGKILL", "SIGQUIT", "SIGCHLD", "SIGPIPE",
             "alarm", "setitimer", "pthread_sigmask", "pthread_kill", "sigwait"):
    if hasattr(signal, name):
        delattr(signal, name)
"""

_COMMAND = """
from litescore.cli import run, litescore
run(litescore, sys.argv[1:])
"""

# The lock's module takes `fcntl` first; no other one may.
_EVERY_MODULE = """
import importlib, pkgutil
import litescore.lock
sys.modules["fcntl"] = None
count = 0
for name in ("litescore", "trainer", "export"):
    package = importlib.import_module(name)
    for found in pkgutil.walk_packages(package.__path__, name + "."):
        if not found.name.endswith("__main__"):
            importlib.import_module(found.name)
            count += 1
print(count)
"""


def hidden(*words: str | Path) -> str:
    """What the command says where all that is hidden."""
    return _said(_COMMAND, *words)


def _said(program: str, *words: str | Path) -> str:
    command = [sys.executable, "-c", _HIDDEN + program, *map(str, words)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_nothing_of_linux_is_needed(tmp_path: Path, pngs: Pngs) -> None:
    """From images to a record: `train`, `export` and `score`."""
    data, run, model = write_idx_set(tmp_path / "data"), tmp_path / "run", tmp_path / "m.tflite"
    hidden("train", "--data", data, "--model", "mlp", "--epochs", "2", "--out", run, "--quiet")
    hidden("export", run, "--quantize", "f32", "--max-drop", "100", "--out", model)
    assert '"status": "scored"' in hidden("score", pngs.paths[0], "--model", model).replace(
        '":"', '": "'
    )


def test_every_module_loads() -> None:
    """Those too that `train`, `export` and `score` do not come to: `audit`, `bench`, `record`.

    It shows what happens at their import; what their functions call is not run.
    """
    assert int(_said(_EVERY_MODULE)) > 100
