"""What goes into the zip: the model, our own rooms, and of each wheel what the handler can use.

boto3 is not among it: it is in Lambda's own runtime, and the copy there is what AWS patches.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.parser import HeaderParser
from fnmatch import fnmatch
from importlib.util import find_spec
from pathlib import Path, PurePath, PurePosixPath

from infra.package.lock import Pin
from litescore import __version__
from litescore.errors import ConfigurationError

MODEL_NAME = "model.tflite"

# Of a distribution, what the handler never opens.
_DROPPED: Mapping[str, tuple[str, ...]] = {
    "numpy": ("numpy/distutils/*", "numpy/f2py/*", "numpy/doc/*"),
    "obstore": ("*/sboms/*",),
    "cryptography": ("*/sboms/*",),
    # What compiles; cryptography needs the backend beside it alone.
    "cffi": ("cffi/*",),
    "ai-edge-litert": (
        "ai_edge_litert/libLiteRtWebGpuAccelerator.so",
        "ai_edge_litert/vendors/*",
        "ai_edge_litert/tools/*",
        "ai_edge_litert/aot/*",
    ),
}
# What says nothing to a program and takes a tenth of numpy's time to import: it hangs the manual's
# text on functions written in C.
_EMPTIED = {"numpy/_core/_add_newdocs.py", "numpy/_core/_add_newdocs_scalars.py"}
_DROPPED_FOLDERS = {"__pycache__", "tests"}
_DROPPED_SUFFIXES = {".pyi", ".pyx", ".pxd", ".h", ".hpp", ".c", ".f", ".f90", ".a", ".exe", ".pyc"}
# Of a distribution's own records: its version, which importlib.metadata is asked for, and licences.
_KEPT_RECORDS = ("METADATA", "LICEN[CS]E*", "COPYING*", "NOTICE*")
_OURS = ("litescore", "lambda_handler")


@dataclass(frozen=True)
class Part:
    """A distribution, our own rooms or the model.

    name     of the distribution; `litescore`; `model.tflite`
    version  None for the model
    licence  (`expression`, SPDX's words), or (`name`, what the metadata says); None for nothing said
    sha256   of the wheel or of the model; None for ours
    files    place in the zip -> contents
    """

    name: str
    version: str | None
    licence: tuple[str, str] | None
    sha256: str | None
    files: dict[str, bytes] = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes, unpacked."""
        return sum(map(len, self.files.values()))


def of_wheel(pin: Pin, path: Path) -> Part:
    """What the handler can use of a wheel."""
    dropped = _DROPPED.get(pin.name, ())
    with zipfile.ZipFile(path) as wheel:
        names = {place: name for name in wheel.namelist() if (place := _place(name, dropped))}
        files = {
            place: b"" if place in _EMPTIED else wheel.read(name) for place, name in names.items()
        }
    [record] = [name for name in files if name.endswith(".dist-info/METADATA")]
    licence = _licence(HeaderParser().parsestr(files[record].decode()))
    return Part(pin.name, pin.version, licence, pin.sha256, files)


def ours() -> Part:
    """The floor and the handler, from where they are installed."""
    files = {place: path.read_bytes() for name in _OURS for place, path in _installed(name)}
    return Part("litescore", __version__, ("expression", "Apache-2.0"), None, files)


def of_model(data: bytes, sha256: str) -> Part:
    """The model, under the one name that the function looks for."""
    return Part(MODEL_NAME, None, None, sha256, {MODEL_NAME: data})


def _installed(name: str) -> Iterator[tuple[str, Path]]:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError(f"package {name} is not installed: pip install litescore")
    root = Path(spec.submodule_search_locations[0])
    for path in root.rglob("*"):
        place = PurePosixPath(name, *path.relative_to(root).parts)
        if path.is_file() and _is_kept(place, ()) and not is_hidden(place):
            yield str(place), path


def is_hidden(place: PurePath) -> bool:
    """Whether a file is an editor's, a tool's or somebody's own: a folder that is worked in may hold
    such beside ours, and no wheel does.
    """
    return any(part.startswith(".") for part in place.parts)


def _place(name: str, dropped: tuple[str, ...]) -> str | None:
    """Where a wheel's file is installed to; None for one that the zip does without."""
    place = PurePosixPath(name)
    if place.parts[0].endswith(".data"):
        # Commands, headers and manual pages are of no use there.
        if place.parts[1] not in ("purelib", "platlib"):
            return None
        place = PurePosixPath(*place.parts[2:])
    return str(place) if not name.endswith("/") and _is_kept(place, dropped) else None


def _is_kept(place: PurePosixPath, dropped: tuple[str, ...]) -> bool:
    if place.suffix in _DROPPED_SUFFIXES or _DROPPED_FOLDERS.intersection(place.parts):
        return False
    if any(fnmatch(str(place), pattern) for pattern in dropped):
        return False
    if place.parts[0].endswith(".dist-info"):
        return any(fnmatch(place.name, pattern) for pattern in _KEPT_RECORDS)
    return True


def _licence(record: Message) -> tuple[str, str] | None:
    """The expression of newer metadata, else the classifier's last words, else the free text."""
    if expression := record.get("License-Expression"):
        return "expression", str(expression)
    for classifier in record.get_all("Classifier", ()):
        if classifier.startswith("License ::"):
            return "name", str(classifier.rpartition("::")[2].strip())
    text = str(record.get("License") or "").strip()
    return ("name", text.splitlines()[0]) if text else None
