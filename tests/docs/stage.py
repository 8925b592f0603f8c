"""Where a page plays."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.docs.shell import Shell
from tests.rig.seaweed import S3


@dataclass(frozen=True)
class Stage:
    """Where a page plays: its terminal, and an S3 server once a scene asks for one."""

    shell: Shell
    s3: Callable[[], S3]

    @property
    def folder(self) -> Path:
        return self.shell.folder
