"""Kept frames in a folder: what is kept, in which form, and how much of it."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge.frames import Still, tensor
from edge.keeping.options import KeepOptions, open_keep
from edge.sinks.spool_options import SpoolOptions
from litescore import image
from litescore.contract import Contract
from litescore.errors import ConfigurationError, UsageError
from litescore.record import Record
from litescore.view import View
from tests.edge.conftest import RED
from tests.edge.keeping.kept import ALL, Kept, noise, show
from tests.edge.scored_frame import CONTRACT, DEVICE, scored
from tests.rig.full import full
from tests.rig.waiting import wait_until


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


_ON_A_FULL_DISK = """
import subprocess, sys
from pathlib import Path
from edge.keeping import delivery
from tests.edge.keeping.kept import Kept, show
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
