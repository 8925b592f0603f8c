"""The container's context: what it holds, and the image that it makes in a real Debian root.

Its RUN lines are run as they stand, its entry point answers Lambda's own emulator and is
`litescore` elsewhere; there is no container engine in it.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from infra import emulator
from infra.emulator import Runtime
from infra.package import container
from infra.package.target import Target
from litescore import interpreter, results
from litescore.errors import ConfigurationError, UsageError
from litescore.record import Record
from tests.rig import hadolint, image, locked
from tests.rig.image import Dockerfile, Image
from tests.rig.needs import lack
from tests.rig.pngs import Pngs
from tests.rig.seaweed import S3

HERE = Target("x86_64", "3.13")
PYTHONS = {"bookworm": "3.11", "trixie": "3.13"}


@pytest.fixture(scope="module", params=["litert", "tflite-runtime"])
def context(
    request: pytest.FixtureRequest, int8_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The context for each runtime."""
    folder = tmp_path_factory.mktemp("context")
    return container.write(int8_model, folder, target=HERE, runtime=request.param)


@pytest.fixture(scope="module")
def built_image(context: Path) -> Iterator[Image]:
    """What the context's Dockerfile makes."""
    with image.build(context) as made:
        yield made


@pytest.fixture
def uploaded(s3: S3, bucket: str, pngs: Pngs) -> str:
    """Images in a bucket."""
    for path in pngs.paths[:20]:
        s3.client.upload_file(str(path), bucket, f"in/{path.name}")
    return f"s3://{bucket}/in/"


