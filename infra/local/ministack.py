"""ministack (PyPI, MIT): an AWS in one process, without Docker. Its environment and its server.

It pins botocore, so it lives in a virtual environment of its own under the cache folder, made on
first use from the versions in `ministack.txt`. Knows nothing of our template or function.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import socket
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra import cache
from infra.processes import Program
from litescore.errors import ConfigurationError

VERSION = "1.5.33"
LOCK = Path(__file__).with_name("ministack.txt")
REGION = "us-east-1"
# What ministack takes for the root user of its one account.
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}

_PIP_OPTIONS = ("--quiet", "--disable-pip-version-check", "--require-hashes", "-r", str(LOCK))
_READY_SECONDS = 60
_TRIES = 3
# What a kept cloud is written within, once it is asked to end; measured: 0.5 s.
_SAVE_SECONDS = 60

# What there is in a server's folder.
STATE, OBJECTS, LOG = "state", "s3", "ministack.log"


@dataclass(frozen=True)
class Server:
    """A running ministack: where it answers, and the program, whose output is its log."""

    endpoint: str
    program: Program


def environment(say: Callable[[str], None] = lambda _: None) -> Path:
    """The Python of ministack's environment; `say` is told when it has to be made.

    Raises ConfigurationError with pip's last line when that fails.
    """
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:8]

    def make(folder: Path) -> None:
        say(f"installing ministack {VERSION} into {cache.folder()}, once")
        _make_environment(folder)

    name = f"ministack-{VERSION}-python{platform.python_version()}-{digest}"
    return cache.cached(name, make) / "bin" / "python"


@contextmanager
def running(
    python: Path, folder: Path, *, port: int = 0, scratch: Path | None = None
) -> Iterator[Server]:
    """ministack on a port of 127.0.0.1, ready; stopped with all its functions afterwards.

    `folder` takes its log, objects and state. With `scratch`, which then takes the functions'
    files, it is kept: ministack begins with the state that is there and writes it at the end.
    Permissions are enforced: a function may do what its role allows, as on AWS. Port 0 is any that
    is free. Raises ConfigurationError when it does not become ready or the port is in use.
    """
    kept = scratch is not None
    if port and not is_free(port):
        raise ConfigurationError(f"port {port} of 127.0.0.1 is in use: name another with --port")
    for _ in range(1 if port else _TRIES):
        chosen = port or free_port()
        environ = _environ(folder, chosen, scratch or folder / "tmp", kept)
        words = (str(python), "-m", "ministack")
        with Program(words, log=folder / LOG, environ=environ) as program:
            endpoint = f"http://127.0.0.1:{chosen}"
            if _becomes_ready(program, endpoint):
                try:
                    yield Server(endpoint, program)
                finally:
                    # One that is not kept holds nothing that is worth waiting for.
                    program.stop(grace=_SAVE_SECONDS if kept else 0.5)
                return
        # Most likely another program took the port since we saw it free.
        last = program.tail(1)
    raise ConfigurationError(f"ministack {VERSION} does not start: {last or 'no output'}")


def _make_environment(folder: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        log = Path(scratch) / "log"
        # Without ensurepip, which Debian splits off: the pip at hand installs into it.
        _run([sys.executable, "-m", "venv", "--without-pip", folder], log)
        _run([*_pip(), "--python", folder / "bin" / "python", "install", *_PIP_OPTIONS], log)


def _pip() -> list[str]:
    if importlib.util.find_spec("pip") is None:
        raise ConfigurationError(
            f"pip is needed to install ministack and {sys.executable} has none: "
            "run `python -m ensurepip`, or install litescore with pip"
        )
    return [sys.executable, "-m", "pip"]


def _run(words: list[str | Path], log: Path) -> None:
    with Program(words, log=log) as program:
        if program.wait() != 0:
            reason = program.tail(1).removeprefix("ERROR:").strip()
            raise ConfigurationError(
                f"cannot install ministack {VERSION}: {reason}; its first start needs a package index"
            )


def _environ(folder: Path, port: int, temporary: Path, kept: bool) -> dict[str, str]:
    """All that the server and, through it, the functions see: nothing of ours may reach them."""
    temporary.mkdir(exist_ok=True)
    return CREDENTIALS | {
        "PATH": os.defpath,
        "HOME": str(temporary),
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "MINISTACK_REGION": REGION,
        "STATE_DIR": str(folder / STATE),
        "S3_DATA_DIR": str(folder / OBJECTS),
        "PERSIST_STATE": str(int(kept)),
        "S3_PERSIST": str(int(kept)),
        "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
        "LAMBDA_EXECUTOR": "local",
        "AUTH": "true",
        # Listeners that would bind fixed ports.
        "SFTP_ENABLED": "0",
        "IOT_MTLS_ENABLED": "0",
    }


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on, now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_free(port: int) -> bool:
    """Whether somebody could listen on it now; not a port below 1024 that is root's."""
    with socket.socket() as probe:
        # As servers do: what is left of closed connections is in nobody's way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _becomes_ready(program: Program, endpoint: str) -> bool:
    """False when the program ended or did not answer in time."""
    # No proxy of the user's stands between two processes of one machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and program.exit_code is None:
        try:
            with opener.open(f"{endpoint}/_ministack/ready", timeout=5) as answer:
                if b'"completed"' in answer.read():
                    return True
        except OSError:
            pass
        program.wait(0.1)
    return False
