"""The function's zip: the handler, the floor, the model and the libraries that they import.

Made of pinned wheels for the target, wherever this runs. The same model, litescore, target and
interpreter make the same bytes. Prints nothing.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.package import bytecode, contents, elf, lock, sbom, wheels
from infra.package import model as models
from infra.package.contents import Part
from infra.package.target import UNPACKED_LIMIT, Target
from litescore.errors import ConfigurationError
from litescore.files import write_whole
from litescore.scorer import Scorer

ZIP_NAME = "function.zip"
SBOM_NAME = "function.cdx.json"

# 4 percent more bytes than zlib's own choice, in half the time.
_LEVEL = 4
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Package:
    """A function's zip.

    path          of the file
    target        the machine and the Python that it is for
    compiled      by which Python its modules were compiled, such as "3.13.0"; None: they are not
    sbom          of the bill of materials beside it
    digest        its SHA-256
    model_sha256  of the model in it
    zipped        its size in bytes
    unpacked      what it unpacks to, in bytes
    parts         (what, unpacked bytes), the biggest first
    """

    path: Path
    target: Target
    compiled: str | None
    sbom: Path
    digest: str
    model_sha256: str
    zipped: int
    unpacked: int
    parts: tuple[tuple[str, int], ...]

    @property
    def python(self) -> str:
        """The version that it is for, such as "3.13"."""
        return self.target.python


def build(
    model: Path,
    out: Path,
    *,
    target: Target | None = None,
    wheel_folder: Path | None = None,
    interpreter: Path | None = None,
    follow: bool = False,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
    say: Callable[[str], None] = lambda _: None,
    limit: int = UNPACKED_LIMIT,
) -> Package:
    """Write `out/function.zip` with `model` in it as model.tflite, and its bill of materials.

    target        what it is for; None for this machine and this Python
    wheel_folder  take the wheels from there, and ask no index
    interpreter   the Python that compiles the modules; None for one of this machine
    follow        with what a function needs that follows a channel: signatures
    progress      is told bytes done and in all
    say           is told what takes time, a line each
    limit         bytes that it may unpack to

    The model is loaded first, with the runtime that the function will use. Raises ModelError or
    ContractError for a model that the function could not use; ConfigurationError when another .zip
    lies in `out`, a wheel cannot be had, an object would not load on Lambda's system, or the whole
    unpacks to more than `limit`.
    """
    target = target or Target.here()
    _check_out(out)
    data, sha256 = _read(model)
    pins = lock.read(target, follow=follow)
    models.check(data, _version(pins, "ai-edge-litert"))
    found = wheels.obtain(pins, target, folder=wheel_folder, say=say)
    parts = [contents.of_model(data, sha256), contents.ours()]
    parts += [contents.of_wheel(pin, path) for pin, path in found.items()]
    elf.check(elf.objects(_files(parts)), target)
    _check_size(parts, limit)
    compiler = bytecode.find(target.python, interpreter)
    if compiler:
        say(f"compiling the modules with Python {compiler.version}")
        parts = bytecode.compiled(parts, compiler)
        _check_size(parts, limit)
    packed = _zipped(_files(parts), progress)
    digest = hashlib.sha256(packed).hexdigest()
    # Never an old bill beside a new zip.
    (out / SBOM_NAME).unlink(missing_ok=True)
    path = write_whole(out / ZIP_NAME, packed)
    bill = sbom.document(parts, digest=digest, target=target, interpreter=compiler)
    return Package(
        path=path,
        target=target,
        compiled=compiler.version if compiler else None,
        sbom=write_whole(out / SBOM_NAME, bill),
        digest=digest,
        model_sha256=sha256,
        zipped=len(packed),
        unpacked=sum(part.size for part in parts),
        parts=_sizes(parts),
    )


def _check_out(out: Path) -> None:
    """What lies in `out` afterwards is one zip, and nobody else's is taken away."""
    others = sorted(path.name for path in out.glob("*.zip") if path.name != ZIP_NAME)
    if others:
        raise ConfigurationError(
            f"{out} holds {', '.join(others)}: {ZIP_NAME} must be the only .zip there, move it "
            "away or name another folder with --out"
        )


def _read(model: Path) -> tuple[bytes, str]:
    """The model and its digest, once the runtime has loaded it here."""
    Scorer(model, runtime="litert")
    data = model.read_bytes()
    return data, hashlib.sha256(data).hexdigest()


def _version(pins: Sequence[lock.Pin], name: str) -> str:
    [version] = [pin.version for pin in pins if pin.name == name]
    return version


def _files(parts: Sequence[Part]) -> dict[str, bytes]:
    """All files by place. Raises ConfigurationError where two parts have the same."""
    files: dict[str, bytes] = {}
    for part in parts:
        if twice := files.keys() & part.files.keys():
            raise ConfigurationError(f"{part.name} overwrites {min(twice)} of another part")
        files |= part.files
    return files


def _sizes(parts: Sequence[Part]) -> tuple[tuple[str, int], ...]:
    sizes = [(part.name, part.size) for part in parts]
    return tuple(sorted(sizes, key=lambda one: (-one[1], one[0])))


def _check_size(parts: Sequence[Part], limit: int) -> None:
    unpacked = sum(part.size for part in parts)
    if unpacked > limit:
        biggest = ", ".join(f"{name} {size / 1e6:.0f} MB" for name, size in _sizes(parts)[:3])
        raise ConfigurationError(
            f"the function would unpack to {unpacked / 1e6:.0f} MB, Lambda takes "
            f"{limit / 1e6:.0f}: use a smaller model, or build a container with --container "
            f"(biggest: {biggest})"
        )


def _zipped(files: Mapping[str, bytes], progress: Callable[[int, int], None]) -> bytes:
    total, done = sum(map(len, files.values())), 0
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _FIXED_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name], compresslevel=_LEVEL)
            done += len(files[name])
            progress(done, total)
    return buffer.getvalue()
