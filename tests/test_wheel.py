"""The built wheel in a fresh environment without the extras of developers: what users get."""

from __future__ import annotations

import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from litescore import results
from tests.rig import wheel as wheels
from tests.rig.pngs import Pngs
from tests.rig.wheel import Environment

ROOMS = ("litescore", "trainer", "export", "lambda_handler", "edge", "infra")


@pytest.fixture(scope="module")
def plain(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment for scoring only: the base and the interpreter."""
    return wheels.install(wheel, "litert", tmp_path_factory.mktemp("plain"))


def test_the_wheel_holds_the_rooms_and_what_they_read(wheel: Path) -> None:
    """Six packages, their data files, and nothing else."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    top = {name.split("/")[0] for name in names}
    assert top == {*ROOMS, next(name for name in top if name.endswith(".dist-info"))}
    checkout = Path(__file__).parents[1]
    for room in ROOMS:
        kept = {
            path.relative_to(checkout).as_posix()
            for path in (checkout / room).rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }
        assert kept == {name for name in names if name.startswith(f"{room}/")}
    assert "litescore/py.typed" in names, "type checkers pass over a package without it"


def test_the_licences_come_along(wheel: Path, tmp_path: Path) -> None:
    """The project's and that of the pictures that are shipped, in the wheel and in the sdist."""
    checkout = Path(__file__).parents[1]
    kept = {
        name: (checkout / name).read_bytes()
        for name in ("LICENSE", "trainer/data/fashion-mnist/README.md")
    }
    with zipfile.ZipFile(wheel) as archive:
        (record,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        place = record.replace("METADATA", "licenses")
        assert {name: archive.read(f"{place}/{name}") for name in kept} == kept
        assert b"\nLicense-Expression: Apache-2.0 AND MIT\n" in archive.read(record)
    with tarfile.open(wheels.pack(tmp_path)) as source:
        (root,) = {name.split("/")[0] for name in source.getnames()}
        assert {name: source.extractfile(f"{root}/{name}").read() for name in kept} == kept  # type: ignore[union-attr]


def test_the_sdist_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    """To the byte: whoever installs from source gets what is tested here."""
    again = wheels.build(tmp_path / "again", wheels.pack(tmp_path))
    assert again.name == wheel.name
    with zipfile.ZipFile(wheel) as archive, zipfile.ZipFile(again) as other:
        assert other.namelist() == archive.namelist()
        assert all(other.read(name) == archive.read(name) for name in archive.namelist())


def test_the_environment_is_without_tensorflow(plain: Environment) -> None:
    """Neither TensorFlow nor any other package of a developer came along."""
    installed = plain.installed()
    assert {"litescore", "ai-edge-litert", "numpy", "pillow", "obstore"} <= installed
    assert not installed & {"tensorflow", "keras", "boto3", "pytest", "opencv-python-headless"}


def test_the_import_names_belong_to_litescore(plain: Environment) -> None:
    """The six names are provided by the distribution `litescore` and by no other."""
    code = (
        "import json, importlib.metadata as m; p = m.packages_distributions()\n"
        f"print(json.dumps([sorted(set(p[name])) for name in {ROOMS}]))"
    )
    done = plain.run("python", "-c", code)
    assert json.loads(done.stdout) == [["litescore"]] * len(ROOMS)


def test_inspect_works(plain: Environment, int8_model: Path) -> None:
    """`litescore inspect` tells labels and input of the model."""
    done = plain.run("litescore", "inspect", int8_model)
    assert done.returncode == 0, done.stderr
    assert "Ankle boot" in done.stdout
    assert "28" in done.stdout


def test_verify_works(plain: Environment, int8_model: Path) -> None:
    """The golden samples of the export are met in this environment too."""
    done = plain.run("litescore", "verify", int8_model)
    assert done.returncode == 0, done.stderr + done.stdout


def test_evaluate_works(plain: Environment, int8_model: Path, fashion: Path) -> None:
    """`litescore evaluate` measures an accuracy far above the 10 % of guessing."""
    done = plain.run("litescore", "evaluate", int8_model, "--data", fashion, "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["accuracy"] > 0.7
    assert answer["n"] >= 1000


def test_score_works(plain: Environment, int8_model: Path, pngs: Pngs, tmp_path: Path) -> None:
    """`litescore score` over a folder gives a record an image, most of them right."""
    out = tmp_path / "records"
    done = plain.run("litescore", "score", pngs.folder, "--model", int8_model, "--out", out)
    assert done.returncode == 0, done.stderr
    records = sorted(results.read(out), key=lambda record: record.source)
    assert [Path(record.source).name for record in records] == [p.name for p in pngs.paths]
    right = sum(r.label == label for r, label in zip(records, pngs.labels, strict=True))
    assert right > 0.7 * len(pngs.labels)


@pytest.mark.parametrize("room", ["trainer", "export", "edge"])
def test_help_works_without_the_rooms_packages(plain: Environment, room: str) -> None:
    """A room whose packages are missing still explains itself."""
    done = plain.run("python", "-m", room, "--help")
    assert done.returncode == 0, done.stderr
    assert "Example:" in done.stdout


def test_training_says_what_to_install(plain: Environment, fashion: Path, tmp_path: Path) -> None:
    """Without TensorFlow the trainer names the extra, in one line, and writes nothing."""
    out = tmp_path / "run"
    preset = ["python", "-m", "trainer", "--preset", "fashion-basic"]
    done = plain.run(*preset, "--data", fashion, "--out", out)
    assert_names_extra(done.returncode, done.stderr, "train")
    assert not out.exists()


def test_exporting_says_what_to_install(plain: Environment, run: Path, tmp_path: Path) -> None:
    """Without TensorFlow the exporter names the extra, in one line, and writes nothing."""
    out = tmp_path / "model.tflite"
    done = plain.run("python", "-m", "export", run, "--quantize", "int8", "--out", out)
    assert_names_extra(done.returncode, done.stderr, "train")
    assert not out.exists()


def test_a_clip_says_what_to_install(plain: Environment, int8_model: Path, tmp_path: Path) -> None:
    """Without OpenCV a video file names the extra, in one line."""
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(bytes(1000))
    done = plain.run("python", "-m", "edge", "run", "--model", int8_model, "--source", clip)
    assert_names_extra(done.returncode, done.stderr, "edge")


def test_a_channel_says_what_to_install(plain: Environment, tmp_path: Path) -> None:
    """Without cryptography nothing can be believed: the extra is named before anything is fetched."""
    key = tmp_path / "factory.key.pub"
    key.write_text("-----BEGIN PUBLIC KEY-----\n")
    channel = ["--model", "https://127.0.0.1:9/models/shoes@stable", "--trust", key]
    done = plain.run("python", "-m", "edge", "run", *channel, "--source", tmp_path)
    assert_names_extra(done.returncode, done.stderr, "release")
    assert "cryptography is not installed" in done.stderr
    state = tmp_path / "state"
    told = plain.run("python", "-m", "edge", "status", "--state", state)
    assert (told.returncode, told.stderr) == (1, "")


def assert_names_extra(status: int, said: str, extra: str) -> None:
    errors = [line for line in said.splitlines() if line.startswith("Error: ")]
    assert status == 3
    assert "Traceback" not in said
    assert [f"pip install 'litescore[{extra}]'" in line for line in errors] == [True], said
