"""The handler in this process: its settings and model as a test's environment says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lambda_handler import job
from litescore import results
from litescore.record import Record
from tests.rig.seaweed import S3

Records = Callable[[], list[Record]]


@pytest.fixture
def inputs(s3: S3, bucket: str, int8_model: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A fresh input bucket on the real server, with the handler set up to score from it."""
    environ = dict(s3.environ) | {"LITESCORE_MODEL": str(int8_model)}
    environ["LITESCORE_OUTPUT"] = f"s3://{s3.make_bucket()}/records/"
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    _forget()
    return bucket


@pytest.fixture
def outputs(inputs: str) -> Records:
    """Reads the records that the handler has written so far."""
    place = job.settings().output
    assert place is not None
    return lambda: list(results.read(place))


@pytest.fixture(autouse=True)
def _fresh() -> None:
    _forget()


def _forget() -> None:
    job.settings.cache_clear()
    job.prepare.cache_clear()
