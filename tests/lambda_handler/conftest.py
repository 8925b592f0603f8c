"""The handler in this process: its settings and model as a test's environment says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lambda_handler import changes, scoring
from litescore import results
from litescore.record import Record
from tests.lambda_handler.searched import MODEL, Find, never
from tests.rig.pngs import Pngs
from tests.rig.seaweed import S3
from tests.rig.stub_s3 import StubS3

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
    place = scoring.settings().output
    assert place is not None
    return lambda: list(results.read(place))


@pytest.fixture
def faulty(inputs: str, stub: StubS3, pngs: Pngs, monkeypatch: pytest.MonkeyPatch) -> StubS3:
    """The handler on a server that can be told to fail, with the images `a.png` and `b.png`."""
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("LITESCORE_OUTPUT", "s3://stub/records/")
    body = pngs.paths[0].read_bytes()
    stub.objects = {("stub", "a.png"): body, ("stub", "b.png"): body}
    return stub


def upload(s3: S3, bucket: str, pngs: Pngs, count: int = 5, *, folder: str = "") -> list[str]:
    """Put the first images into a bucket; their keys."""
    keys = [f"{folder}{path.name}" for path in pngs.paths[:count]]
    for key, path in zip(keys, pngs.paths, strict=False):
        s3.client.put_object(Bucket=bucket, Key=key, Body=path.read_bytes())
    return keys


@pytest.fixture(autouse=True)
def _fresh() -> None:
    _forget()


def _forget() -> None:
    scoring.settings.cache_clear()
    scoring.prepare.cache_clear()
    scoring.following.cache_clear()


@pytest.fixture
def find(inputs: str) -> Find:
    """A search of the input bucket for MODEL, without loading a model."""

    def search(
        *,
        model: str = MODEL,
        after: Any = None,
        late: Callable[[], bool] = never,
        **fields: Any,
    ) -> dict[str, Any]:
        asked = {"bucket": inputs, "prefix": "", "max_images": 10_000} | fields
        event = {"changes": asked, "after": after}
        return changes.find(event, scoring.destination(), model, late)

    return search
