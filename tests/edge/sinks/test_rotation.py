"""Files that are set aside: by two loops at once, and where they cannot be moved."""

from __future__ import annotations

import fcntl
import gzip
import os
import random
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest

from edge.sinks.rotation import Aside
from tests.rig.needs import lack, needs
from tests.rig.waiting import wait_until


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "records.jsonl"


@pytest.fixture
def plain(out: Path) -> Path:
    """A file that was set aside and takes a while to pack."""
    path = out.with_name("records.000001.jsonl")
    path.write_bytes(random.Random(0).randbytes(6 << 20).hex().encode())
    return path


def part_of(plain: Path) -> Path:
    return plain.with_name(f".{plain.name}.part")


def packed_of(plain: Path) -> Path:
    return plain.with_name(f"{plain.name}.gz")


def test_two_loops_pack_one_file(out: Path, plain: Path) -> None:
    """What one loop is packing, another that starts meanwhile leaves to it: the part is never cut,
    and whole in the end.
    """
    whole = plain.read_bytes()
    one = Aside(out, None)
    wait_until(lambda: part_of(plain).exists() and part_of(plain).stat().st_size > 0)
    first = part_of(plain).stat()
    other = Aside(out, None)
    sizes = [first.st_size]

    def packed() -> bool:
        with suppress(FileNotFoundError):
            now = part_of(plain).stat()
            if os.path.samestat(now, first):
                sizes.append(now.st_size)
        return not plain.exists()

    wait_until(packed)
    one.close()
    other.close()
    assert len(sizes) > 1
    assert sizes == sorted(sizes)
    assert gzip.decompress(packed_of(plain).read_bytes()) == whole
    assert list(out.parent.iterdir()) == [packed_of(plain)]


def test_part_of_another_process(out: Path, plain: Path) -> None:
    """A part that another process holds is not touched, and the next file packed; after that process
    crashed its part is taken over.
    """
    whole = plain.read_bytes()
    following = out.with_name("records.000002.jsonl")
    following.write_bytes(b"{}\n")
    with part_of(plain).open("wb") as part:
        fcntl.flock(part, fcntl.LOCK_EX)
        part.write(b"half")
        part.flush()
        aside = Aside(out, None)
        wait_until(lambda: not following.exists())
        aside.close()
        assert part_of(plain).read_bytes() == b"half"
        assert plain.exists()
    aside = Aside(out, None)
    wait_until(lambda: not plain.exists())
    aside.close()
    assert gzip.decompress(packed_of(plain).read_bytes()) == whole


def test_part_that_was_renamed_before_the_lock(
    out: Path, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A part that another process finished between our opening and our locking it is not cut.

    The lock is patched as nothing else hits that moment: it is the real one, a rename before it.
    """
    lock = fcntl.flock
    whole = gzip.compress(plain.read_bytes(), 1)
    part_of(plain).write_bytes(whole)

    def late(file: int, operation: int) -> None:
        if not locked.is_set():
            part_of(plain).rename(packed_of(plain))
        lock(file, operation)
        locked.set()

    locked = Event()
    monkeypatch.setattr(fcntl, "flock", late)
    aside = Aside(out, None)
    assert locked.wait(60)
    aside.close()
    assert packed_of(plain).read_bytes() == whole
    assert sorted(out.parent.iterdir()) == [plain, packed_of(plain)]


# A mount cannot be renamed: EBUSY, also for root.
_ON_A_MOUNT = """
import subprocess, sys
from pathlib import Path
from edge.sinks import rotation

out = Path(sys.argv[1])
out.touch()
subprocess.run(["mount", "--bind", out, out], check=True)
file = rotation.RotatedFile(out, max_bytes=10)
for number in range(20):
    file.append(b"%07d\\n" % number)
subprocess.run(["umount", "--lazy", out], check=True)
file.append(b"soon...\\n")
print(*sorted(path.name for path in out.parent.iterdir()), out.read_text().count("\\n"))
rotation._PAUSE = 0
file.append(b"later..\\n")
file.close()
print(*sorted(path.name.removesuffix(".gz") for path in out.parent.iterdir()), out.read_text())
"""


def test_file_that_cannot_be_moved(out: Path) -> None:
    """Lines go on into a file that cannot be set aside; it is tried again after a pause, under the
    first number.
    """
    needs("unshare", "mount", "umount")
    namespace = [
        str(shutil.which("unshare")),
        "--mount",
        *([] if os.geteuid() == 0 else ["--map-root-user"]),
    ]
    bind = [*namespace, "mount", "--bind", out.parent, out.parent]
    tried = subprocess.run(bind, capture_output=True, text=True)
    if tried.returncode != 0:
        lack(f"nothing can be mounted here: {tried.stderr.strip()}")
    command = [*namespace, sys.executable, "-c", _ON_A_MOUNT, out]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[:2] == [
        "records.jsonl 21",
        "records.000001.jsonl records.jsonl later..",
    ]
