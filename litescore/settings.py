"""The environment variables that the floor reads: once, validated, with a table for `--help`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from litescore.errors import UsageError

RUNTIMES = ("litert", "tflite-runtime")

# Pillow's own guard against decompression bombs stands at this many pixels.
_PILLOW_LIMIT = 89_478_485


def _whole(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError
        return value

    parse.__doc__ = f"a whole number {low}..{high}"
    return parse


def _sha256(text: str) -> str:
    """64 hexadecimal digits"""
    if len(text) != 64 or set(text.lower()) - set("0123456789abcdef"):
        raise ValueError
    return text.lower()


def _runtime(text: str) -> str:
    """litert or tflite-runtime"""
    if text not in RUNTIMES:
        raise ValueError
    return text


def _text(text: str) -> str:
    """text"""
    return text


# field -> (environment variable, parser, help)
TABLE: dict[str, tuple[str, Callable[[str], Any], str]] = {
    "model": (
        "LITESCORE_MODEL",
        _text,
        "model to score with: a path or s3:// URL; where releases are followed SHELF@CHANNEL too",
    ),
    "model_version": ("LITESCORE_MODEL_VERSION", _text, "version id of a model at an s3:// URL"),
    "model_sha256": ("LITESCORE_MODEL_SHA256", _sha256, "refuse any other model file"),
    "model_check": (
        "LITESCORE_MODEL_CHECK",
        _whole(0, 1440),
        "minutes between two looks of the function at the channel that is named as its model",
    ),
    "output": ("LITESCORE_OUTPUT", _text, "where records go: a folder or s3:// prefix"),
    "input": (
        "LITESCORE_INPUT",
        _text,
        "the s3:// prefix whose objects set off the function: records may not go there",
    ),
    "data": ("LITESCORE_DATA", _text, "a folder that holds mnist/ and fashion-mnist/"),
    "cache": (
        "LITESCORE_CACHE",
        _text,
        "a folder where training keeps decoded images; by default one in the user's cache",
    ),
    "runtime": ("LITESCORE_RUNTIME", _runtime, "interpreter: litert or tflite-runtime"),
    "threads": ("LITESCORE_THREADS", _whole(1, 256), "threads that fetch and decode"),
    "batch": (
        "LITESCORE_BATCH",
        _whole(1, 4096),
        "images the model takes at once; where it is not set what suits its input, at most 32",
    ),
    "top": ("LITESCORE_TOP", _whole(1, 1000), "labels a record lists, best first"),
    "max_bytes": ("LITESCORE_MAX_BYTES", _whole(1, 2**31), "largest image file, in bytes"),
    "max_shard_bytes": (
        "LITESCORE_MAX_SHARD_BYTES",
        _whole(1, 2**40),
        "largest shard (zip, tar, npz, IDX), in bytes, packed and unpacked",
    ),
    "max_pixels": ("LITESCORE_MAX_PIXELS", _whole(1, _PILLOW_LIMIT), "largest image, in pixels"),
    "releases": (
        "LITESCORE_RELEASES",
        _text,
        "where a model's releases lie: a folder or s3:// prefix",
    ),
    "trust": (
        "LITESCORE_TRUST",
        _text,
        "public keys that releases may be signed with: files, or the middle lines of such files, "
        f"with {os.pathsep!r} between",
    ),
    "signing_key": (
        "LITESCORE_SIGNING_KEY",
        _text,
        "private key that releases are signed with: a file",
    ),
    "signing_passphrase": ("LITESCORE_SIGNING_PASSPHRASE", _text, "what it is encrypted with"),
}


class Settings(NamedTuple):
    """The environment as litescore reads it; what is not set has its default."""

    model: str | None = None
    model_version: str | None = None
    model_sha256: str | None = None
    model_check: int = 5
    output: str | None = None
    input: str | None = None
    data: str | None = None
    cache: str | None = None
    runtime: str | None = None
    threads: int = 6
    batch: int | None = None
    top: int = 3
    max_bytes: int = 64 * 1024 * 1024
    max_shard_bytes: int = 2 * 1024**3
    max_pixels: int = 50_000_000
    releases: str | None = None
    trust: str | None = None
    signing_key: str | None = None
    signing_passphrase: str | None = None

    def __repr__(self) -> str:
        """Without the passphrase, which a log has no business with."""
        shown = self._asdict()
        del shown["signing_passphrase"]
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Settings from `environ` (the process's own by default).

        Raises UsageError naming the variable, its value and what it may be.
        """
        environ = os.environ if environ is None else environ
        values = {}
        for name, (variable, parse, _) in TABLE.items():
            text = environ.get(variable, "")
            if not text:
                continue
            try:
                values[name] = parse(text)
            except ValueError:
                raise UsageError(f"{variable}={text!r} is not {parse.__doc__}") from None
        return cls(**values)


def table(*names: str) -> str:
    """The settings as a click epilog: variable, meaning, default. All, or those named."""
    defaults = Settings._field_defaults
    lines = ["\b", "Environment:"]
    for name in names or TABLE:
        variable, _, meaning = TABLE[name]
        default = defaults[name]
        lines.append(f"  {variable}  {meaning}" + (f" [{default}]" if default else ""))
    return "\n".join(lines)


def processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
