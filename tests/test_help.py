"""Every command explains itself, and every error is one line: held over the table of commands."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from litescore.cli import COMMANDS, litescore
from tests.rig.pngs import Pngs


def commands_under(name: str) -> Iterator[tuple[str, click.Command]]:
    """The command of the table with all its subcommands, each with its words."""
    command = litescore.get_command(click.Context(litescore), name)
    assert command is not None
    waiting = [(name, command)]
    while waiting:
        words, command = waiting.pop()
        yield words, command
        if isinstance(command, click.Group):
            waiting += [(f"{words} {sub}", found) for sub, found in command.commands.items()]


def litescore_says(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """What `litescore WORDS...` answers, in a process of its own."""
    command = [sys.executable, "-m", "litescore", *words]
    environ = os.environ | variables
    return subprocess.run(
        command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    """The help of each command and subcommand shows a line that can be typed."""
    for words, command in commands_under(name):
        context = click.Context(command, info_name=words)
        shown = command.get_help(context)
        assert "Example:\n" in shown, words
        example = shown.partition("Example:\n")[2]
        group = isinstance(command, click.Group)
        assert f"litescore {words}" + (" " if group else "") in example, (words, example)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_tells_the_commands_own_short_help(name: str) -> None:
    """`litescore --help` does not load the rooms; what it says of them is what they say."""
    (_, command), *_ = commands_under(name)
    assert command.get_short_help_str(limit=1000) == COMMANDS[name][1]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_help(name: str) -> None:
    """No option without a word on what it does."""
    for words, command in commands_under(name):
        options = [option for option in command.params if isinstance(option, click.Option)]
        mute = [option.opts[0] for option in options if not option.help]
        assert not mute, words


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_loaded_by_its_room_alone(name: str) -> None:
    """The help of a command comes without TensorFlow, boto3 or OpenCV being imported."""
    code = (
        "import sys; from litescore.cli import litescore\n"
        f"litescore.main([{name!r}, '--help'], standalone_mode=False)\n"
        "heavy = {'tensorflow', 'keras', 'boto3', 'cv2', 'matplotlib'} & set(sys.modules)\n"
        "raise SystemExit(f'imports {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("room", ["trainer", "export", "edge"])
def test_each_room_answers_by_itself(room: str) -> None:
    """`python -m ROOM --help` works beside `litescore`."""
    command = [sys.executable, "-m", room, "--help"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Usage:" in done.stdout


def test_the_commands_are_listed() -> None:
    """`litescore --help` names every command of the table."""
    shown = litescore_says("--help").stdout
    for name, (_, short) in COMMANDS.items():
        assert name in shown
        assert short.split()[0] in shown


@pytest.mark.parametrize("words", [["nosuch"], ["--nosuch"], ["inspect"], ["inspect", "--nosuch"]])
def test_wrong_words_are_wrong_usage(words: list[str]) -> None:
    """An unknown command, an unknown option and a missing argument exit with 2, untraced."""
    done = litescore_says(*words)
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in done.stderr


def test_completing_behind_an_unknown_command_says_nothing() -> None:
    """A Tab is no command: an error would be written into the line that is being typed."""
    completed = ShellComplete(litescore, {}, "litescore", "_LITESCORE_COMPLETE")
    found = completed.get_completions(["scroe"], "--he")
    assert [one.value for one in found] == ["--help"]


@pytest.fixture
def text_file(tmp_path: Path) -> Path:
    """A file that is called a model and is none."""
    path = tmp_path / "model.tflite"
    path.write_text("not a model\n" * 100)
    return path


def test_an_error_is_one_line(text_file: Path) -> None:
    """A file that is no model: exit 3, one line that names it, no traceback."""
    done = litescore_says("inspect", str(text_file))
    assert done.returncode == 3
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
    assert str(text_file) in line


def test_debug_shows_where(text_file: Path) -> None:
    """With --debug the traceback comes before the line."""
    done = litescore_says("--debug", "inspect", str(text_file))
    assert done.returncode == 3
    assert done.stderr.startswith("Traceback")
    assert done.stderr.splitlines()[-1].startswith("Error: ")


def test_a_wrong_setting_is_wrong_usage(pngs: Pngs, int8_model: Path) -> None:
    """A variable of the environment that cannot be read is named with its value; exit 2."""
    done = litescore_says(
        "score", str(pngs.folder), "--model", str(int8_model), LITESCORE_THREADS="many"
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("Error: LITESCORE_THREADS='many' is not ")
