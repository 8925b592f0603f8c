"""The first thing that `make` runs: an environment with pip, where Debian has neither."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra import bootstrap
from tests.rig.cache import cached
from tests.rig.needs import lack, needs

pytestmark = pytest.mark.long

# What a fresh Debian 12 with Python, git and make has; no pip, no venv's pip.
PACKAGES = "python3,ca-certificates"
NOBODY = "65534:65534"

# Mounts of its own, which go with the program; the machine's names and, at the same paths, its
# settings of pip and its certificates, for the registries that it can reach.
ENTER = """
root=$1; shift
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
for file in /etc/resolv.conf /etc/hosts /etc/ssl/certs/ca-certificates.crt /etc/pip.conf; do
    if [ -e "$file" ]; then touch "$root$file"; mount --bind "$file" "$root$file"; fi
done
exec chroot "$@"
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


def _make_root(folder: Path) -> None:
    words = ["mmdebstrap", "--quiet", "--variant=apt", f"--include={PACKAGES}", "bookworm", "-"]
    with tempfile.TemporaryFile() as archive:
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=archive, timeout=200)
        archive.seek(0)
        subprocess.run(["tar", "-xp", "-C", folder], check=True, stdin=archive)


@pytest.fixture
def debian() -> Iterator[Run]:
    """Runs words in a Debian 12 root, in a folder of it that anyone may write to and that goes
    afterwards; `user` says as whom.
    """
    if os.geteuid() != 0:
        lack("a chroot needs root")
    needs("mmdebstrap", "unshare", "chroot", "tar")
    recipe = hashlib.sha256(PACKAGES.encode()).hexdigest()[:12]
    root = cached(f"bookworm-{recipe}", _make_root)
    with tempfile.TemporaryDirectory(prefix="litescore-", dir=root / "var/tmp") as name:
        folder = Path(name)
        folder.chmod(0o777)
        shutil.copy(bootstrap.__file__, folder / "bootstrap.py")
        inside = f"/{folder.relative_to(root)}"
        passed = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
        environ = passed | {"PATH": "/usr/sbin:/usr/bin", "HOME": inside, "LC_ALL": "C.UTF-8"}

        def run(*words: str, user: str) -> subprocess.CompletedProcess[str]:
            enter = [
                "unshare",
                "--mount",
                "--pid",
                "--fork",
                "--kill-child",
                "sh",
                "-ec",
                ENTER,
                "sh",
                str(root),
            ]
            chroot = [f"--userspec={user}", str(root), "env", "-C", inside, *words]
            return subprocess.run(
                [*enter, *chroot],
                env=environ,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=200,
            )

        yield run


def test_an_unprivileged_user_of_a_fresh_debian_gets_an_environment(debian: Run) -> None:
    """No pip, no ensurepip, no root, and apt's lists never fetched: pip works all the same, and
    Debian itself is as it was.
    """
    lacks = debian("python3", "-c", "import pip", user=NOBODY)
    assert "No module named 'pip'" in lacks.stderr
    assert debian("python3", "-c", "import ensurepip", user=NOBODY).returncode != 0

    done = debian("python3", "bootstrap.py", "made", user=NOBODY)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    says = debian("made/bin/pip", "--version", user=NOBODY)
    assert "/made/lib/python3.11/" in says.stdout, says.stderr
    assert debian("python3", "-c", "import pip", user=NOBODY).returncode != 0


def test_where_nothing_helps_the_package_is_named(debian: Run) -> None:
    """One line with what root has to install; here apt is not to be found."""
    done = debian(
        "/usr/bin/env", "PATH=/none", "/usr/bin/python3", "bootstrap.py", "made", user=NOBODY
    )
    assert done.returncode == 1
    assert done.stderr == (
        "/usr/bin/python3 cannot make an environment: apt-get install python3-venv\n"
    )


@pytest.mark.parametrize("range_", [((3, 8), (3, 10)), ((3, 14), (3, 15))])
def test_another_python_is_refused_by_number(
    range_: tuple[tuple[int, int], tuple[int, int]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Too old as too new, before anything is made; the ranges stand for other Pythons."""
    monkeypatch.setattr(bootstrap, "OLDEST", range_[0])
    monkeypatch.setattr(bootstrap, "NEWEST", range_[1])
    monkeypatch.setattr(sys, "argv", ["bootstrap.py", str(tmp_path / "made")])
    with pytest.raises(SystemExit, match=r"litescore needs Python .* `make PYTHON=") as caught:
        bootstrap.main()
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "made").exists()


def test_this_python_gets_an_environment(tmp_path: Path) -> None:
    """A fresh one, also over what an earlier attempt left."""
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "left").touch()
    words = [sys.executable, bootstrap.__file__, str(tmp_path / "made")]
    done = subprocess.run(words, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    pip = [tmp_path / "made" / "bin" / "python", "-m", "pip", "--version"]
    assert subprocess.run(pip, capture_output=True).returncode == 0
    assert not (tmp_path / "made" / "left").exists()
