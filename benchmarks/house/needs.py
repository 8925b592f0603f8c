"""What a piece needs of a machine: each answers why it cannot be measured here, or None."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from infra.package import interpreters
from infra.package.target import DEFAULT
from litescore.bench import litert_benchmark
from litescore.settings import Settings, processors


def missing(names: tuple[str, ...]) -> str | None:
    """The first reason against it, or None."""
    return next((reason for name in names if (reason := NEEDS[name]())), None)


def _two() -> str | None:
    return None if processors() >= 2 else "needs two processors"


def _data() -> str | None:
    root = Settings.read().data
    if not root:
        return "needs the whole data sets: set LITESCORE_DATA"
    for name in ("mnist", "fashion-mnist"):
        if not (Path(root) / name).is_dir():
            return f"no {name} in LITESCORE_DATA"
    return None


def _tensorflow() -> str | None:
    return None if find_spec("tensorflow") else "needs TensorFlow: pip install 'litescore[train]'"


def _both_runtimes() -> str | None:
    for name in ("ai_edge_litert", "tflite_runtime"):
        if find_spec(name) is None:
            return f"needs {name}"
    return None


def _python() -> str | None:
    found = interpreters.find(DEFAULT.python)
    return None if found else f"needs Python {DEFAULT.python} on this machine"


def _mmdebstrap() -> str | None:
    return None if shutil.which("mmdebstrap") else "needs mmdebstrap: `make tools` installs it"


def _litert_benchmark() -> str | None:
    return None if litert_benchmark.find() else "needs litert-benchmark: pip install ai-edge-litert"


NEEDS: dict[str, Callable[[], str | None]] = {
    "two processors": _two,
    "data": _data,
    "tensorflow": _tensorflow,
    "both runtimes": _both_runtimes,
    "python of the function": _python,
    "mmdebstrap": _mmdebstrap,
    "litert-benchmark": _litert_benchmark,
}
