"""A command with no room for temporary files: TMPDIR is full, and nowhere else is one let write.

In a mount namespace of the command's own: a tiny tmpfs, filled to the last byte, and read-only views
of where Python and SQLite look next. All that lies there can still be read.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.rig.needs import lack, needs

_SCRIPT = """
set -e
for place in /tmp /var/tmp "$PWD"; do
    mount --bind "$place" "$place"
    mount -o remount,bind,ro "$place"
done
cd "$PWD"
mount -t tmpfs -o size=64k full "$1"
dd if=/dev/zero of="$1/filler" 2>/dev/null || true
export TMPDIR="$1"
shift
exec "$@"
"""


def full(folder: Path) -> list[str | Path]:
    """What to put before a command so that it runs with `folder` as its TMPDIR, which is full.

    Skips the test where nothing can be mounted.
    """
    needs("unshare", "mount", "dd")
    namespace = [
        str(shutil.which("unshare")),
        "--mount",
        *([] if os.geteuid() == 0 else ["--map-root-user"]),
    ]
    before = [*namespace, "sh", "-c", _SCRIPT, "full", folder]
    tried = subprocess.run([*before, "true"], capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        lack(f"nothing can be mounted here: {tried.stderr.strip()}")
    return before
