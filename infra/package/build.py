"""The function's zip: the handler, the floor, the model and the libraries that they import.

Taken from what is installed here, so the zip is for this Python and this platform. The same
installation and model make the same bytes. Prints nothing.
"""

from __future__ import annotations

import io
import platform
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from litescore.errors import ConfigurationError, MissingDependency
from litescore.files import write_whole
from litescore.scorer import Scorer

# AWS's limit on what a function's zip may unpack to, layers included.
UNPACKED_LIMIT = 250 * 1024 * 1024
MODEL_NAME = "model.tflite"
ZIP_NAME = "function.zip"

# Distribution -> the extra that brings it, and what of it the handler never opens. boto3 is in
# Lambda's own runtime and must not be here: the copy there is what AWS patches.
_DISTRIBUTIONS: Mapping[str, tuple[str | None, tuple[str, ...]]] = {
    "numpy": (None, ("numpy/distutils/*", "numpy/f2py/*", "numpy/doc/*")),
    "pillow": (None, ()),
    "obstore": (None, ("*/sboms/*",)),
    "flatbuffers": (None, ()),
    "ai-edge-litert": (
        "litert",
        (
            "ai_edge_litert/libLiteRtWebGpuAccelerator.so",
            "ai_edge_litert/vendors/*",
            "ai_edge_litert/tools/*",
            "ai_edge_litert/aot/*",
        ),
    ),
}
_OURS = ("litescore", "lambda_handler")
_DROPPED_FOLDERS = {"__pycache__", "tests"}
_DROPPED_SUFFIXES = {".pyi", ".pyx", ".pxd", ".h", ".hpp", ".c", ".f", ".f90", ".a", ".exe", ".pyc"}
# Of a distribution's own records: its version, which importlib.metadata is asked for, and licences.
_KEPT_RECORDS = ("METADATA", "LICEN[CS]E*", "COPYING*", "NOTICE*")

# Where Lambda unpacks the zip; tracebacks name files there.
_TASK_ROOT = "/var/task"
# 4 percent more bytes than zlib's own choice, in half the time.
_LEVEL = 4
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Package:
    """A function's zip.

    path      of the file
    python    version it is for, such as "3.13"
    zipped    its size in bytes
    unpacked  what it unpacks to, in bytes
    parts     (what, unpacked bytes), the biggest first
    """

    path: Path
    python: str
    zipped: int
    unpacked: int
    parts: tuple[tuple[str, int], ...]


def build(
    model: Path,
    out: Path,
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    limit: int = UNPACKED_LIMIT,
) -> Package:
    """Write `out/function.zip` with `model` in it as model.tflite.

    The model is loaded first, with the runtime that the function will use. `progress` is told
    bytes done and in all. Raises ModelError or ContractError for a model that the function could
    not use, MissingDependency for a library that is not installed, and ConfigurationError when
    the contents unpack to more than `limit` bytes.
    """
    Scorer(model, runtime="litert")
    files = {MODEL_NAME: model, **_own_files()}
    for name, (extra, dropped) in _DISTRIBUTIONS.items():
        files |= _files_of(name, extra, dropped)
    with tempfile.TemporaryDirectory(prefix="litescore-package-") as folder:
        files |= _compiled(files, Path(folder))
        sizes = {name: path.stat().st_size for name, path in sorted(files.items())}
        parts = _parts(sizes)
        unpacked = sum(sizes.values())
        _check_size(unpacked, limit, parts)
        data = _zipped(files, sizes, progress)
    path = write_whole(out / ZIP_NAME, data)
    python = ".".join(platform.python_version_tuple()[:2])
    return Package(path, python, len(data), unpacked, parts)


def _own_files() -> dict[str, Path]:
    files = {}
    for name in _OURS:
        spec = find_spec(name)
        if spec is None or not spec.submodule_search_locations:
            raise ConfigurationError(f"package {name} is not installed: pip install litescore")
        root = Path(spec.submodule_search_locations[0])
        for path in root.rglob("*"):
            place = PurePosixPath(name, *path.relative_to(root).parts)
            if path.is_file() and _is_kept(place, ()):
                files[str(place)] = path
    return files


def _files_of(name: str, extra: str | None, dropped: tuple[str, ...]) -> dict[str, Path]:
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        if extra:
            raise MissingDependency(name, extra=extra) from None
        raise ConfigurationError(f"{name} is not installed: pip install litescore") from None
    files = {
        str(place): Path(str(distribution.locate_file(place)))
        for place in distribution.files or ()
        if _is_kept(place, dropped)
    }
    if not files:
        raise ConfigurationError(f"{name} has no list of its files: install it with pip")
    return files


def _is_kept(place: PurePosixPath, dropped: tuple[str, ...]) -> bool:
    if ".." in place.parts or place.parts[0].startswith("/"):
        return False  # commands and manual pages, outside the package folder
    if place.suffix in _DROPPED_SUFFIXES or _DROPPED_FOLDERS.intersection(place.parts):
        return False
    if any(fnmatch(str(place), pattern) for pattern in dropped):
        return False
    if place.parts[0].endswith(".dist-info"):
        return any(fnmatch(place.name, pattern) for pattern in _KEPT_RECORDS)
    return True


def _compiled(files: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """The bytecode of every module. /var/task is read-only: without it each start compiles anew.

    Unchecked hashes instead of times make the same bytes of the same source; a process of its own
    does too, since what a module's constants look like in bytecode depends on what else is loaded.
    """
    for name, path in files.items():
        if name.endswith(".py"):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    words = [sys.executable, "-I", "-m", "compileall", "-q", "--invalidation-mode"]
    words += ["unchecked-hash", "-s", str(folder), "-p", _TASK_ROOT, str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ConfigurationError(f"cannot compile the modules: {done.stdout.strip()[:300]}")
    return {str(path.relative_to(folder)): path for path in folder.rglob("*.pyc")}


def _parts(sizes: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    """Sizes by top folder, what belongs together added up: PIL, pillow.libs and its dist-info."""
    counts: Counter[str] = Counter()
    for name, size in sizes.items():
        counts[_part(PurePosixPath(name).parts[0])] += size
    return tuple(counts.most_common())


def _part(top: str) -> str:
    name = top.removesuffix(".libs").split("-")[0]
    return {"PIL": "pillow", "ai_edge_litert": "ai-edge-litert"}.get(name, name)


def _check_size(unpacked: int, limit: int, parts: tuple[tuple[str, int], ...]) -> None:
    if unpacked > limit:
        biggest = ", ".join(f"{name} {size / 1e6:.0f} MB" for name, size in parts[:3])
        raise ConfigurationError(
            f"the function would unpack to {unpacked / 1e6:.0f} MB, Lambda takes "
            f"{limit / 1e6:.0f}: use a smaller model, or a container (biggest: {biggest})"
        )


def _zipped(
    files: Mapping[str, Path], sizes: Mapping[str, int], progress: Callable[[int, int], None]
) -> bytes:
    total, done = sum(sizes.values()), 0
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in _contents(files):
            entry = zipfile.ZipInfo(name, _FIXED_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, compresslevel=_LEVEL)
            done += len(data)
            progress(done, total)
    return buffer.getvalue()


def _contents(files: Mapping[str, Path]) -> Iterator[tuple[str, bytes]]:
    for name in sorted(files):
        yield name, files[name].read_bytes()
