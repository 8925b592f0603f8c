"""A lock that another process has, and one that cannot be had at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from litescore import lock
from litescore.errors import ConfigurationError
from litescore.store import conditional


def test_a_file_system_without_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is told, and not waited for: no such file system can be had here, so its answer is made."""

    def answer(_file: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(lock, "_take", answer)
    with pytest.raises(OSError, match="No locks"), lock.held_if_free(tmp_path / "lock"):
        pass
    with pytest.raises(ConfigurationError, match=r"cannot lock .*stable.json: No locks"):
        conditional.replace(str(tmp_path / "stable.json"), b"{}", None)


def test_another_has_it(tmp_path: Path) -> None:
    """Then it is free again."""
    path = tmp_path / "lock"
    with lock.held_if_free(path) as first, lock.held_if_free(path) as second:
        assert (first, second) == (True, False)
    with lock.held_if_free(path) as third:
        assert third
