"""Wheels by their hashes: out of a cache that pip fills, or out of a folder.

The cache lies under the user's cache folder, a file a hash. What is in it is hashed at each use, so
that a file that is broken or cut short is fetched anew, and never used.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from infra import cache as kept
from infra.package import pip
from infra.package.lock import Pin
from infra.package.target import Target
from litescore.errors import ConfigurationError

# pips at once: each is waiting for the network most of its time.
_AT_ONCE = 3


def obtain(
    pins: Sequence[Pin],
    target: Target,
    *,
    folder: Path | None = None,
    say: Callable[[str], None] = lambda _: None,
) -> dict[Pin, Path]:
    """The file of each wheel, its hash checked.

    Out of `folder` where one is named: nothing else is asked. Otherwise out of the cache, and pip
    fetches what is not there, which `say` is told. Raises ConfigurationError naming the wheel that
    the folder lacks, or with pip's reason.
    """
    if folder is not None:
        return _from_folder(pins, target, folder)
    cache = kept.folder() / "wheels"
    missing = [pin for pin in pins if not _is(pin, cache / f"{pin.sha256}.whl")]
    if missing:
        say(f"fetching {', '.join(map(str, missing))} for {target}")
        cache.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(partial(_fetch, cache=cache, target=target), missing))
    return {pin: cache / f"{pin.sha256}.whl" for pin in pins}


def _is(pin: Pin, path: Path) -> bool:
    try:
        return _sha256(path) == pin.sha256
    except FileNotFoundError:
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch(pin: Pin, *, cache: Path, target: Target) -> None:
    """Into a folder beside its place, and moved there: half a wheel never has its name."""
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=cache) as scratch:
        pip.download(f"{pin.line}\n", Path(scratch), target, hashes=True)
        [wheel] = Path(scratch).iterdir()
        wheel.replace(cache / f"{pin.sha256}.whl")


def _from_folder(pins: Sequence[Pin], target: Target, folder: Path) -> dict[Pin, Path]:
    found = {_sha256(path): path for path in sorted(folder.glob("*.whl"))}
    missing = [pin for pin in pins if pin.sha256 not in found]
    if missing:
        raise ConfigurationError(
            f"{folder} lacks {len(missing)} of the wheels for {target}, or has them with other "
            f"contents: {', '.join(map(str, missing))}; the first has SHA-256 {missing[0].sha256}"
        )
    return {pin: found[pin.sha256] for pin in pins}
