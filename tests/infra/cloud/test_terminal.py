"""What others named comes to the terminal as letters: none of them steers it."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from infra.cloud import redrive_command, status_text
from infra.cloud.backfills import command, runs
from infra.cloud.backfills.following import Result
from infra.cloud.dead_letters import Letter
from infra.cloud.redrive import Waiting
from litescore import cli
from litescore.errors import ConfigurationError

# Clears the screen; writes a line of its own; turns what follows around. Spaces of other widths stay.
KEY = "s3://b/9.41\u202fAM\u3000\x1b[2Ja\n0 dead letters\u202eb\x9b.png"
SEEN = "s3://b/9.41\u202fAM\u3000\ufffd[2Ja\ufffd0 dead letters\ufffdb\ufffd.png"


def test_status_shows_keys_as_letters() -> None:
    """In a record's line, and in what AWS says."""
    record = {"source": KEY, "member": None, "status": "failed", "kind": "corrupt", "at": "now"}
    lines = list(status_text.lines({"records": {"newest": [record]}, "queue": {"unknown": KEY}}))
    assert SEEN in lines[0]
    assert SEEN in lines[1]


def test_redrive_shows_dead_letters_as_letters() -> None:
    """Keys, and what the log says of them."""
    letter = Letter(KEY, datetime.now(UTC), reason=KEY)
    text = redrive_command._shown(Waiting(1, (letter,)), None)
    assert len(text.splitlines()) == 2
    assert f"{SEEN}: {SEEN}" in text


def test_a_backfill_shows_failures_as_letters() -> None:
    """The keys of batches that failed, and why the run did."""
    failures: Any = [KEY]
    progress: Any = SimpleNamespace(status="FAILED", reason=KEY, total=1, succeeded=0, failed=1)
    found = Result(runs.Run("arn", "run", datetime.now(UTC)), progress, 0.0, None, failures, None)
    stack: Any = SimpleNamespace(outputs={})
    text = "\n".join(command._told(found, stack))
    assert text.count(SEEN) == 2
    assert len(text.splitlines()) == 3


def test_an_error_is_letters(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever it names; its lines stay lines."""
    cli._report(ConfigurationError(f"{KEY}\tlast"), 3, debug=False)
    told = capsys.readouterr().err
    assert told == f"Error: {SEEN.replace(chr(0xFFFD) + '0', chr(10) + '0')}\tlast\n"
