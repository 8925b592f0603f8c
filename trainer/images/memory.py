"""What decoded images and a batch of them need, against what there is: asked before it is missing."""

from __future__ import annotations

import shutil
from pathlib import Path

from litescore import memory as memory_here
from litescore.contract import Contract
from litescore.errors import ConfigurationError, DataError

# A pixel value of a batch: uint8 as it is gathered, float32 as the first layer takes it.
_BATCH_VALUE = 1 + 4


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


def check_memory(
    contract: Contract,
    *,
    batch: int,
    held: int = 0,
    weights: int = 0,
    activations: int = 0,
    memory: int | None = None,
) -> None:
    """Raises DataError where training, or predicting a batch, needs more than the machine has.

    batch        images a step
    held         bytes of images in memory; memory-mapped ones count nothing
    weights      values of the model: each is held as itself, its gradient, two moments of the
                 optimizer and a best copy, in float32
    activations  values that the layers make of one image, in float32, held for the way back
    memory       bytes there are, None to ask the system
    """
    memory = physical() if memory is None else memory
    image = tensor_bytes(contract) * _BATCH_VALUE + 4 * activations
    needed = held + batch * image + 5 * 4 * weights
    if memory is not None and needed > memory:
        raise DataError(
            f"{batch:,} images of {_form(contract)} a step need {needed / 1e9:.1f} GB of memory, "
            f"this machine has {memory / 1e9:.1f}: give a smaller --size or a smaller --batch"
        )


def physical() -> int | None:
    """Bytes of memory that this process may use at most; None where the system does not tell."""
    return memory_here.allowed()


def _form(contract: Contract) -> str:
    return f"{contract.width} x {contract.height} {contract.color} pixels"
