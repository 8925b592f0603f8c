"""What decoded images and a batch of them need, against what there is: asked before it is missing.

Counted is what training holds at least: TensorFlow, images in memory, a span of images on its way to
the model, a batch. What the model makes of a batch, and its weights, `trainer.fitting.memory` adds once
there is a model. Memory-mapped images count nothing: the system takes their pages back. Nor do
processes that decode: of a picture each they hold 4 to 8 bytes a pixel, as measured, and
are gone before the training begins.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litescore import memory as memory_here
from litescore.contract import Contract
from litescore.errors import ConfigurationError, DataError

# Of images that are gathered at once, and of an epoch's that many are at most: `trainer.fitting.loop`.
SPAN = 64 * 2**20
_SPANS = 20
# A span is there twice, as it is gathered and as a tensor; of a batch each value in float32, too.
_TIMES, _FLOAT = 2, 4
# TensorFlow and Python, as measured with TensorFlow 2.21: memory that no file stands behind.
_ALONE = 220 * 2**20


def tensor_bytes(contract: Contract) -> int:
    """Of one decoded image."""
    return contract.height * contract.width * contract.channels


def check_disk(folder: Path, images: int, contract: Contract, *, surplus: int = 0) -> None:
    """Raises ConfigurationError where `folder`, which need not exist, has no room for so many decoded
    images. `surplus` bytes there can be done without.
    """
    needed, free = images * tensor_bytes(contract), disk_free(folder) + surplus
    if needed > free:
        raise ConfigurationError(
            f"{images:,} decoded images of {_form(contract)} need {needed / 1e9:.1f} GB "
            f"({needed:,} bytes) in {folder}, where {free / 1e9:.1f} GB ({free:,} bytes) are free: "
            "name another folder with --cache, or give a smaller --size"
        )


def disk_free(folder: Path) -> int:
    """Bytes that this user may still write below `folder`, which need not exist."""
    there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
    return shutil.disk_usage(there).free


def beside_a_step(contract: Contract, *, batch: int, images: int, held: int) -> int:
    """Bytes that training holds beside what the model makes of a batch.

    batch   images a step
    images  to learn from
    held    bytes of images in memory: see `in_memory`
    """
    image = tensor_bytes(contract)
    span = max(batch * image, min(SPAN, images * image // _SPANS))
    return _ALONE + held + _TIMES * span


def in_memory(arrays: Iterable[NDArray[Any]]) -> int:
    """Bytes of these arrays, of several views of one array once; memory-mapped ones count nothing."""
    owners = {id(one): one for one in map(_owner, arrays)}
    return sum(one.nbytes for one in owners.values() if not isinstance(one, np.memmap))


def check_memory(
    contract: Contract, *, batch: int, images: int, held: int = 0, memory: int | None = None
) -> None:
    """Raises DataError where a training with any model needs more than the machine has; the words are
    those of `beside_a_step`. `memory` is the bytes there are, None to ask the system.
    """
    memory = physical() if memory is None else memory
    needed = beside_a_step(contract, batch=batch, images=images, held=held)
    needed += batch * tensor_bytes(contract) * _FLOAT
    if memory is not None and needed > memory:
        raise DataError(
            f"{batch:,} images of {_form(contract)} a step need {needed / 1e9:.1f} GB of memory, "
            f"this machine has {memory / 1e9:.1f}: give a smaller --size or a smaller --batch"
        )


def _owner(array: NDArray[Any]) -> NDArray[Any]:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def physical() -> int | None:
    """Bytes of memory that this process may use at most; None where the system does not tell."""
    return memory_here.allowed()


def _form(contract: Contract) -> str:
    return f"{contract.width} x {contract.height} {contract.color} pixels"
