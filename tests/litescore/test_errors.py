"""The hierarchy of errors and the exit codes that go with it."""

from __future__ import annotations

import inspect
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from litescore import cli, errors
from litescore.errors import LitescoreError, MissingDependency, PermanentError
from tests.litescore.conftest import picture_bytes

CLASSES = [
    one
    for _, one in inspect.getmembers(errors, inspect.isclass)
    if issubclass(one, Exception) and one is not LitescoreError
]
CODES = {"UsageError": 2, "UnknownEvent": 2, "GateError": 1}


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_is_drawn_with_its_exit_code(error: type[LitescoreError]) -> None:
    """The picture at the top of the module names each, and the code is what DESIGN.md says."""
    assert f"─ {error.__name__} " in f"{errors.__doc__} "
    assert issubclass(error, LitescoreError)
    assert error.exit_code == CODES.get(error.__name__, 3)


def test_a_permanent_error_has_a_known_kind() -> None:
    """Kind and reason; another kind is a mistake in the code."""
    error = PermanentError("corrupt", "0 bytes")
    assert (error.kind, error.reason, str(error)) == ("corrupt", "0 bytes", "corrupt: 0 bytes")
    with pytest.raises(ValueError, match="unknown kind 'odd': one of corrupt, unsupported"):
        PermanentError("odd", "")


def test_a_missing_dependency_says_what_to_type() -> None:
    """The line for pip, with the extra."""
    error = MissingDependency("cv2", extra="edge")
    assert str(error) == "cv2 is not installed: pip install 'litescore[edge]'"


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_crosses_processes(error: type[LitescoreError]) -> None:
    """Decoding workers and jobs are processes: what they raise arrives whole."""
    words = {PermanentError: ("gone", "it"), MissingDependency: ("cv2", "edge")}
    raised = error(*words.get(error, ("words",)))
    arrived = pickle.loads(pickle.dumps(raised))
    assert type(arrived) is error
    assert (str(arrived), vars(arrived)) == (str(raised), vars(raised))


@pytest.mark.parametrize(
    ("raised", "code", "said"),
    [
        (errors.UsageError("words"), 2, "Error: words\n"),
        (errors.ModelError("model"), 3, "Error: model\n"),
        (errors.GateError("gate"), 1, "Error: gate\n"),
        (PermanentError("gone", "it"), 3, "Error: gone: it\n"),
        (PermissionError(13, "Permission denied", "x"), 3, "Error: [Errno 13] Permission"),
        (ModuleNotFoundError("No module named 'x'", name="x"), 3, "Error: "),
        (KeyboardInterrupt(), 130, "stopped\n"),
        (click.UsageError("words"), 2, "Error: words\n"),
    ],
)
def test_exit_codes(
    capsys: pytest.CaptureFixture[str], raised: BaseException, code: int, said: str
) -> None:
    """What a command raises becomes one line and a code."""

    @click.command()
    def fail() -> None:
        raise raised

    with pytest.raises(SystemExit) as left:
        cli.run(fail, [])
    assert left.value.code == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("given", "code"), [(None, 0), (0, 0), (1, 1)])
def test_what_a_command_returns_is_its_exit_code(given: int | None, code: int) -> None:
    """Nothing is 0."""

    @click.command()
    def done() -> int | None:
        return given

    with pytest.raises(SystemExit) as left:
        cli.run(done, [])
    assert left.value.code == code


def test_a_mistake_in_the_code_is_not_hidden() -> None:
    """What litescore does not raise on purpose comes out with its traceback."""

    @click.command()
    def broken() -> None:
        raise KeyError("mistake")

    with pytest.raises(KeyError, match="mistake"):
        cli.run(broken, [])


@pytest.fixture
def slow(tmp_path: Path, small_model: Path) -> list[str]:
    """Words that score three thousand images to standard output."""
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(3000):
        (folder / f"{number}.png").write_bytes(picture_bytes(number % 7))
    return [sys.executable, "-m", "litescore", "score", str(folder), "--model", str(small_model)]


def test_a_reader_that_leaves(slow: list[str]) -> None:
    """`litescore score ... | head -1` ends without a traceback."""
    scoring = subprocess.Popen(slow, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert scoring.stdout is not None
    assert scoring.stderr is not None
    assert scoring.stdout.readline().startswith(b'{"v":1,')
    scoring.stdout.close()
    said = scoring.stderr.read()
    scoring.wait()
    assert b"Traceback" not in said
    assert b"Exception ignored" not in said


def test_an_interrupted_run(slow: list[str]) -> None:
    """Ctrl-C ends it at once, with a word and without a traceback."""
    scoring = subprocess.Popen(slow, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert scoring.stdout is not None
    assert scoring.stdout.readline().startswith(b'{"v":1,')
    os.kill(scoring.pid, signal.SIGINT)
    _, said = scoring.communicate(timeout=30)
    assert scoring.returncode == 130
    assert said.decode().strip() == "stopped"
