"""The options of following a channel: what no clock can wait for is refused as a word, and what
the runtime cannot load before it is fetched.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from edge.cli import edge
from litescore import image, store
from litescore.errors import ReleaseError
from litescore.interpreter import Runtime
from litescore.releases import proving, publishing, release
from litescore.releases.publishing import Publisher
from litescore.releases.release import Release
from tests.edge.conftest import RED, plain
from tests.releases.conftest import make_model


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


def test_a_runtime_that_is_too_old(
    publisher: Publisher, key_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The statement says so: the file, which is not even there, is not asked for."""
    honest = release.describe

    def described(file: bytes, **words: str) -> Release:
        return replace(honest(file, **words), smallest_runtime="99.1.0")

    # No model can be made that needs a TensorFlow Lite that is not there yet.
    monkeypatch.setattr(release, "describe", described)
    digest = publishing.publish(publisher, make_model(1), "stable").release.digest
    store.delete(publisher.shelf.file(digest))
    (tmp_path / "0.png").write_bytes(image.encode_png(plain(RED, 8)))
    words = ["run", "--model", f"{publisher.shelf.root}@stable", "--trust", f"{key_file}.pub"]
    words += ["--source", str(tmp_path / "0.png"), "--state", str(tmp_path / "state")]
    with pytest.raises(ReleaseError, match=r"needs TensorFlow Lite 99\.1\.0, .* is older"):
        CliRunner().invoke(edge, words, standalone_mode=False, catch_exceptions=False)


@pytest.mark.parametrize(
    ("runtime", "needed"),
    [
        (("litert", "2.3.0"), "2.23.0"),
        (("litert", "9.9.9"), "99.1.0"),
        (("tflite-runtime", "2.14.0"), None),
        (("tflite-runtime", "2.14.0"), "next"),
    ],
)
def test_a_runtime_that_may_do(runtime: tuple[str, str], needed: str | None) -> None:
    """What it has, and what nobody can say: the file is asked then."""
    found = replace(release.describe(make_model(1), model="m", made=""), smallest_runtime=needed)
    proving.check_runtime(found, Runtime(*runtime, None))
