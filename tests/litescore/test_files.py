"""Files are written whole or not at all."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from litescore.errors import ConfigurationError
from litescore.files import check_place, write_whole


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    """Folders are made; the second writing replaces the first; nothing is left beside it."""
    path = tmp_path / "a" / "b" / "c.bin"
    assert write_whole(path, b"one") == path
    assert write_whole(str(path), b"two") == path
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


def test_a_place_is_tried_before_long_work(tmp_path: Path) -> None:
    """Its folder is made and stays empty; a place below a file is told by name."""
    check_place(tmp_path / "new" / "x.bin")
    assert list((tmp_path / "new").iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"cannot write .*file/x\.bin: "):
        check_place(tmp_path / "file" / "x.bin")


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_mode_holds_whatever_the_umask(tmp_path: Path, mode: int) -> None:
    """Also over a file that had another; and nobody else may open it while it is written."""
    script = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from litescore.files import write_whole\n"
        "fchmod, path = os.fchmod, Path(sys.argv[1])\n"
        "def watch(number, mode):\n"
        "    print(oct(os.fstat(number).st_mode & 0o777))\n"
        "    fchmod(number, mode)\n"
        "os.fchmod = watch\n"
        "os.umask(0o027)\n"
        "path.touch(0o640)\n"
        "write_whole(path, b'x', mode=int(sys.argv[2]))\n"
    )
    path = tmp_path / "file"
    command = [sys.executable, "-c", script, path, str(mode)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "0o600\n"
    assert path.stat().st_mode & 0o777 == mode


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """A file where a folder should be, a folder where the file should be: by name, and tidy."""
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder" / "inside").mkdir(parents=True)
    with pytest.raises(ConfigurationError, match=r"cannot write .*file.deeper: "):
        write_whole(tmp_path / "file" / "deeper", b"x")
    with pytest.raises(ConfigurationError, match=r"cannot write .*folder: "):
        write_whole(tmp_path / "folder", b"x")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]


def test_a_full_disk(tmp_path: Path) -> None:
    """The old file stays, the half of the new one is gone. A limit on file size is a full disk."""
    path = tmp_path / "old"
    path.write_bytes(b"old")
    script = (
        "import resource, signal, sys\n"
        "from litescore.files import write_whole\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "write_whole(sys.argv[1], bytes(100_000))\n"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True)
    assert f"ConfigurationError: cannot write {path}: File too large" in done.stderr
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_killed_writer_leaves_the_old_file(tmp_path: Path) -> None:
    """Killed between writing and moving into place: what was there is whole."""
    path = tmp_path / "old"
    path.write_bytes(b"old")
    script = (
        "import os, signal, sys\n"
        "from litescore.files import write_whole\n"
        "os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)\n"
        "write_whole(sys.argv[1], b'new')\n"
    )
    done = subprocess.run([sys.executable, "-c", script, path], check=False)
    assert done.returncode == -signal.SIGKILL
    assert path.read_bytes() == b"old"
    (beside,) = set(tmp_path.iterdir()) - {path}
    assert beside.name.startswith(".old.")
