"""What the tests of `litescore edge install` look at: where things lie, and what was said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from litescore.errors import LitescoreError

Install = Callable[..., Result]
PROGRAM = "/opt/litescore/bin/litescore"
ETC, STATE = Path("etc/litescore"), Path("var/lib/litescore-edge")


def refusal(result: Result) -> str:
    assert isinstance(result.exception, LitescoreError), result.output
    return str(result.exception)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777
