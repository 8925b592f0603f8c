"""What users get wrong: one line that names the thing and the fix, the exit code, no traceback."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from litescore.cli import COMMANDS
from litescore.scorer import Scorer
from tests.litescore import tiny
from tests.litescore.conftest import LABELS, Say, picture_bytes

# A model argument is MODEL, good pictures are PHOTOS, a good class folder is DATA.
MODEL_COMMANDS = {
    "score": ("score", "PHOTOS", "--model", "MODEL"),
    "evaluate": ("evaluate", "MODEL", "--data", "DATA"),
    "inspect": ("inspect", "MODEL"),
    "verify": ("verify", "MODEL"),
    "bench": ("bench", "MODEL"),
    "describe": ("describe", "MODEL", "--labels", "LABELS"),
}
READING = {k: v for k, v in MODEL_COMMANDS.items() if k not in ("inspect", "bench", "describe")}

Ask = Callable[..., tuple[int, str]]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A class folder of the three animals."""
    for number, label in enumerate(LABELS * 2):
        folder = tmp_path / "data" / label
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number}.png").write_bytes(picture_bytes(number))
    return tmp_path / "data"


@pytest.fixture
def ask(tmp_path: Path, photos: Path, data: Path, say: Say) -> Ask:
    """`ask(words, MODEL=path)`: exit code and the one line of error."""
    names = tmp_path / "names.txt"
    names.write_text("\n".join(LABELS))

    def run(words: tuple[str, ...], **things: Path) -> tuple[int, str]:
        known = {"PHOTOS": photos, "DATA": data, "LABELS": names} | things
        said = say(*(known.get(word, word) for word in words))
        return said.code, said.refusal()

    return run


@pytest.mark.parametrize("name", MODEL_COMMANDS)
def test_no_model(ask: Ask, tmp_path: Path, name: str) -> None:
    """The path, and how to come by a model."""
    code, line = ask(MODEL_COMMANDS[name], MODEL=tmp_path / "none.tflite")
    assert code == 3
    assert line.startswith(f"no model at {tmp_path / 'none.tflite'}: make one with `litescore exp")


@pytest.mark.parametrize("name", MODEL_COMMANDS)
def test_not_a_model(ask: Ask, tmp_path: Path, name: str) -> None:
    """Text, half a model, a Keras model and a folder, by name and with the way to a model."""
    path = tmp_path / "x.tflite"
    path.write_text("this is no model\n" * 99)
    assert ask(MODEL_COMMANDS[name], MODEL=path) == (
        3,
        f"{path}: not a TFLite model: TFL3 does not stand at its fifth byte",
    )
    path.write_bytes(tiny.build()[:700])
    said = f"{path}: not a whole TFLite model: copy or export it again"
    assert ask(MODEL_COMMANDS[name], MODEL=path) == (3, said)
    path.write_bytes(b"PK\x03\x04" + bytes(99))
    code, line = ask(MODEL_COMMANDS[name], MODEL=path)
    assert (code, line.partition(":")[0]) == (3, str(path))
    assert "it is a Keras model or another archive; `litescore export` makes" in line
    said = f"cannot read the model {tmp_path}: it is a folder; name a .tflite file"
    code, line = ask(MODEL_COMMANDS[name], MODEL=tmp_path)
    assert (code, line.partition(" (")[0]) == (3, said)


@pytest.mark.parametrize("name", READING)
def test_a_model_without_a_contract(ask: Ask, bare_model: Path, name: str) -> None:
    """Names `litescore describe` with the file."""
    code, line = ask(READING[name], MODEL=bare_model)
    assert code == 3
    assert f"`litescore describe {bare_model} --labels FILE`" in line


@pytest.mark.parametrize("name", ["score", "evaluate"])
def test_a_model_without_a_contract_works_with_labels(
    say: Say, bare_model: Path, photos: Path, data: Path, tmp_path: Path, name: str
) -> None:
    """What describe would add may be given each time."""
    names = tmp_path / "names.txt"
    names.write_text("\n".join(LABELS))
    known = {"MODEL": bare_model, "PHOTOS": photos, "DATA": data}
    words = [known.get(word, word) for word in READING[name]]
    assert say(*words, "--labels", names).code == 0


