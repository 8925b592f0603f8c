"""The options of following a channel: what no clock can wait for is refused as a word."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from edge.cli import edge


@pytest.mark.parametrize("option", ["--check-every", "--trial"])
@pytest.mark.parametrize("seconds", ["inf", "nan", "1e11", "-1"])
@pytest.mark.parametrize("command", ["run", "collect"])
def test_seconds_that_nobody_can_wait_for(command: str, option: str, seconds: str) -> None:
    """Exit code 2, naming the option; else the thread that follows would end without a word."""
    words = [command, option, seconds, "--model", "none/shoes@stable", "--to", "kept"]
    done = CliRunner().invoke(edge, words if command == "collect" else words[:-2])
    assert done.exit_code == 2
    assert f"Invalid value for '{option}'" in done.output


@pytest.mark.parametrize("words", [("--check-every", "86400"), ("--trial", "2592000")])
def test_the_longest_that_is_taken(words: tuple[str, str]) -> None:
    """A day from look to look, and a trial of thirty."""
    done = CliRunner().invoke(edge, ["run", *words])
    assert "Missing option '--source'" in done.output
