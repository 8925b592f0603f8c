"""Servers as child processes: free ports, a log, a wait until ready, and an end that is sure."""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

HOST = "127.0.0.1"
_GUARD = Path(__file__).with_name("guard.py")
# Below Linux' ephemeral ports: no outgoing connection can take one before its server does.
_PORTS = range(20_000, 32_000)


class StartError(RuntimeError):
    """A server did not become ready; the message holds the end of its log."""


@contextmanager
def running(
    command: Sequence[str | Path],
    *,
    log: Path,
    ready: Callable[[], bool],
    environ: Mapping[str, str] | None = None,
    folder: Path | None = None,
    patience: float = 60.0,
) -> Iterator[subprocess.Popen[bytes]]:
    """`command` as a child until the block ends; entered once `ready()` says so.

    Its output goes to `log`. It and its descendants are killed at the end of the block, and also
    when this process is killed. Raises StartError when it exits or `patience` seconds pass.
    """
    with log.open("wb") as output:
        child = subprocess.Popen(
            [sys.executable, "-I", "-S", _GUARD, *command],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environ is None else dict(environ),
            cwd=folder,
            start_new_session=True,
        )
    try:
        _wait(child, Path(command[0]).name, ready, log, patience)
        yield child
    finally:
        assert child.stdin is not None
        child.stdin.close()
        child.wait()


def _wait(
    child: subprocess.Popen[bytes], name: str, ready: Callable[[], bool], log: Path, patience: float
) -> None:
    end = time.monotonic() + patience
    while not ready():
        if child.poll() is not None:
            raise StartError(f"{name} exited with {child.returncode}: {_tail(log)}")
        if time.monotonic() > end:
            raise StartError(f"{name} not ready in {patience:g} s: {_tail(log)}")
        time.sleep(0.05)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]


def listens(port: int) -> bool:
    """Whether something accepts connections on the loopback `port`."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def free_ports(count: int) -> list[int]:
    """`count` different loopback ports that nothing listens on."""
    with ExitStack() as probes:
        found: list[int] = []
        for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
            probe = probes.enter_context(socket.socket())
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            found.append(port)
            if len(found) == count:
                return found
    raise StartError(f"no {count} free ports in {_PORTS}")
