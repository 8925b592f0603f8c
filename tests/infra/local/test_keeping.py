"""A cloud that is kept: ended and started again, at another port, by a SIGKILL, with another zip."""

from __future__ import annotations

import json
import os
import signal
import socket
import zipfile
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from infra.local import cloud as local
from infra.local import keeping
from infra.local.cloud import LocalCloud
from infra.package.build import Package
from litescore.errors import ConfigurationError
from tests.infra.local.conftest import keys, lines, until, waiting
from tests.rig.pngs import Pngs


def small_zip(folder: Path) -> Path:
    """Of a function that does nothing."""
    path = folder / "small.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("lambda_handler/__init__.py", "def handler(event, context): return {}")
    return path


def put(cloud: LocalCloud, path: Path, key: str) -> None:
    cloud.client("s3").upload_file(str(path), cloud.input_bucket, key)


def port(cloud: LocalCloud) -> int:
    return urlsplit(cloud.endpoint).port or 0


def code(cloud: LocalCloud) -> str:
    """The digest of what the function runs."""
    name = cloud.stack.outputs["FunctionName"]
    found = cloud.client("lambda").get_function_configuration(FunctionName=name)
    return str(found["CodeSha256"])


def kill(cloud: LocalCloud) -> None:
    program = cloud.server.program
    os.killpg(program.pid, signal.SIGKILL)
    assert program.wait(10) is not None


@pytest.mark.parametrize("held", ["abc", 99_999, -1, 1.5, True, None], ids=str)
def test_an_address_that_is_none_counts_as_none(held: object, tmp_path: Path) -> None:
    """It comes back at any port that is free."""
    (tmp_path / "cloud.json").write_text(json.dumps({"port": held}))
    assert 1024 < keeping.port(tmp_path, 0) < 1 << 16


def test_a_kept_cloud_comes_back(built: Package, pngs: Pngs, tmp_path: Path) -> None:
    """Ended and started again: images, records, dead letters and log are there, at the same port,
    and new images are scored. So at another port, where that one is in use. A SIGKILL loses what
    is not an object. Another zip is deployed, the same one is not.
    """
    home, records = tmp_path / "home", tmp_path / "records"
    with local.running(built.path, keep=home) as cloud:
        first, digest = cloud.endpoint, code(cloud)
        put(cloud, pngs.paths[0], "first.png")
        until(lambda: lines(cloud, records) == 1)
        dead = cloud.stack.outputs["DeadLetterQueueUrl"]
        cloud.client("sqs").send_message(QueueUrl=dead, MessageBody="a letter")
        with (
            pytest.raises(ConfigurationError, match="in use by another local cloud"),
            local.running(built.path, keep=home),
        ):
            pass
        before, taken = cloud.log_tail(), port(cloud)
        # Another program takes the port as soon as it is free.
        blocker = socket.socket()
        blocker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)

    blocker.bind(("127.0.0.1", taken))
    blocker.listen()
    with blocker, local.running(built.path, keep=home) as cloud:
        assert cloud.endpoint != first
        assert code(cloud) == digest
        assert cloud.log_tail() == before
        assert waiting(cloud, cloud.stack.outputs["DeadLetterQueueUrl"]) == 1
        put(cloud, pngs.paths[1], "second.png")
        until(lambda: lines(cloud, records) == 2)
        second = cloud.endpoint
        kill(cloud)

    with local.running(small_zip(tmp_path), keep=home) as cloud:
        assert cloud.endpoint == second
        assert keys(cloud, cloud.input_bucket) == {"first.png", "second.png"}
        assert len(keys(cloud, cloud.stack.outputs["OutputBucket"])) == 2
        assert code(cloud) != digest


def test_killed_at_its_very_first_start_it_starts_again(tmp_path: Path) -> None:
    """Its state was written once before anybody could use it, so buckets that are there belong to
    a stack that is there; objects without any state are of no stack, and go.
    """
    home, package = tmp_path / "home", small_zip(tmp_path)
    left = home / "s3" / "000000000000" / "litescore-input-000000000000-us-east-1"
    left.mkdir(parents=True)
    (left / "orphan.png").write_bytes(b"")
    with local.running(package, keep=home) as cloud:
        assert keys(cloud, cloud.input_bucket) == set()
        kill(cloud)
    with local.running(package, keep=home) as cloud:
        assert cloud.stack.outputs["InputBucket"] == cloud.input_bucket


def test_a_folder_of_other_things_is_refused(tmp_path: Path) -> None:
    """Nothing of them is touched, and nothing is put beside them."""
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ConfigurationError, match=r"holds thesis\.txt"), keeping.held(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """Here a file in its place."""
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ConfigurationError, match="cannot keep a cloud in") as caught,
        keeping.held(tmp_path / "file"),
    ):
        pass
    assert "\n" not in str(caught.value)
