"""`litescore score --invert`: a digit drawn on paper, seen as the model learned digits."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

from litescore import contract, image, results
from litescore.record import Record
from litescore.scorer import Scorer
from litescore.view import View
from tests.litescore import drawn
from tests.litescore.conftest import Say
from tests.rig import warm


@pytest.fixture
def paper(tmp_path: Path) -> Path:
    """A folder of four digits on paper, `<digit>/photo.jpg` each."""
    for digit in drawn.DIGITS:
        (tmp_path / "paper" / str(digit)).mkdir(parents=True)
        (tmp_path / "paper" / str(digit) / "photo.jpg").write_bytes(drawn.jpeg(digit))
    return tmp_path / "paper"


def lines(text: str) -> list[Record]:
    """Standard output as records."""
    return [Record.from_json(line) for line in text.splitlines()]


def answers(records: list[Record]) -> list[Record]:
    """What records say, but for the time."""
    return [one._replace(at="") for one in records]


def test_each_value_is_255_less_itself(small_model: Path, paper: Path, say: Say) -> None:
    """The model answers what it answers to the inverted pixels, bit for bit."""
    said = say("score", paper, "--model", small_model, "--invert")
    assert (said.code, said.err) == (0, "")
    plain = Scorer(small_model)
    for record in lines(said.out):
        tensor = image.fit(image.decode(Path(record.source).read_bytes()), plain.contract)
        (inverted,) = plain.probabilities(np.invert(tensor)[None])
        assert record.top[0] == {
            "label": plain.contract.labels[inverted.argmax()],
            "score": float(str(inverted.max())),
        }


@pytest.mark.parametrize("more", [(), ("--rotate", "90")])
def test_as_the_described_model(
    small_model: Path, paper: Path, tmp_path: Path, say: Say, more: tuple[str, ...]
) -> None:
    """Its records to the last field, the model's SHA-256 among them; the rest of a view stays."""
    turned, inverting = tmp_path / "turned.tflite", tmp_path / "inverting.tflite"
    say("describe", small_model, "--mirror", *more, "--out", turned)
    say("describe", turned, "--invert", "--out", inverting)
    here = lines(say("score", paper, "--model", turned, "--invert").out)
    there = lines(say("score", paper, "--model", inverting).out)
    assert answers(here) == answers(there)
    held = contract.read(inverting)
    assert held is not None
    assert held.view == View(int(more[1]) if more else 0, mirror=True, invert=True)


def test_a_model_without_a_contract(
    bare_model: Path, small_model: Path, paper: Path, tmp_path: Path, say: Say
) -> None:
    """With --labels, as without --invert."""
    labels, described = tmp_path / "labels.txt", tmp_path / "described.tflite"
    labels.write_text("ant\nbee\ncat\n")
    said = say("score", paper, "--model", bare_model, "--labels", labels, "--invert")
    say("describe", bare_model, "--labels", labels, "--invert", "--out", described)
    assert answers(lines(said.out)) == answers(lines(say("score", paper, "--model", described).out))


def test_records_do_not_pass_for_those_of_the_model_as_it_is(
    small_model: Path, paper: Path, tmp_path: Path, say: Say
) -> None:
    """OUT takes one kind: the other is refused, not taken for done. Several processes agree."""
    out = tmp_path / "out"
    words = ("score", paper, "--model", small_model, "--out", out)
    assert say(*words, "--invert", "--jobs", "2").out.startswith("4 scored, 0 failed")
    assert say(*words, "--invert").out.startswith("0 scored, 0 failed, 4 done before")
    assert say(*words).code == 2
    (named,) = {record.model for record in results.read(out)}
    assert named != Scorer(small_model).digest


def test_a_model_that_inverts_itself_is_refused(
    small_model: Path, paper: Path, tmp_path: Path, say: Say
) -> None:
    """Twice would be not at all: one line says what to leave out."""
    inverting = tmp_path / "inverting.tflite"
    say("describe", small_model, "--invert", "--out", inverting)
    said = say("score", paper, "--model", inverting, "--invert")
    assert said.code == 2
    assert said.refusal() == (
        f"{inverting} inverts pictures by its own contract: leave out --invert"
    )


def test_the_pinned_digest_is_the_files(
    small_model: Path, paper: Path, monkeypatch: pytest.MonkeyPatch, say: Say
) -> None:
    """LITESCORE_MODEL_SHA256 pins the file that is read, not what is made of it."""
    words = ("score", paper, "--model", small_model, "--invert")
    monkeypatch.setenv("LITESCORE_MODEL_SHA256", Scorer(small_model).digest)
    assert say(*words).code == 0
    monkeypatch.setenv("LITESCORE_MODEL_SHA256", "0" * 64)
    assert say(*words).code == 3


@pytest.fixture(scope="session")
def digits_model(warmed: warm.Warmed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """mnist-quickstart after three epochs on the real MNIST, in int8."""
    root = os.environ.get("LITESCORE_DATA")
    if not root or not (Path(root) / "mnist").is_dir():
        pytest.skip("LITESCORE_DATA names no folder with MNIST")
    folder = tmp_path_factory.mktemp("digits")
    train = ("--preset", "mnist-quickstart", "--data", Path(root) / "mnist", "--epochs", "3")
    assert warmed("train", *train, "--out", folder / "run").returncode == 0
    model = folder / "digits.tflite"
    said = warmed("export", folder / "run", "--quantize", "int8", "--out", model)
    assert said.returncode == 0, said.stderr
    return model


def test_digits_on_paper_are_read(digits_model: Path, paper: Path, say: Say) -> None:
    """All of them by a model that never saw paper; as they are, dark on light, not."""
    words = ("score", paper, "--model", digits_model, "--evaluate")
    found = {}
    for name, more in (("inverted", ("--invert",)), ("plain", ())):
        said = say(*words, *more)
        records = [json.loads(line) for line in said.out.splitlines()]
        found[name] = [one["label"] == Path(one["source"]).parent.name for one in records]
    assert found["inverted"] == [True] * len(drawn.DIGITS)
    assert sum(found["plain"]) < len(drawn.DIGITS) / 2
