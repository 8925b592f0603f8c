"""How large an image may be for the memory that the function has.

A function that runs out of memory is killed, with all the images beside the one that was too large,
and so is the next to which they are delivered. What would not fit is refused before it is read.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace

from litescore.settings import Settings

# Shares of the memory: the rest is for Python, the runtime and the model.
_SHARD, _FILES, _PIXELS = 0.3, 0.3, 0.35
# What is read is there twice for a moment: S3's client holds it too.
_COPIES = 2
# As Pillow keeps colour: decoded, converted and turned upright.
_BYTES_A_PIXEL = 3 * 4


def fitted(settings: Settings, environ: Mapping[str, str] | None = None) -> Settings:
    """Settings whose limits on sizes are no larger than AWS_LAMBDA_FUNCTION_MEMORY_SIZE (MB, set by
    Lambda) holds; as they are where it is not set.
    """
    size = (os.environ if environ is None else environ).get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "")
    if not size.isdecimal():
        return settings
    memory = int(size) * 1024 * 1024
    shard = int(_SHARD * memory)
    file = int(_FILES * memory / (_COPIES * settings.threads))
    pixels = int(_PIXELS * memory / _BYTES_A_PIXEL)
    return replace(
        settings,
        max_shard_bytes=min(settings.max_shard_bytes, shard),
        max_bytes=min(settings.max_bytes, file),
        max_pixels=min(settings.max_pixels, pixels),
    )
