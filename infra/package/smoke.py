"""The smoke run of a built zip: it scores its model's golden samples under AWS's emulator.

By the Python that it is for, in an environment that holds nothing else, before the file is called
good. Knows the zip from outside only: unpacked, started, asked. Prints nothing.
"""

from __future__ import annotations

import os
import platform
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from infra import emulator
from infra.emulator import Emulator
from infra.package import interpreters
from infra.package.build import Package
from infra.package.contents import MODEL_NAME
from litescore import golden
from litescore.comparison import compare
from litescore.errors import ConfigurationError, GateError
from litescore.scorer import Scorer

# What Lambda gives a function of the template's memory, and time for the slowest model's start.
_MEMORY, _SECONDS = 1769, 60
_ENVIRON = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    "AWS_ACCESS_KEY_ID": "none",
    "AWS_SECRET_ACCESS_KEY": "none",
}
_MACHINES = {"aarch64": "arm64", "AMD64": "x86_64"}
_LOG_LINES = 12


@dataclass(frozen=True)
class Smoke:
    """What came of a smoke run.

    ran                whether there was one
    words              its verdict, or why there was none: one line
    init_milliseconds  from Python's start to the handler being ready, the model loaded
    """

    ran: bool
    words: str
    init_milliseconds: float | None = None


def run(built: Package, *, say: Callable[[str], None], python: Path | None = None) -> Smoke:
    """Run a built zip by `python`, or by one of its version that this machine has.

    `say` hears what is about to be done. Raises GateError where the zip answers otherwise than the
    model's golden samples (of a model without: than this process does), and ConfigurationError
    with the log's end where it does not start, crashes or takes too long.
    """
    arch, version = built.target.arch, built.target.python
    if (here := _MACHINES.get(platform.machine(), platform.machine())) != arch:
        return Smoke(False, f"not run here: it is for {arch}, this machine is {here}")
    if not (found := python or interpreters.find(version)):
        return Smoke(False, f"not run here: there is no Python {version} on this machine")
    try:
        runtime = emulator.isolated(found, version)
        emulator.binary()
    except ConfigurationError as error:
        return Smoke(False, f"not run here: {error}")
    say(f"scoring golden samples under Lambda's emulator, by {found}")
    with tempfile.TemporaryDirectory(prefix="litescore-smoke-") as name:
        return _run(built, runtime, Path(name))


def _run(built: Package, runtime: emulator.Runtime, folder: Path) -> Smoke:
    root = folder / "task"
    with zipfile.ZipFile(built.path) as archive:
        archive.extractall(root)
    with emulator.running(
        root,
        log=folder / "log",
        runtime=runtime,
        environ=_ENVIRON,
        timeout=_SECONDS,
        memory=_MEMORY,
    ) as function:
        reply = _ask(function)
        took = function.init_milliseconds
    verdict = _judged(reply, root / MODEL_NAME)
    start = f"; INIT {took:.0f} ms" if took is not None else ""
    return Smoke(
        True,
        f"{verdict} on {reply['runtime']}, Python {reply['python']}{start}",
        init_milliseconds=took,
    )


def _ask(function: Emulator) -> Mapping[str, Any]:
    try:
        status, reply = function.invoke({"verify": True}, patience=_SECONDS + 30)
    except OSError as error:
        status, reply = 0, str(error)
    if status == 200 and isinstance(reply, Mapping) and "verdict" in reply:
        return reply
    what = reply.get("errorMessage") if isinstance(reply, Mapping) else reply
    tail = " / ".join(function.program.tail(_LOG_LINES).splitlines())
    raise ConfigurationError(
        f"the zip fails under Lambda's emulator: {what or status}; its log ends with {tail}"
    )


def _judged(reply: Mapping[str, Any], model: Path) -> str:
    """The verdict in words. Raises GateError for answers that differ."""
    if "generated" in reply:
        return _compared(reply["generated"], model)
    if reply["verdict"] == "different":
        raise GateError(
            f"the zip answers otherwise than the export: {reply['differing']} of "
            f"{reply['images']} golden samples get another class, a probability is off by "
            f"{reply['farthest']:.3f} ({reply['runtime']}, recorded with {reply['recorded']})"
        )
    return f"{reply['verdict']}: {reply['images']} golden samples"


def _compared(answers: list[list[float]], model: Path) -> str:
    """For a model without samples of LiteRT: what this process says to the same made-up images."""
    scorer = Scorer(model, runtime="litert")
    wanted = scorer.probabilities(golden.generated(scorer.contract))
    found = compare(wanted, np.array(answers, np.float32), step=scorer.step)
    if found.verdict == "different":
        raise GateError(
            f"the zip answers otherwise than LiteRT here: {len(found.differing)} of {found.n} "
            f"generated images get another class, a probability is off by {found.farthest:.3f}"
        )
    return f"{found.verdict} with LiteRT here: {found.n} generated images"
