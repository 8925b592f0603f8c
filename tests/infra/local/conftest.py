"""What the tests of the local cloud share: no cloud of the user's, and a job that has run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from infra.local import page
from infra.local.cloud import LocalCloud
from litescore import results
from tests.rig.pngs import Pngs

LETTER = '{"Records": [{"s3": {"bucket": {"name": "b"}, "object": {"key": "a+letter.png"}}}]}'


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which local clouds run is asked of a folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("user")))


@pytest.fixture(scope="module")
def job(
    cloud: LocalCloud,
    pngs: Pngs,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LocalCloud]:
    """The cloud after a few images, a broken one among them, and with a dead letter in it."""
    s3, sqs = cloud.client("s3"), cloud.client("sqs")
    # Other keys in each module: the same ones would make records that are there already.
    folder = request.module.__name__.rpartition(".")[2]
    for path in pngs.paths[:8]:
        s3.upload_file(str(path), cloud.input_bucket, f"{folder}/{path.name}")
    s3.put_object(
        Bucket=cloud.input_bucket, Key=f"{folder}/broken.png", Body=b"\x89PNG and no more"
    )
    dead = cloud.stack.outputs["DeadLetterQueueUrl"]
    sqs.send_message(QueueUrl=dead, MessageBody=LETTER)
    records = tmp_path_factory.mktemp("records")
    until(lambda: lines(cloud, records, f"{folder}/") == 9)
    # What was answered is taken from the queue a moment after its records are written.
    until(lambda: waiting(cloud, cloud.stack.outputs["QueueUrl"]) == 0)
    yield cloud
    sqs.purge_queue(QueueUrl=dead)


@pytest.fixture
def url(job: LocalCloud) -> Iterator[str]:
    """The page of that cloud."""
    with page.shown(job.account, job.stack) as found:
        yield found


def waiting(cloud: LocalCloud, queue: str) -> int:
    """Messages in a queue, those that somebody has received included."""
    found = cloud.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])
    numbers = found["Attributes"]
    names = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")
    return sum(int(numbers[name]) for name in names)


def until(found: Callable[[], Any], seconds: float = 60) -> Any:
    """The first true answer."""
    end = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)
    return answer


def keys(cloud: LocalCloud, bucket: str) -> set[str]:
    """Of the objects in a bucket."""
    pages = cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {entry["Key"] for page in pages for entry in page.get("Contents", ())}


def lines(cloud: LocalCloud, folder: Path, prefix: str = "") -> int:
    """Records that came so far of images below the prefix; copied into the folder."""
    cloud.download(folder)
    start = f"s3://{cloud.input_bucket}/{prefix}"
    records = results.read(folder) if folder.is_dir() else ()
    return sum(record.source.startswith(start) for record in records)
