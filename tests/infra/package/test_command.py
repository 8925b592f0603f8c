"""`litescore package` at the terminal: what it says, and with which exit code it ends."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from infra.package import cli, lock, smoke, wheels
from infra.package.build import Package
from infra.package.smoke import Smoke
from infra.package.target import Target
from litescore.errors import ConfigurationError, GateError, LitescoreError, ModelError, UsageError
from tests.infra.package.test_bytecode import OTHER

Command = Callable[..., Result]
CALM = Smoke(False, "not run here: a test")


@pytest.fixture
def command(int8_model: Path, tmp_path: Path) -> Command:
    """`litescore package --model ... --out ...` and more words."""

    def run(*words: str) -> Result:
        every = ["--model", str(int8_model), "--out", str(tmp_path / "out"), *words]
        return CliRunner().invoke(cli.package, every)

    return run


@pytest.fixture
def prebuilt(
    deployable: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Package]:
    """In place of a build, which other tests do: the zip that is built already, in `out`."""
    out = tmp_path / "out"

    def copied() -> Package:
        out.mkdir(exist_ok=True)
        zipped, bill = (shutil.copy(one, out) for one in (deployable.path, deployable.sbom))
        return replace(deployable, path=Path(zipped), sbom=Path(bill))

    monkeypatch.setattr(cli, "build_zip", lambda *_, **__: copied())
    return copied


def test_a_zip_without_bytecode_says_what_that_costs(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine that has no Python of the version: it is built all the same, of the wheels."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    done = command("--python", OTHER)
    assert done.exit_code == 0, done.output
    assert f"for Python {OTHER} on x86_64, not compiled, for no Python {OTHER} is at hand: " in (
        done.output
    )
    assert "every cold start compiles the modules anew" in done.output
    assert f"not run here: there is no Python {OTHER} on this machine" in done.output
    assert (tmp_path / "out" / "function.cdx.json").exists()


def test_a_zip_for_arm_out_of_a_folder_of_wheels(
    int8_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Built here all the same, with Arm's objects and Arm's LiteRT; with a cache that is empty and
    an index that does not answer.
    """
    target = Target("arm64", "3.13")
    folder = tmp_path / "wheels"
    folder.mkdir()
    for path in wheels.obtain(lock.read(target), target).values():
        (folder / path.name).symlink_to(path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    words = ["--model", str(int8_model), "--out", str(tmp_path / "out"), "--arch", "arm64"]
    done = CliRunner().invoke(cli.package, [*words, "--wheels", str(folder)])
    assert done.exit_code == 0, done.output
    assert "smoke run: not run here: it is for arm64" in done.output
    assert not (tmp_path / "cache").exists()
    with zipfile.ZipFile(tmp_path / "out" / "function.zip") as archive:
        objects = [name for name in archive.namelist() if ".so" in name and ".libs/" not in name]
        machines = {archive.read(name)[18:20] for name in objects}
        assert "ai_edge_litert-2.1.0.dist-info/METADATA" in archive.namelist()
    assert len(objects) > 20
    assert machines == {(183).to_bytes(2, "little")}  # EM_AARCH64


def test_for_machines_it_is_one_object(
    command: Command, prebuilt: Callable[[], Package], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that the text tells, and nothing beside it on the output."""
    monkeypatch.setattr(smoke, "run", lambda *_, **__: CALM)
    done = command("--json")
    told = json.loads(done.stdout)
    built = prebuilt()
    assert told["target"] == {"arch": "x86_64", "python": "3.13"}
    assert told["digest"] == built.digest
    assert told["model_sha256"] == built.model_sha256
    assert told["path"] == str(built.path)
    assert sum(told["parts"].values()) == told["unpacked"]
    assert told["smoke"] == {"ran": False, "words": CALM.words, "init_milliseconds": None}


def test_python_311_is_said_to_be_for_here(
    command: Command, prebuilt: Callable[[], Package], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lambda has a Python 3.11, and this zip would not load on it."""
    monkeypatch.setattr(smoke, "run", lambda *_, **__: CALM)
    local = replace(prebuilt(), target=Target("x86_64", "3.11"))
    monkeypatch.setattr(cli, "build_zip", lambda *_, **__: local)
    assert "for `litescore local` only: Lambda's Python 3.11 runs on" in command().output


@pytest.mark.parametrize("error", [GateError("other answers"), ConfigurationError("no start")])
def test_a_zip_that_fails_its_smoke_run_does_not_stay(
    command: Command,
    prebuilt: Callable[[], Package],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    error: LitescoreError,
) -> None:
    """Nobody is to deploy it by accident; the error and its exit code are the smoke run's."""

    def fails(built: Package, **_: object) -> Smoke:
        assert built.path.exists()
        raise error

    monkeypatch.setattr(smoke, "run", fails)
    done = command()
    assert done.exception is error
    assert "function.zip is removed: it did not pass its smoke run" in done.output
    assert not list((tmp_path / "out").iterdir())


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError("No space left on device")])
def test_a_zip_that_nobody_heard_to_the_end_does_not_stay(
    prebuilt: Callable[[], Package], monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    """Ctrl-C in the middle, or no room to unpack it: it is as unproven as one that failed."""

    def fails(built: Package, **_: object) -> Smoke:
        raise error

    monkeypatch.setattr(smoke, "run", fails)
    built = prebuilt()
    with pytest.raises(type(error)):
        cli._smoke(built, None)
    assert not built.path.exists()
    assert not built.sbom.exists()


def test_a_container_is_written_instead(command: Command, tmp_path: Path) -> None:
    """And no zip: what is in the folder is for `docker build`."""
    done = command("--container", "--arch", "arm64", "--runtime", "tflite-runtime", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["runtime"] == "tflite-runtime"
    assert (tmp_path / "out" / "container" / "Dockerfile").exists()
    assert not list((tmp_path / "out").glob("*.zip"))


def test_a_runtime_is_a_containers_to_choose(command: Command) -> None:
    """tflite-runtime has no wheel for any Python whose zip could hold it."""
    assert isinstance(command("--runtime", "litert").exception, UsageError)


@pytest.mark.parametrize(
    "words", [("--python", "3.10"), ("--arch", "armv7l"), ("--wheels", "/none"), ("--python", "3")]
)
def test_what_is_not_known_is_wrong_usage(command: Command, words: tuple[str, ...]) -> None:
    """Exit code 2, naming the option."""
    done = command(*words)
    assert done.exit_code == 2
    assert words[0] in done.output


def test_a_model_that_is_none_is_refused_before_anything_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where there is no network, for there is nothing to fetch it for."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "model.tflite").write_text("no model")
    done = CliRunner().invoke(cli.package, ["--model", str(tmp_path / "model.tflite")])
    assert isinstance(done.exception, ModelError)
    assert not (tmp_path / "litescore").exists()
