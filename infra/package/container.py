"""The context of a container image: a Dockerfile and all that it copies, for Lambda and AWS Batch.

For what no zip can hold: tflite-runtime, whose wheels end with Python 3.11 while Lambda's runtime of
that Python has too old a system, and models that are too large. Debian brings the Python. Knows no
container engine. Prints nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Set
from importlib.util import find_spec
from pathlib import Path
from string import Template

from infra.package import lock
from infra.package.contents import MODEL_NAME, is_hidden
from infra.package.target import Target
from litescore.errors import ConfigurationError, UsageError
from litescore.files import write_whole
from litescore.scorer import Scorer

# Runtime -> the Debian whose Python its wheels are for.
SUITES: Mapping[str, str] = {"litert": "trixie", "tflite-runtime": "bookworm"}
_PYTHONS = {"trixie": "3.13", "bookworm": "3.11"}
FOLDER = "container"
OURS = ("litescore", "lambda_handler")

_PLATFORMS = {"x86_64": "amd64", "arm64": "arm64"}
# The Dockerfile and entry point as they are written, and each Debian's wheels with their hashes.
_CONTEXT = Path(__file__).with_name("context")


def write(model: Path, out: Path, *, target: Target, runtime: str, follow: bool = False) -> Path:
    """Write the folder `out/container` anew, and give it: `docker build` takes it as it is.

    What lies there of an earlier one is removed; anything else is refused with ConfigurationError.

    The same model and installation make the same files. Of `target` the processor counts: the
    Python is Debian's. With `follow` it looks at signatures too. The model is loaded first, by whatever runtime works here. Raises UsageError
    for an unknown runtime, ModelError or ContractError for a model that cannot be used.
    """
    if runtime not in SUITES:
        raise UsageError(f"unknown runtime {runtime!r}: one of {', '.join(SUITES)}")
    Scorer(model)
    place = out / FOLDER
    # Read before anything is removed: the model may be that of an earlier context.
    files = dict(_files(model, target, runtime, follow=follow))
    _clear(place, {name.partition("/")[0] for name in files})
    for name, data in files.items():
        write_whole(place / name, data, mode=0o755 if name.endswith(".sh") else 0o644)
    return place


def _clear(place: Path, ours: Set[str]) -> None:
    """Remove what an earlier context left, and nobody else's."""
    try:
        found = sorted(place.iterdir()) if place.exists() else []
        others = [path.name for path in found if path.name not in ours]
        if others:
            raise ConfigurationError(
                f"{place} holds {others[0]}, which is not of a container's context: move it away, "
                "or name another folder with --out"
            )
        for path in found:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
    except OSError as error:
        raise ConfigurationError(f"cannot write {place}: {error.strerror}") from error


def _files(
    model: Path, target: Target, runtime: str, *, follow: bool
) -> Iterator[tuple[str, bytes]]:
    suite = SUITES[runtime]
    text = Template((_CONTEXT / "Dockerfile").read_text(encoding="utf-8"))
    words = {"runtime": runtime, "suite": suite, "platform": _PLATFORMS[target.arch]}
    yield "entrypoint.sh", (_CONTEXT / "entrypoint.sh").read_bytes()
    pins = lock.signatures(Target(target.arch, _PYTHONS[suite])) if follow else ()
    more = "".join(f"{pin.line}\n" for pin in pins)
    yield "requirements.txt", (_CONTEXT / f"{suite}.txt").read_bytes() + more.encode()
    yield MODEL_NAME, model.read_bytes()
    for name in OURS:
        root = _installed(name)
        for path in sorted(root.rglob("*")):
            place = path.relative_to(root)
            if path.is_file() and "__pycache__" not in place.parts and not is_hidden(place):
                yield f"{name}/{place.as_posix()}", path.read_bytes()
    # The last: without it nothing is built of half a context.
    yield "Dockerfile", text.substitute(words).encode()


def _installed(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigurationError(f"package {name} is not installed: pip install litescore")
    return Path(spec.submodule_search_locations[0])
