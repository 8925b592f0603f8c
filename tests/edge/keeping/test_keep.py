"""Kept frames in a folder and on a real S3 server, which is away, killed, refusing, or hangs."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from edge.frames import Still, tensor
from edge.keeping import delivery
from edge.keeping.keep import Keep
from edge.keeping.options import KeepOptions, open_keep
from edge.sinks.spool_options import SpoolOptions
from litescore import image
from litescore.contract import Contract
from litescore.errors import ConfigurationError, UsageError
from litescore.record import Record
from litescore.view import View
from tests.edge.conftest import RED
from tests.edge.scored_frame import CONTRACT, DEVICE, scored
from tests.rig.full import full
from tests.rig.process import HOST
from tests.rig.seaweed import S3, Server
from tests.rig.waiting import wait_until

ALL = {"keep_when": ("every:1",), "keep_per_day": 0, "keep_at_most_every": 0.0}


class Kept:
    """A Keep of every frame, its state in `folder`, and what it said."""

    def __init__(
        self, folder: Path, place: object, *, spool: SpoolOptions | None = None, **options: object
    ) -> None:
        self.said: list[str] = []
        self.spool = spool or SpoolOptions()
        self.folder, self.place, self.options = folder, str(place), options

    def open(self) -> Keep:
        keep = open_keep(
            KeepOptions(self.place, **{**ALL, **self.options}),  # type: ignore[arg-type]
            device=DEVICE,
            labels=CONTRACT.labels,
            state=self.folder / "state",
            spool=self.spool,
            say=self.said.append,
        )
        assert keep is not None
        return keep

    @contextmanager
    def running(self) -> Iterator[Keep]:
        keep = self.open()
        try:
            yield keep
        finally:
            keep.close()


def show(keep: Keep, *numbers: int, pixels: NDArray[np.uint8] | None = None) -> list[str]:
    """Show it frames, none faster than it takes them; their ids."""
    frames = [scored(number, pixels=pixels) for number in numbers]
    for frame in frames:
        wait_until(lambda: keep._queue.empty())
        keep.see(frame)
    return [frame.record.id for frame in frames]


def ids(names: list[str]) -> set[str]:
    """Of the frames of which both objects are there."""
    found = [Path(name) for name in names]
    pictures = {path.stem for path in found if path.suffix != ".json"}
    assert pictures >= {path.stem for path in found if path.suffix == ".json"}
    return pictures & {path.stem for path in found if path.suffix == ".json"}


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


def noise(height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_folder(tmp_path: Path) -> None:
    """A picture and its record lie under the day and the device, by the record's id."""
    kept = Kept(tmp_path, tmp_path / "kept", keep_when=("label:red", "every:2", "label:blue"))
    with kept.running() as keep:
        keep.see(scored(0, (0.1, 0.9, 0)))
        keep.see(scored(1))
    frame = scored(1)
    day = time.strftime("%Y-%m-%d", time.gmtime(frame.at))
    folder = tmp_path / "kept" / f"dt={day}" / DEVICE.id
    (picture,) = folder.glob("*.jpg")
    record = Record.from_json((folder / f"{picture.stem}.json").read_bytes())
    assert picture.stem == record.id == frame.record.id
    assert record.label == "red"
    assert record.frame is not None
    assert record.frame["number"] == 1
    assert record.frame["kept"] == {"rules": ["label:red", "every:2"], "picture": picture.name}
    assert np.abs(np.asarray(image.decode(picture.read_bytes())).astype(int) - RED).max() <= 3
    assert len(list(folder.iterdir())) == 2
    assert kept.said == []


def test_png_gives_the_tensor_that_was_scored(tmp_path: Path) -> None:
    """The kept PNG of a turned, cropped, mirrored and inverted camera, through batch scoring's way,
    is the very tensor that the loop scored; the record says the view.
    """
    view = View(rotate=90, mirror=True, region=(4, 8, 30, 40), invert=True)
    contract = Contract(CONTRACT.labels, "rgb", 8, 8, view=view)
    frame = scored(0, pixels=noise(), contract=contract)
    with Kept(tmp_path, tmp_path / "kept", keep_format="png").running() as keep:
        keep.see(frame)
    (path,) = (tmp_path / "kept").rglob("*.png")
    seen = image.decode_to_tensor(path.read_bytes(), contract, budget=image.PixelBudget())
    assert np.array_equal(seen, tensor(frame.frame, contract))
    assert np.array_equal(image.fit(image.decode(path.read_bytes()), contract), seen)
    stated = json.loads(path.with_suffix(".json").read_text())["frame"]["view"]
    assert View.from_json(stated) == view


