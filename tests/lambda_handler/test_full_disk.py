"""/tmp is full and all else cannot be written: the function needs neither."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from tests.lambda_handler import account, shapes
from tests.lambda_handler.conftest import upload
from tests.rig.emulator import Emulator
from tests.rig.full import full
from tests.rig.pngs import Pngs
from tests.rig.seaweed import S3


def test_a_full_disk_is_no_matter(
    s3: S3,
    inputs: str,
    pngs: Pngs,
    int8_model: Path,
    tmp_path: Path,
    emulator: Callable[..., AbstractContextManager[Emulator]],
) -> None:
    """Model from S3, images, a key that boto3 asks for, records: all in memory."""
    (tmp_path / "full").mkdir()
    place = s3.make_bucket()
    s3.client.put_object(Bucket=place, Key="m.tflite", Body=int8_model.read_bytes())
    keys = [*upload(s3, inputs, pngs), "in//a.png"]
    event = shapes.queued(*(shapes.notification(inputs, key) for key in keys))
    environ = account.environ(LITESCORE_MODEL=f"s3://{place}/m.tflite")
    with emulator(environ=environ, wrapped_in=full(tmp_path / "full")) as function:
        assert function.invoke(event) == (200, {"batchItemFailures": []})
    held = account.settle(inputs)
    assert (held.balance.listed, len(held.files), held.lines) == (5, 1, 6)
