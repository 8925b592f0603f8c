"""A function's zip that was made before: whether this machine's functions can run it."""

from __future__ import annotations

import hashlib
import platform
import re
import zipfile
from pathlib import Path

from infra.package.build import MODEL_NAME
from litescore.errors import ConfigurationError, UsageError

# What a compiled module's name says: cpython-313-x86_64-linux-gnu.so
_COMPILED = re.compile(r"\.cpython-(\d)(\d+)-(\w+)-linux-gnu\.so$")


def usable(place: Path, model: Path | None) -> Path:
    """The zip at `place`, or the only one in that folder.

    Raises UsageError where there is not one, or it holds another model than `model`, and
    ConfigurationError where it is for another Python or processor, or is no zip.
    """
    path = _only(place)
    try:
        with zipfile.ZipFile(path) as archive:
            _check_target(path, archive.namelist())
            if model is not None:
                _check_model(path, archive.read(MODEL_NAME), model)
    except (OSError, zipfile.BadZipFile, KeyError) as error:
        raise ConfigurationError(f"{path} is no zip of `litescore package`: {error}") from error
    return path


def _only(place: Path) -> Path:
    found = sorted(place.glob("*.zip")) if place.is_dir() else [place]
    if len(found) != 1 or not found[0].is_file():
        raise UsageError(
            f"{place} has {len(found)} zips in it, or is none: build one with "
            f"`litescore package --model FILE --out {place}`"
        )
    return found[0]


def _check_target(path: Path, names: list[str]) -> None:
    matches = (_COMPILED.search(name) for name in names)
    targets = {(f"{m[1]}.{m[2]}", m[3]) for m in matches if m}
    here = (".".join(platform.python_version_tuple()[:2]), platform.machine())
    if targets and here not in targets:
        python, machine = min(targets)
        raise ConfigurationError(
            f"{path} is for Python {python} on {machine}, and functions here run on Python "
            f"{here[0]} on {here[1]}: build another with `litescore package`, or name --model alone"
        )


def _check_model(path: Path, inside: bytes, model: Path) -> None:
    digests = [hashlib.sha256(data).hexdigest() for data in (inside, model.read_bytes())]
    if len(set(digests)) > 1:
        raise UsageError(f"{path} holds another model than {model}: name one of the two only")
