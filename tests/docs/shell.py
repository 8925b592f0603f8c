"""A page's terminal: a real bash, in which `litescore` and `python` are answered by the test.

What needs TensorFlow runs where that is loaded already; everything else in a process of its own.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.docs.blocks import ROOT, Block
from tests.rig import warm

_SHIM = Path(__file__).with_name("shim.py")
_TENSORFLOW = {"train", "export"}
_SERVING = {"review", "local"}
_PATIENCE = 120.0
# The line of the page, since the script has as many lines above as the page has.
_SCRIPT = """[ -f {state} ] && . {state}; set -e; trap 'export -p > {state}' EXIT; \
trap 'echo "line $LINENO: exit code $?" >&2' ERR\n"""


class PageError(AssertionError):
    """Something in a page does not do what the page says; the message names its line."""


@dataclass
class Shell:
    """`say(block)` runs a block; what it exports stays for the next one.

    folder   where the commands run
    environ  of the commands
    change   words of a `litescore` command -> the words that run in their place
    stops    whether a page that a command serves is left at once, as by Ctrl-C
    """

    folder: Path
    environ: dict[str, str]
    tensorflow: Callable[..., Any]
    change: list[Callable[[list[str]], list[str]]] = field(default_factory=list)
    stops: bool = False

    def say(self, block: Block, commands: str | None = None) -> str:
        """What the commands of a block print to stdout. Raises PageError where one fails."""
        state = self.folder.parent / "exported"
        script = self.folder.parent / "script"
        # The preamble takes one of the empty lines above.
        body = block.padded(commands if commands is not None else block.text)[1:]
        script.write_text(_SCRIPT.format(state=shlex.quote(str(state))) + body)
        done = subprocess.run(
            ["bash", script],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
        )
        if done.returncode:
            raise PageError(f"{block.place}: {done.stderr[-2000:]}{done.stdout[-500:]}")
        return done.stdout

    def done(self, words: list[str]) -> None:
        """`litescore WORDS...` before a page begins."""
        asked = {
            "words": ["litescore", *words],
            "folder": str(self.folder),
            "environ": self.environ,
        }
        said = self.answer(asked)
        assert said.returncode == 0, said.stderr

    def answer(self, asked: dict[str, Any]) -> warm.Said:
        """What one command does, asked for by the shim."""
        program, *words = asked["words"]
        folder, environ = asked["folder"], asked["environ"]
        if program == "python":
            return _process([sys.executable, *words], folder, environ)
        for change in self.change:
            words = change(words)
        if words[0] in _TENSORFLOW:
            return self.tensorflow(litescore_here, words, folder, environ)
        command = [sys.executable, "-m", "litescore", *words]
        served = self.stops and words[0] in _SERVING
        return (_served if served else _process)(command, folder, environ)


def litescore_here(words: list[str], folder: str, environ: Mapping[str, str]) -> warm.Said:
    """`litescore WORDS...` where TensorFlow is loaded: for `tensorflow(litescore_here, ...)`."""
    with _elsewhere(folder, environ):
        return warm.litescore(*words)


def python_here(code: str, name: str, folder: str, environ: Mapping[str, str]) -> str:
    """What a Python example prints where TensorFlow is loaded."""
    import io
    from contextlib import redirect_stdout

    out = io.StringIO()
    with _elsewhere(folder, environ), redirect_stdout(out):
        exec(compile(code, name, "exec"), {})
    return out.getvalue()


@contextmanager
def _elsewhere(folder: str, environ: Mapping[str, str]) -> Iterator[None]:
    """Another working directory and environment, in this process, until the block ends."""
    here, before, path = Path.cwd(), dict(os.environ), list(sys.path)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environ)
    sys.path.insert(0, "")
    try:
        yield
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ.update(before)
        sys.path[:] = path


def _process(command: list[str], folder: str, environ: Mapping[str, str]) -> warm.Said:
    done = subprocess.run(
        command, cwd=folder, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    return warm.Said(done.returncode, done.stdout, done.stderr)


def _served(command: list[str], folder: str, environ: Mapping[str, str]) -> warm.Said:
    """A command that serves: interrupted, as by Ctrl-C, once it has said its address. That it ends is
    what it is asked for, so its exit code is 0 where it ends by that.
    """
    import signal

    child = subprocess.Popen(
        command,
        cwd=folder,
        env={**environ, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert child.stdout is not None
    told = []
    for line in child.stdout:
        told.append(line)
        if re.search(r"https?://127\.0\.0\.1:\d+", line):
            child.send_signal(signal.SIGINT)
    code = child.wait(timeout=_PATIENCE)
    return warm.Said(0 if code in (0, 130) else code, "", "".join(told))


@contextmanager
def shell(folder: Path, tensorflow: Callable[..., Any]) -> Iterator[Shell]:
    """A terminal in `folder`, which is made, until the block ends."""
    folder.mkdir()
    programs = folder.parent / "bin"
    programs.mkdir()
    for name in ("litescore", "python"):
        words = shlex.join([sys.executable, "-I", "-S", str(_SHIM), name])
        (programs / name).write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        (programs / name).chmod(0o755)
    path = os.pathsep.join([str(programs), str(Path(sys.executable).parent), os.environ["PATH"]])
    home = folder.parent / "home"
    home.mkdir()
    environ = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(home)}
    opened = Shell(folder, environ, tensorflow)
    with _answering(opened) as port:
        opened.environ["PAGE_PORT"] = str(port)
        yield opened


@contextmanager
def _answering(opened: Shell) -> Iterator[int]:
    class Asked(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                said = opened.answer(json.loads(self.rfile.readline()))
            except Exception as error:  # noqa: BLE001, it is told to the shell that waits
                said = warm.Said(70, "", f"{type(error).__name__}: {error}\n")
            answer = {"code": said.returncode, "out": said.stdout, "err": said.stderr}
            self.wfile.write(json.dumps(answer).encode() + b"\n")

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Asked) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()