@pytest.mark.parametrize("name", ["score", "evaluate", "describe"])
def test_labels_that_do_not_match(ask: Ask, bare_model: Path, tmp_path: Path, name: str) -> None:
    """Both numbers and the model; a list that is broken or missing, and its file."""
    labels = tmp_path / "two.txt"
    words = tuple(word for word in MODEL_COMMANDS[name] if word not in ("--labels", "LABELS"))
    words += ("--labels", "TWO")
    code, line = ask(words, MODEL=bare_model, TWO=labels)
    assert (code, line[:40]) == (3, f"cannot read labels from {labels}"[:40])
    labels.write_text("ant\nbee\n")
    said = f"{bare_model}: 2 labels, but the model has 3 outputs"
    assert ask(words, MODEL=bare_model, TWO=labels) == (3, said)
    labels.write_text("ant\nbee\nant\n")
    assert ask(words, MODEL=bare_model, TWO=labels) == (3, f"{labels}: label 'ant' is given twice")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        ("nothing", r"no data at .*things: no such file or folder"),
        ("empty folder", r".*things has no class folders: one folder a class, images inside"),
        ("one class", r".*things has one class only \(ant\): a classifier needs at least two"),
        ("empty class", r".*bee holds no images \(\.jpg, \.jpeg, \.png, \.\.\.\)"),
        ("text file", r".*things is not a whole \.npz archive"),
        ("other class", r"things has classes that the model does not know: dog .*ant, bee, cat"),
        ("broken image", r"cannot use .*0\.png: corrupt: 0 bytes; remove it or mend it"),
    ],
)
def test_data_that_cannot_be_evaluated(
    ask: Ask, tmp_path: Path, small_model: Path, make: str, said: str
) -> None:
    """Missing, empty, of one class, broken: what and where."""
    root = tmp_path / "things"
    if make == "text file":
        root.write_text("hello")
    elif make != "nothing":
        root.mkdir()
    classes = {"one class": ["ant"], "empty class": ["ant"], "other class": ["ant", "dog"]}
    for label in classes.get(make, ["ant", "bee"] if make == "broken image" else []):
        (root / label).mkdir()
        for number in range(2):
            good = b"" if make == "broken image" else picture_bytes(number)
            (root / label / f"{number}.png").write_bytes(good)
    if make == "empty class":
        (root / "bee").mkdir()
    words = ("evaluate", "MODEL", "--data", "ROOT", "--split", "all")
    code, line = ask(words, MODEL=small_model, ROOT=root)
    assert code == 3
    assert re.fullmatch(said + ".*", line)


def test_an_unknown_split(ask: Ask, small_model: Path) -> None:
    """Wrong usage, with the known ones."""
    words = ("evaluate", "MODEL", "--data", "DATA", "--split", "exam")
    said = "unknown split 'exam': one of train, val, test, all"
    assert ask(words, MODEL=small_model) == (2, said)


def test_nothing_to_score(ask: Ask, tmp_path: Path, small_model: Path) -> None:
    """A source that is missing, an empty folder, a folder of notes."""
    words = ("score", "SOURCE", "--model", "MODEL")
    missing = tmp_path / "none"
    said = f"no such file or folder: {missing}"
    assert ask(words, SOURCE=missing, MODEL=small_model) == (3, said)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("hello")
    code, line = ask(words, SOURCE=tmp_path / "empty", MODEL=small_model)
    assert code == 2
    assert line.startswith(f"no images at {tmp_path / 'empty'}: files ending in .jpg, .jpeg")


def test_an_out_that_is_a_file(ask: Ask, tmp_path: Path, small_model: Path) -> None:
    """Noticed before anything is scored."""
    out = tmp_path / "records.jsonl"
    out.write_text("")
    words = ("score", "PHOTOS", "--model", "MODEL", "--out", "OUT")
    said = f"{out} is a file: --out names a folder or an s3:// prefix"
    assert ask(words, MODEL=small_model, OUT=out) == (2, said)


def test_a_place_that_cannot_be_written(ask: Ask, tmp_path: Path, small_model: Path) -> None:
    """For records and for a described model: the path and the reason."""
    (tmp_path / "file").touch()
    words = ("score", "PHOTOS", "--model", "MODEL", "--out", "OUT")
    code, line = ask(words, MODEL=small_model, OUT=tmp_path / "file" / "out")
    assert code == 3
    assert re.match(rf"cannot write {tmp_path}/file/out/dt=.*: Not a directory", line)
    words = ("describe", "MODEL", "--labels", "LABELS", "--out", "OUT")
    code, line = ask(words, MODEL=small_model, OUT=tmp_path / "file" / "m.tflite")
    assert (code, line) == (3, f"cannot write {tmp_path}/file/m.tflite: File exists")


