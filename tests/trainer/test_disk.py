"""Whether a finished training finds room, told before the first epoch."""

from __future__ import annotations

from pathlib import Path

import pytest

from litescore.errors import ConfigurationError
from trainer import disk


def test_what_finds_no_room_is_refused(tmp_path: Path) -> None:
    """The error names the folder, what is needed and what is free."""
    with pytest.raises(ConfigurationError) as raised:
        disk.check(tmp_path, 10_000_000, free=129_999_999)
    assert f"needs 130 MB in {tmp_path}, 130 MB are free" in str(raised.value)
    assert "--out" in str(raised.value)
    disk.check(tmp_path, 10_000_000, free=130_000_000)


def test_the_disk_itself_is_asked(tmp_path: Path) -> None:
    """No disk holds a model of 10^18 weights, though its folder is not made yet."""
    with pytest.raises(ConfigurationError, match="MB are free"):
        disk.check(tmp_path / "run", 10**18)
