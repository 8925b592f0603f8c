"""AWS's own Runtime Interface Emulator, without Docker: one execution environment of Lambda each.

The binary comes out of the wheel `aws-sam-cli`, whose pins would meet ours: the wheel is fetched
into the cache folder and only the binary unpacked. The runtime inside is `awslambdaric`, AWS's own
too, on any Python of this machine. Knows nothing of our function.
"""

from __future__ import annotations

import hashlib
import json
import platform
import re
import socket
import sys
import tempfile
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.cache import cached
from infra.processes import Program
from litescore.errors import ConfigurationError

SAM_CLI = "aws-sam-cli==1.170.0"
# awslambdaric and what it needs, with the hashes of their wheels for each Python.
LOCK = Path(__file__).with_name("emulator.txt")
HANDLER = "lambda_handler.handler"

_SAM_CLI_SHA256 = "24ebaf5ecba38dc1758089968cb89ab61e124b84e92a344fc7a2771a47f4d0bf"
_IN_WHEEL = "samcli/local/rapid/aws-lambda-rie-{}"
_MACHINES = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
_HOST = "127.0.0.1"
_PATH = "/2015-03-31/functions/function/invocations"
_INIT = re.compile(r"INIT REPORT\(durationMs: ([0-9.]+)")
_READY_SECONDS = 30
_TRIES = 3
# Whatever proxy the environment names: the emulator is on loopback.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Runtime:
    """The program that takes events and calls the handler: AWS's, on one Python.

    words    the command, to which the handler's name is added
    environ  what it needs of an environment
    """

    words: tuple[str | Path, ...]
    environ: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Emulator:
    """One execution environment: as on AWS, it takes one event at a time.

    url      where events are posted
    program  whose log holds what the function and the platform wrote: INIT, START, END, REPORT
    """

    url: str
    program: Program

    @property
    def log(self) -> Path:
        """The file of that log."""
        return self.program.log

    @property
    def pid(self) -> int:
        """Of the emulator's process, whose child is the runtime."""
        return self.program.pid

    @property
    def init_milliseconds(self) -> float | None:
        """How long the last start took, from Python's to the handler being ready; None before the
        first event, which sets it off.
        """
        reported = _INIT.findall(self.log.read_text(errors="replace"))
        return float(reported[-1]) if reported else None

    def invoke(self, event: object, *, patience: float = 120.0) -> tuple[int, Any]:
        """Send one event; HTTP status and the answer, parsed where it is JSON, else its text.

        As AWS has it: an exception is 200 with `errorType`, a timeout 200 with a sentence, a
        crash of the runtime 502. `patience` in seconds. Raises OSError when no answer comes.
        """
        request = urllib.request.Request(self.url, json.dumps(event).encode())  # noqa: S310 ours
        try:
            with _DIRECT.open(request, timeout=patience) as response:
                return response.status, _parsed(response.read())
        except urllib.error.HTTPError as error:
            return error.code, _parsed(error.read())


def installed() -> Runtime:
    """The runtime on this process's Python, where the function sees all that is installed."""
    return Runtime((sys.executable, "-m", "awslambdaric"))