def test_an_out_with_other_files(ask: Ask, tmp_path: Path, small_model: Path) -> None:
    """A .jsonl that holds no records is named, not skipped and not overwritten."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "log.jsonl").write_text('{"time": 1}\n')
    words = ("score", "PHOTOS", "--model", "MODEL", "--out", "OUT")
    code, line = ask(words, MODEL=small_model, OUT=tmp_path / "out")
    assert code == 3
    assert line.startswith(f"{tmp_path}/out/log.jsonl: not a litescore record of schema 1")


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_no_records(ask: Ask, tmp_path: Path, as_json: tuple[str, ...]) -> None:
    """An empty folder and a missing one."""
    (tmp_path / "empty").mkdir()
    said = (
        f"no records at {tmp_path / 'empty'}: .jsonl, .jsonl.gz, or tables as "
        "`score --format csv` names them"
    )
    assert ask(("results", "PLACE", *as_json), PLACE=tmp_path / "empty") == (2, said)
    code, line = ask(("results", "PLACE", *as_json), PLACE=tmp_path / "none")
    assert (code, line) == (3, f"no such file or folder: {tmp_path / 'none'}")


def test_another_model_than_the_pinned(
    ask: Ask, small_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LITESCORE_MODEL_SHA256 refuses it, with both digests."""
    monkeypatch.setenv("LITESCORE_MODEL_SHA256", "0" * 64)
    code, line = ask(MODEL_COMMANDS["score"], MODEL=small_model)
    digest = Scorer(small_model).digest
    assert (code, line) == (3, f"{small_model} has SHA-256 {digest}, but {'0' * 64} is pinned")


@pytest.mark.parametrize(
    ("variable", "value"), [("LITESCORE_BATCH", "none"), ("LITESCORE_RUNTIME", "tensorrt")]
)
def test_a_bad_setting(
    ask: Ask, small_model: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """The variable, its value and what it may be; wrong usage."""
    monkeypatch.setenv(variable, value)
    code, line = ask(MODEL_COMMANDS["score"], MODEL=small_model)
    assert code == 2
    assert line.startswith(f"{variable}={value!r} is not ")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("scroe", "photos"), "No such command 'scroe'. Did you mean 'score'?"),
        (("xyzzy", "photos"), "No such command 'xyzzy'."),
        (("score", "photos", "--modle", "m"), "No such option '--modle'"),
        (("score",), "Missing argument 'SOURCES...'"),
        (("evaluate", "m.tflite"), "Missing option '--data'"),
        (("score", "photos", "--batch", "0"), "0 is not in the range 1<=x<=4096"),
        (("verify", "m.tflite", "--runtime", "tpu"), "'tpu' is not one of 'litert'"),
    ],
)
def test_wrong_words(say: Say, words: tuple[str, ...], said: str) -> None:
    """An unknown command or option, a missing one, a value outside: usage, and exit code 2."""
    found = say(*words)
    assert (found.code, found.out) == (2, "")
    last = found.err.splitlines()[-1]
    assert last.startswith("Error: ")
    assert said in last
    assert "Traceback" not in found.err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_an_unknown_option(say: Say, name: str) -> None:
    """The same for each command of the table."""
    found = say(name, "--no-such-option")
    assert found.code == 2
    assert "No such option '--no-such-option'" in found.err


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    """With --debug, and only then; the line stays the last one. In a process, as users run it."""
    words = [sys.executable, "-m", "litescore", "inspect", str(tmp_path / "none.tflite")]
    plain = subprocess.run(words, capture_output=True, text=True)
    debug = subprocess.run([*words[:3], "--debug", *words[3:]], capture_output=True, text=True)
    assert plain.returncode == debug.returncode == 3
    assert len(plain.stderr.splitlines()) == 1
    assert "Traceback (most recent call last)" in debug.stderr
    assert debug.stderr.splitlines()[-1] == plain.stderr.strip()
