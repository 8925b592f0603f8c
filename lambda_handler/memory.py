"""How large an image may be for the memory that the function has.

A function that runs out of memory is killed, with all the images beside the one that was too large,
and so is the next to which they are delivered. What would not fit is refused before it is read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from litescore.settings import Settings

# Shares of the memory: the rest is for Python, the runtime and the model.
_SHARD, _FILES, _PIXELS = 0.3, 0.3, 0.35
# Of a model's file. It is there twice while another takes over, and so is what the interpreter makes.
_MODEL = 0.1
# Where nobody says how much memory there is.
_LARGEST_MODEL = 256 * 2**20
# What is read is there twice for a moment: S3's client holds it too.
_COPIES = 2
# As Pillow keeps colour: decoded, converted and turned upright.
_BYTES_A_PIXEL = 3 * 4


def fitted(settings: Settings, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings whose limits on sizes are no larger than AWS_LAMBDA_FUNCTION_MEMORY_SIZE (MB, set by
    Lambda) holds; as they are where it is not set.
    """
    memory = _held(environ)
    if memory is None:
        return settings
    shard = int(_SHARD * memory)
    file = int(_FILES * memory / (_COPIES * settings.threads))
    pixels = int(_PIXELS * memory / _BYTES_A_PIXEL)
    return settings._replace(
        max_shard_bytes=min(settings.max_shard_bytes, shard),
        max_bytes=min(settings.max_bytes, file),
        max_pixels=min(settings.max_pixels, pixels),
    )


def largest_model(environ: Mapping[str, str] | None = None) -> int:
    """Bytes of the largest model's file that the function can change to."""
    memory = _held(environ)
    return _LARGEST_MODEL if memory is None else int(_MODEL * memory)


def _held(environ: Mapping[str, str] | None) -> int | None:
    """Bytes of the function's memory; None outside of Lambda."""
    size = (os.environ if environ is None else environ).get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
    return int(size) * 1024 * 1024 if size.isdecimal() else None