def test_the_image_scores_as_litescore_does_here(
    built_image: Image,
    context: Path,
    s3: S3,
    bucket: str,
    uploaded: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same records by an event of Lambda's emulator, by `score` in it and by `score` here."""
    runtime = _runtime_of(context)
    if runtime not in {found.name for found in interpreter.available()}:
        lack(f"{runtime} does not run on this Python, so there is nothing to compare with")
    places = {name: f"s3://{bucket}/{name}/" for name in ("lambda", "batch", "here")}
    environ = dict(s3.environ)

    inside = replace(built_image, environ={**built_image.environ, **environ})
    settings = {**inside.environ, "LITESCORE_OUTPUT": places["lambda"]}
    entry = Runtime(tuple(inside.entry()))
    log = tmp_path / "log"
    with emulator.running(tmp_path, log=log, runtime=entry, environ=settings) as function:
        _, verdict = function.invoke({"verify": True})
        assert (verdict["verdict"], verdict["images"]) == ("identical", 10), log.read_text()
        assert verdict["runtime"].startswith(f"{runtime} ")
        assert function.invoke({"prefix": uploaded})[1]["scored"] == 20

    words = ("score", uploaded, "--out")
    done = inside.run(*words, places["batch"])
    assert done.returncode == 0, done.stderr
    outside = os.environ | environ | {"LITESCORE_RUNTIME": runtime}
    outside["LITESCORE_MODEL"] = str(context / "model.tflite")
    subprocess.run(
        [sys.executable, "-m", "litescore", *words, places["here"]],
        env=outside,
        check=True,
        capture_output=True,
    )

    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    said = {name: _said(place) for name, place in places.items()}
    assert len(said["here"]) == 20
    assert said["lambda"] == said["here"]
    assert said["batch"] == said["here"]


def test_the_image_may_write_nothing_of_its_own(built_image: Image, context: Path) -> None:
    """It runs as nobody, by Debian's own Python, and a usage error leaves as anywhere."""
    assert built_image.dockerfile.all("USER") == ["65534:65534"]
    done = built_image.run(
        "score", "--out", "/opt/litescore/records", "/opt/litescore/model.tflite"
    )
    assert "Permission denied" in done.stderr
    assert built_image.run("score", "--nonsense").returncode == 2
    compiled = list((built_image.ours / "lambda_handler" / "__pycache__").glob("*.pyc"))
    tag = PYTHONS[built_image.dockerfile.suite].replace(".", "")
    assert compiled
    assert all(path.name.endswith(f".cpython-{tag}.pyc") for path in compiled)


def test_what_is_copied_is_there_and_nothing_else(context: Path) -> None:
    """Each source of a COPY, and no file that none copies."""
    sources = {source for source, _ in Dockerfile.read(context / "Dockerfile").copied}
    assert {path.name for path in context.iterdir()} == sources | {"Dockerfile"}


def test_the_linter_finds_nothing(context: Path, tmp_path: Path) -> None:
    """And would: a Dockerfile that runs as root at the end is told."""
    assert hadolint.findings(context / "Dockerfile") == []
    text = (context / "Dockerfile").read_text()
    worse = tmp_path / "Dockerfile"
    worse.write_text(text.replace("USER 65534:65534", "USER root"))
    assert any("DL3002" in line for line in hadolint.findings(worse))


def test_wheels_are_those_of_the_lock(context: Path) -> None:
    """Versions and hashes of constraints.txt for that Debian's Python; nothing says where from."""
    suite = Dockerfile.read(context / "Dockerfile").suite
    shipped = locked.pins(PYTHONS[suite], lock=context / "requirements.txt")
    pinned = locked.pins(PYTHONS[suite])
    assert shipped == {name: pinned[name] for name in shipped}
    text = "".join((context / name).read_text() for name in ("Dockerfile", "requirements.txt"))
    assert not re.search(r"https?:|\.io\b|\.org\b|\.com\b", text)


def test_the_same_model_makes_the_same_context(int8_model: Path, tmp_path: Path) -> None:
    """Byte by byte, modes too, over what an earlier one left; the processor is named in one place."""
    first = _digests(container.write(int8_model, tmp_path / "a", target=HERE, runtime="litert"))
    (tmp_path / "a" / "container" / "litescore" / "left.py").write_text("over")
    again = container.write(int8_model, tmp_path / "a", target=HERE, runtime="litert")
    assert _digests(again) == first
    arm = Target("arm64", "3.13")
    other = _digests(container.write(int8_model, tmp_path / "b", target=arm, runtime="litert"))
    assert {name for name in first if first[name] != other[name]} == {"Dockerfile"}
    assert first["entrypoint.sh"][0] == 0o755


def test_nothing_of_anybody_else_is_removed(int8_model: Path, tmp_path: Path) -> None:
    """A folder of that name may be somebody's; and the model may be that of the context before."""
    theirs = tmp_path / "a" / "container" / "notes.txt"
    theirs.parent.mkdir(parents=True)
    theirs.write_text("mine")
    with pytest.raises(ConfigurationError, match=r"container holds notes\.txt"):
        container.write(int8_model, tmp_path / "a", target=HERE, runtime="litert")
    assert [path.name for path in theirs.parent.iterdir()] == ["notes.txt"]

    first = _digests(container.write(int8_model, tmp_path / "b", target=HERE, runtime="litert"))
    model = tmp_path / "b" / "container" / "model.tflite"
    again = container.write(model, tmp_path / "b", target=HERE, runtime="litert")
    assert _digests(again) == first


def test_a_file_in_the_folders_place_is_refused(int8_model: Path, tmp_path: Path) -> None:
    """In one line."""
    (tmp_path / "container").write_text("a file")
    with pytest.raises(ConfigurationError, match="cannot write"):
        container.write(int8_model, tmp_path, target=HERE, runtime="litert")


def test_an_unknown_runtime_is_refused(int8_model: Path, tmp_path: Path) -> None:
    """With those that there are."""
    with pytest.raises(UsageError, match="'onnx': one of litert, tflite-runtime"):
        container.write(int8_model, tmp_path, target=HERE, runtime="onnx")


def _runtime_of(context: Path) -> str:
    (suite,) = {Dockerfile.read(context / "Dockerfile").suite}
    return {suite: name for name, suite in container.SUITES.items()}[suite]


def _said(place: str) -> dict[str, Record]:
    """The records by id, without the time."""
    return {record.id: record._replace(at="") for record in results.read(place)}


def _digests(folder: Path) -> dict[str, tuple[int, str]]:
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mode & 0o777,
            hashlib.sha256(path.read_bytes()).hexdigest(),
        )
        for path in folder.rglob("*")
        if path.is_file()
    }