def test_image_file_stays_as_it_is(tmp_path: Path) -> None:
    """Of an image file its own bytes are kept, under its own format's name."""
    data = io.BytesIO()
    Image.fromarray(noise()).save(data, "JPEG", quality=30)
    with Kept(tmp_path, tmp_path / "kept", keep_format="png").running() as keep:
        keep.see(scored(0, pixels=Still(data.getvalue(), 10_000)))
    (path,) = (tmp_path / "kept").rglob("*.jpeg")
    assert path.read_bytes() == data.getvalue()


def test_pace_and_quota(tmp_path: Path) -> None:
    """Within the seconds nothing more is kept; beyond the quota nothing, also by another process."""
    kept = Kept(tmp_path, tmp_path / "kept", keep_at_most_every=600.0)
    with kept.running() as keep:
        show(keep, *range(5))
    assert len(list((tmp_path / "kept").rglob("*.json"))) == 1
    kept = Kept(tmp_path, tmp_path / "more", keep_per_day=20)
    for numbers in (range(10), range(10, 20)):
        with kept.running() as keep:
            show(keep, *numbers)
    assert len(list((tmp_path / "more").rglob("*.json"))) == 5
    assert keep.status().counts["over_quota"] == 10


def test_faster_than_the_disk(tmp_path: Path) -> None:
    """Frames that come faster than they are written do not hold up the loop: they are left out,
    counted, and told at the end.
    """
    kept = Kept(tmp_path, tmp_path / "kept")
    large = np.zeros((1500, 2000, 3), np.uint8)
    frames = [scored(number, pixels=large) for number in range(50)]
    with kept.running() as keep:
        for frame in frames:
            keep.see(frame)
        dropped = keep.status().counts["dropped"]
        wait_until(lambda: keep.status().counts["delivered"] == 50 - dropped)
    assert dropped > 0
    assert kept.said == [f"keep: {dropped} frames lost: they came faster than they were written"]


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
from tests.edge.keeping.test_keep import Kept, show
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


_ON_A_FULL_DISK = """
import subprocess, sys
from pathlib import Path
from edge.keeping import delivery
from tests.edge.keeping.test_keep import Kept, show
from tests.rig.waiting import wait_until

delivery._PAUSE = delivery._LONGEST = 0.1
folder = Path(sys.argv[1])
filler = folder / "filler"
filler.unlink()
keep = Kept(folder, folder / "kept").open()
show(keep, 0, 1)
wait_until(lambda: keep.status().counts["delivered"] == 2)
try:
    filler.write_bytes(bytes(1 << 20))
except OSError:
    pass
show(keep, *range(2, 10))
wait_until(lambda: keep.status().state != "running")
print(keep.status().state, keep.status().reason)
subprocess.run(["mount", "-o", "remount,size=4m", folder], check=True)
wait_until(lambda: keep.status().counts["delivered"] == 10)
keep.close()
print(len(list((folder / "kept").rglob("*.json"))), len(list((folder / "kept").rglob("*.jpg"))))
"""


def test_full_disk(tmp_path: Path) -> None:
    """Frames for a folder on a full disk wait, be it in memory, until there is room."""
    command = [*full(tmp_path), sys.executable, "-c", _ON_A_FULL_DISK, tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    reason, written = done.stdout.splitlines() or [done.stderr, ""]
    assert reason.startswith("full cannot write ")
    assert reason.endswith("No space left on device")
    assert written == "10 10"


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


def test_nothing_to_keep(tmp_path: Path) -> None:
    """Without a place there is nothing."""
    assert (
        open_keep(
            KeepOptions(),
            device=DEVICE,
            labels=CONTRACT.labels,
            state=tmp_path,
            spool=SpoolOptions(),
            say=print,
        )
        is None
    )


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (lambda _: {"keep": None, "keep_when": ("change",)}, UsageError, "name one with --keep"),
        (lambda _: {"keep": "x", "keep_when": ()}, UsageError, "--keep-when least-sure:0.6"),
        (lambda _: {"keep": "gs://b/x"}, UsageError, "--keep gs://b/x: a folder, or s3://"),
        (lambda _: {"keep": "s3://b/a//b/"}, UsageError, "--keep s3://b/a//b/: no //"),
        (lambda _: {"keep": "s3:///x"}, ConfigurationError, "is not an S3 URL"),
        (lambda _: {"keep": "x", "keep_when": ("label:purple",)}, UsageError, "has no such label"),
        (
            lambda file: {"keep": f"{file}/x"},
            ConfigurationError,
            "cannot keep frames in .*Not a dir",
        ),
    ],
)
def test_refused_options(
    tmp_path: Path,
    options: Callable[[Path], dict[str, object]],
    error: type[Exception],
    message: str,
) -> None:
    """One line that names the option, its value and what would do."""
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(error, match=message):
        open_keep(
            KeepOptions(**{**ALL, **options(file)}),  # type: ignore[arg-type]
            device=DEVICE,
            labels=CONTRACT.labels,
            state=tmp_path / "state",
            spool=SpoolOptions(),
            say=print,
        )