def isolated(python: Path, version: str) -> Runtime:
    """The runtime on another Python of this machine, where the function sees nothing else.

    `version` is that Python's, such as "3.13": awslambdaric's wheels for it are fetched once.
    Raises ConfigurationError with pip's last line when that fails.
    """
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()[:8]
    site = cached(
        f"awslambdaric-python{version}-{digest}", lambda folder: _install(folder, python, version)
    )
    # Without `site` nothing that is installed for that Python is importable.
    words = (python, "-S", "-s", "-m", "awslambdaric")
    return Runtime(words, {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"})


@contextmanager
def running(
    task_root: Path,
    *,
    log: Path,
    runtime: Runtime,
    handler: str = HANDLER,
    environ: Mapping[str, str] | None = None,
    timeout: int = 60,
    memory: int = 1769,
    wrapped_in: Sequence[str | Path] = (),
) -> Iterator[Emulator]:
    """An environment that answers events with `handler`, until the block ends.

    The function sees `environ` and nothing of this process's environment. It is imported at the
    first event, from `task_root`, its working folder. `timeout` in seconds and `memory` in MB are
    the function's settings (the emulator enforces the timeout only). `wrapped_in` is a command that
    runs the runtime's, such as `prlimit`. Raises ConfigurationError when it does not start.
    """
    settings = {
        "AWS_LAMBDA_FUNCTION_NAME": "litescore-test",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
        "AWS_REGION": "us-east-1",
        **runtime.environ,
        **(environ or {}),
    }
    emulator = binary()
    for _ in range(_TRIES):
        port, api = _free_ports()
        words = [
            *(emulator, "--runtime-interface-emulator-address", f"{_HOST}:{port}"),
            *("--runtime-api-address", f"{_HOST}:{api}", "--log-level", "info"),
            *(*wrapped_in, *runtime.words, handler),
        ]
        # Its runtime has a process group of its own: asked to end, the emulator ends it.
        with Program(words, log=log, environ=settings, folder=task_root) as program:
            if _becomes_ready(program, port):
                yield Emulator(f"http://{_HOST}:{port}{_PATH}", program)
                return
        # Most likely another program took a port since we saw it free.
        last = program.tail(1)
    raise ConfigurationError(f"Lambda's emulator does not start: {last or 'no output'}")


def binary() -> Path:
    """The emulator's executable; fetched once. Never run it with `--help`: it serves.

    Raises ConfigurationError where it cannot be had.
    """
    if sys.platform != "linux" or platform.machine() not in _MACHINES:
        raise ConfigurationError(
            f"Lambda's emulator runs on Linux, x86-64 or Arm, not on {sys.platform} "
            f"{platform.machine()}"
        )
    return cached(SAM_CLI.replace("==", "-"), _fetch) / "aws-lambda-rie"


def _fetch(folder: Path) -> None:
    _pip("download", f"--dest={folder}", SAM_CLI)
    (wheel,) = folder.glob("*.whl")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != _SAM_CLI_SHA256:
        raise ConfigurationError(f"{wheel.name} has SHA-256 {digest}, not {_SAM_CLI_SHA256}")
    with zipfile.ZipFile(wheel) as archive:
        program = folder / "aws-lambda-rie"
        program.write_bytes(archive.read(_IN_WHEEL.format(_MACHINES[platform.machine()])))
    program.chmod(0o755)
    wheel.unlink()


def _install(folder: Path, python: Path, version: str) -> None:
    _pip(
        *("install", f"--target={folder}", "--no-compile", "--only-binary=:all:"),
        *(f"--python-version={version}", "--require-hashes", f"--requirement={LOCK}"),
    )
    # As on AWS: a start that compiles first would tell nothing about a cold start there.
    _run([python, "-S", "-m", "compileall", "-q", folder])


def _pip(verb: str, *words: str) -> None:
    options = ("--quiet", "--disable-pip-version-check", "--no-deps")
    _run([sys.executable, "-m", "pip", verb, *options, *words])


def _run(words: list[str | Path]) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="litescore-") as scratch,
        Program(words, log=Path(scratch) / "log") as program,
    ):
        if program.wait() != 0:
            raise ConfigurationError(f"cannot fetch Lambda's emulator: {program.tail(1)}")


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind((_HOST, 0))
        other.bind((_HOST, 0))
        return one.getsockname()[1], other.getsockname()[1]


def _becomes_ready(program: Program, port: int) -> bool:
    """False when the program ended or did not listen in time."""
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and program.exit_code is None:
        # A connection is no request: two requests at once crash the emulator.
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex((_HOST, port)) == 0:
                return True
        program.wait(0.02)
    return False


def _parsed(answer: bytes) -> Any:
    try:
        return json.loads(answer)
    except ValueError:
        return answer.decode(errors="replace")
