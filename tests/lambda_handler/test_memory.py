"""Images that are too large for the function's memory: a record each, and their neighbours scored."""

from __future__ import annotations

import io
import shutil
import zipfile
from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
from PIL import Image

from lambda_handler import memory
from litescore.settings import Settings
from tests.lambda_handler import account, shapes
from tests.lambda_handler.conftest import Records, upload
from tests.litescore.packed import npz_of
from tests.rig.emulator import Emulator
from tests.rig.needs import needs
from tests.rig.pngs import Pngs
from tests.rig.seaweed import S3

Emulate = Callable[..., AbstractContextManager[Emulator]]
MB = 1024 * 1024
ALL_DONE = {"batchItemFailures": []}


def test_what_memory_does_not_hold_is_not_read(
    s3: S3, inputs: str, outputs: Records, pngs: Pngs, emulator: Emulate
) -> None:
    """Of 192 MB a shard of 60 would take 120: it is refused by its size, before its bytes come."""
    reasons = _scored_beside(s3, inputs, outputs, pngs, emulator(**_held_to(192)))
    assert reasons["big.zip"] == f"{len(_packed()):,} bytes, the limit is {int(0.3 * 192 * MB):,}"
    assert reasons["big.npz"].startswith("unpacks to more than ")
    assert reasons["big.png"].startswith("6000 x 6000 pixels, the limit is ")


def test_running_out_of_memory(
    s3: S3, inputs: str, outputs: Records, pngs: Pngs, emulator: Emulate
) -> None:
    """A function that thinks it has more than there is: what cannot be had is one image's failure,
    when bytes are read or unpacked as when they are decoded.
    """
    limit = _held_to(145) | {"memory": 1769}
    reasons = _scored_beside(s3, inputs, outputs, pngs, emulator(**limit))
    # How far a zip comes depends on what Python itself takes on this machine.
    assert reasons.pop("big.zip") in ("not enough memory to read", "not enough memory to unpack")
    assert reasons == {
        "big.npz": "not enough memory to unpack",
        "big.png": "not enough memory to decode",
    }


def test_limits_of_sizes_follow_the_memory() -> None:
    """The template's function keeps the default of pixels and takes files of 40 MB; a small one does
    not; and what was set lower stays.
    """
    default = Settings()

    def of(size: str, settings: Settings = default) -> Settings:
        return memory.fitted(settings, {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": size})

    large, small = of("1769"), of("512")
    assert large.max_pixels == default.max_pixels
    assert 40 * MB < large.max_bytes <= default.max_bytes
    assert 500 * MB < large.max_shard_bytes < 600 * MB
    assert small.max_pixels < 16_000_000
    assert 2 * small.threads * small.max_bytes < 512 * MB
    assert of("512", Settings(max_bytes=5, max_shard_bytes=6, max_pixels=7)) == Settings(
        max_bytes=5, max_shard_bytes=6, max_pixels=7
    )
    assert memory.fitted(default, {}) == default


def test_a_model_that_takes_over_fits_beside_the_other() -> None:
    """The size of its file follows the memory; without a figure it is that of a device."""
    assert memory.largest_model({"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769"}) == 185_493_094
    assert memory.largest_model({}) == 256 * 2**20


def _held_to(size: int) -> dict[str, object]:
    """Arguments of `emulate` for a function of so many MB, which the kernel holds it to: memory that
    it asks for beyond them is refused. Lambda kills instead, as tests of kills do.
    """
    needs("prlimit")
    return {
        # Large pieces of memory go back when they are free: what glibc would keep of them is chance.
        "environ": account.environ(MALLOC_MMAP_THRESHOLD_="65536", LITESCORE_THREADS="4"),
        "memory": size,
        "wrapped_in": [str(shutil.which("prlimit")), f"--data={size * MB}", "--"],
    }


def _scored_beside(
    s3: S3,
    inputs: str,
    outputs: Records,
    pngs: Pngs,
    environment: AbstractContextManager[Emulator],
) -> dict[str, str]:
    """Key -> reason of what failed as too large, beside neighbours that were scored."""
    first, *others = upload(s3, inputs, pngs)
    big = {"big.zip": _packed(), "big.npz": _array(), "big.png": _picture()}
    for key, body in big.items():
        s3.client.put_object(Bucket=inputs, Key=key, Body=body)
    keys = [first, *big, *others]
    with environment as function:
        event = shapes.queued(*(shapes.notification(inputs, key) for key in keys))
        assert function.invoke(event) == (200, ALL_DONE)
    held = account.settle(inputs)
    assert (held.balance.listed, held.lines) == (8, 8)
    failed = [record for record in outputs() if record.status == "failed"]
    assert {record.kind for record in failed} == {"too-large"}
    return {record.source.rpartition("/")[2]: str(record.reason) for record in failed}


def _packed() -> bytes:
    """A zip of 60 MB."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.png", bytes(60 * MB))
    return buffer.getvalue()


def _array() -> bytes:
    """An .npz of one picture: few bytes, and 66 MB when it is unpacked."""
    return npz_of(x=np.zeros((1, 4700, 4700, 3), np.uint8))


def _picture() -> bytes:
    """A PNG of 36 million pixels in colour: few bytes, and 144 MB when it is decoded."""
    buffer = io.BytesIO()
    Image.new("RGB", (6000, 6000)).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
