"""Kept frames on a real S3 server, which is away, killed, refusing, or hangs."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.keeping import delivery
from edge.sinks.spool_options import SpoolOptions
from tests.edge.keeping.kept import Kept, ids, noise, show
from tests.edge.scored_frame import DEVICE, scored
from tests.rig.process import HOST
from tests.rig.seaweed import S3, Server
from tests.rig.waiting import wait_until


def in_bucket(s3: S3, bucket: str) -> list[str]:
    listed = s3.client.list_objects_v2(Bucket=bucket)
    return [entry["Key"] for entry in listed.get("Contents", ())]


def use(monkeypatch: pytest.MonkeyPatch, s3: S3) -> None:
    """Have this process talk to that server."""
    for name, value in s3.environ.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def quick(impatient: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is away is asked again soon."""
    for name in ("_PAUSE", "_LONGEST", "_LONGEST_REFUSED"):
        monkeypatch.setattr(delivery, name, 0.1)


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Server:
    """An S3 server that may be killed."""
    return Server(tmp_path_factory.mktemp("s3"))


@contextmanager
def silent_server() -> Iterator[str]:
    """The URL of a server that takes connections and says nothing."""
    with socket.create_server((HOST, 0)) as listening:
        yield f"http://{HOST}:{listening.getsockname()[1]}"


def test_s3(
    tmp_path: Path, s3: S3, bucket: str, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the prefix of a bucket, as in a folder; nothing is left waiting."""
    use(monkeypatch, s3)
    kept = Kept(tmp_path, f"s3://{bucket}/cameras/")
    with kept.running() as keep:
        shown = show(keep, 0, 1, 2)
        wait_until(lambda: keep.status().counts["delivered"] == 3)
        assert keep.status().state == "running"
    assert ids(in_bucket(s3, bucket)) == set(shown)
    assert all(f"/{DEVICE.id}/" in name for name in in_bucket(s3, bucket))
    assert kept.said == []


def test_killed_server(
    tmp_path: Path, own_server: Server, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is killed and started again: every kept frame arrives, and what happened is said
    once.
    """
    use(monkeypatch, own_server.s3)
    with own_server.running():
        bucket = own_server.s3.make_bucket()
        keep = Kept(tmp_path, f"s3://{bucket}").open()
        shown = show(keep, *range(5))
    shown += show(keep, *range(5, 15))
    wait_until(lambda: keep.status().state == "lost")
    keep.close()
    with own_server.running():
        kept = Kept(tmp_path, f"s3://{bucket}")
        with kept.running() as keep:
            wait_until(lambda: not keep.status().counts["waiting"])
        assert ids(in_bucket(own_server.s3, bucket)) == set(shown)


_KEEPS = """
import sys
from pathlib import Path
from tests.edge.keeping.kept import Kept, show
from tests.rig.waiting import wait_until

keep = Kept(Path(sys.argv[1]), sys.argv[2]).open()
show(keep, *range(8))
wait_until(lambda: keep.status().counts["waiting"] == 8)
print("waiting", flush=True)
sys.stdin.read()
"""


def test_killed_process(
    tmp_path: Path, s3: S3, bucket: str, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames of a process that was killed while S3 was away arrive by the next one."""
    place = f"s3://{bucket}/"
    with socket.create_server((HOST, 0)) as closed:
        port = closed.getsockname()[1]
    environ = {**os.environ, **s3.environ, "AWS_ENDPOINT_URL": f"http://{HOST}:{port}"}
    with subprocess.Popen(
        [sys.executable, "-c", _KEEPS, tmp_path, place],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"waiting\n"
        child.send_signal(signal.SIGKILL)
    use(monkeypatch, s3)
    with Kept(tmp_path, place).running() as keep:
        wait_until(lambda: keep.status().counts["delivered"] == 8)
    assert ids(in_bucket(s3, bucket)) == {scored(number).record.id for number in range(8)}


def test_refused(
    tmp_path: Path, s3: S3, bucket: str, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials that are refused are said, once; the frames wait, and go there once they are right."""
    use(monkeypatch, s3)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    kept = Kept(tmp_path, f"s3://{bucket}")
    with kept.running() as keep:
        shown = show(keep, 0, 1, 2)
        wait_until(lambda: keep.status().state == "lost")
        assert "S3 refuses the credentials" in str(keep.status().reason)
        use(monkeypatch, s3)
        wait_until(lambda: keep.status().counts["delivered"] == 3)
        assert keep.status().state == "running"
    assert ids(in_bucket(s3, bucket)) == set(shown)
    first, second = kept.said
    assert "S3 refuses the credentials" in first
    assert "takes frames again" in second


def test_close_while_an_upload_hangs(
    tmp_path: Path, s3: S3, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An upload without an answer is left to itself; its frame stays in the spool, with those that
    were not encoded yet, and the end of the process is not held up.
    """
    use(monkeypatch, s3)
    with silent_server() as endpoint:
        environ = {**os.environ, **s3.environ, "AWS_ENDPOINT_URL": endpoint}
        ended = _KEEPS.replace(
            "sys.stdin.read()", "import time; b = time.monotonic(); keep.close()"
        )
        command = [sys.executable, "-c", ended + "print(time.monotonic() - b)", tmp_path]
        done = subprocess.run(
            [*command, f"s3://{bucket}"], env=environ, capture_output=True, text=True, timeout=60
        )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    # Less than a second; with room for a machine that has other work.
    assert float(done.stdout.splitlines()[1]) < 3
    with Kept(tmp_path, f"s3://{bucket}").running() as keep:
        wait_until(lambda: keep.status().counts["delivered"] == 8)


def test_full_spool(
    tmp_path: Path, s3: S3, bucket: str, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While S3 is away and the spool is full it says so, and what was dropped is counted; what was
    there first arrives.
    """
    use(monkeypatch, s3)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    kept = Kept(tmp_path, f"s3://{bucket}", spool=SpoolOptions(spool_bytes=65_536))
    with kept.running() as keep:
        shown = show(keep, *range(20), pixels=noise(100, 100))
        wait_until(lambda: keep.status().state == "full")
        wait_until(lambda: keep.status().counts["waiting"] + keep.status().counts["dropped"] == 20)
        waiting = keep.status().counts["waiting"]
        assert 0 < waiting < 10
        use(monkeypatch, s3)
        wait_until(lambda: keep.status().state == "running")
        wait_until(lambda: not keep.status().counts["waiting"])
    assert ids(in_bucket(s3, bucket)) == set(shown[:waiting])
    assert any("the spool is full" in line for line in kept.said)
