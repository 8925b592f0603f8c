"""`litescore train` as a user types it: what it says, what it writes, what it refuses."""

from __future__ import annotations

import base64
import csv
import html
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litescore import dataset
from litescore.contract import Contract
from tests.trainer.conftest import SHIPPED
from tests.trainer.pictures import Said, train, write_folder
from trainer.presets import PRESETS

PLOTS = {"samples", "one-image", "curves", "predictions", "single", "wrong", "reliability"}
Train = Callable[..., Said]


def facts(said: Said) -> dict[str, Any]:
    """run.json."""
    found: dict[str, Any] = json.loads((said.out / "run.json").read_text())
    return found


def test_it_writes_the_whole_folder(trained: Said) -> None:
    """The files that other rooms read, and nothing half-written beside them."""
    assert trained.code == 0, trained.stderr
    assert {path.name for path in trained.out.iterdir()} == {
        "model.keras",
        "contract.json",
        "history.csv",
        "run.json",
        "report.html",
        "MODEL_CARD.md",
        "plots",
    }
    assert {path.stem for path in (trained.out / "plots").iterdir()} == PLOTS


def test_it_says_what_the_tutorials_say(trained: Said) -> None:
    """Sizes, untrained loss, each epoch, the tutorial's figure, first predictions, overfitting."""
    said = trained.stdout
    assert "4,580 training, 420 validation and 1,500 test images, 28 x 28 gray pixels" in said
    (untrained,) = re.findall(r"untrained loss (\d\.\d+) \(by chance 2\.303\)", said)
    assert 2 < float(untrained) < 2.8
    assert re.search(r"epoch 2/2: loss \d.*accuracy .* %; validation loss \d", said)
    assert "the tutorial has 88.07 %, from 60,000 images where this run had 5,000" in said
    (first,) = re.findall(r"first test images: (.*)", said)
    assert len(re.findall(r"\d+ %", first)) == 5
    assert "on the training images against" in said
    assert said.rstrip().endswith(str(trained.out / "report.html"))


def test_tensorflow_is_not_heard(trained: Said) -> None:
    """Neither its log nor a bar where stderr is no terminal."""
    assert trained.stderr == ""


def test_history_has_a_line_an_epoch(trained: Said) -> None:
    """As many lines as epochs, numbers in each column."""
    with (trained.out / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"]
    assert list(rows[0]) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "rate"]
    assert float(rows[1]["loss"]) < float(rows[0]["loss"])
    assert all(0 < float(row["val_accuracy"]) < 1 for row in rows)


def test_the_contract_says_what_the_pixels_mean(trained: Said) -> None:
    """Labels, colour, size; where it came from, without a path of this machine."""
    text = (trained.out / "contract.json").read_text()
    contract = Contract.from_json(text)
    assert contract.labels[0] == "T-shirt/top"
    assert (contract.color, contract.height, contract.width) == ("gray", 28, 28)
    assert contract.output == "softmax"
    assert contract.origin["preset"] == "fashion-logits"
    assert contract.origin["digest"] == dataset.load(SHIPPED, "train").digest()
    assert {"dataset", "seed", "tensorflow", "litescore"} <= set(contract.origin)
    assert str(SHIPPED.parent) not in text


def test_run_json_names_data_and_outcome(trained: Said) -> None:
    """Enough for export to find the same images again."""
    found = facts(trained)
    assert found["data"] == str(SHIPPED)
    assert found["validation"] == {"fraction": pytest.approx(1 / 12), "seed": 0}
    assert found["images"] == {"train": 4580, "validation": 420, "test": 1500}
    assert 0.6 < found["test_accuracy"] < found["train_accuracy"] < 1
    assert found["epochs"] == 2
    assert found["train_seconds"] > 0


def test_the_report_holds_its_pictures(trained: Said) -> None:
    """Each plot is in the page, as in plots/, beside names, table and the way to do it again."""
    page = (trained.out / "report.html").read_text()
    for name in PLOTS:
        png = (trained.out / "plots" / f"{name}.png").read_bytes()
        assert png.startswith(b"\x89PNG")
        assert base64.b64encode(png).decode() in page, name
    for words in ("Ankle boot", "88.07 %", "true \\ predicted", "on the training images against"):
        assert words in page, words
    assert "(1, 28, 28, 1) in, (1, 10) out" in page
    assert "--preset fashion-logits" in html.unescape(page)


def answers(model: Path) -> tuple[tuple[int, ...], float, float]:
    """Input shape, test accuracy and mean sum of the outputs of a saved model on the slice."""
    from trainer.backend import keras

    loaded = keras.models.load_model(model)
    test = dataset.load(SHIPPED, "test")
    pixels = np.asarray(test.images)[..., None].astype(np.float32)
    outputs = np.asarray(loaded(pixels, training=False))
    accuracy = float((outputs.argmax(axis=1) == test.classes).mean())
    return loaded.input_shape[1:], accuracy, float(outputs.sum(axis=1).mean())


def test_the_saved_model_is_the_one_that_was_judged(
    trained: Said, tensorflow: Callable[..., Any]
) -> None:
    """Raw pixels in, probabilities out, the accuracy that run.json tells."""
    shape, accuracy, total = tensorflow(answers, trained.out / "model.keras")
    assert shape == (28, 28, 1)
    assert accuracy == pytest.approx(facts(trained)["test_accuracy"])
    assert total == pytest.approx(1, abs=1e-4)


def test_the_command_in_the_report_does_the_same_again(trained: Said, tmp_path: Path) -> None:
    """Same history to the last digit; `--json` prints the facts and nothing else."""
    words = facts(trained)["command"].split()[2:]
    again = train(*words[: words.index("--out")], "--json", out=tmp_path / "again")
    assert again.code == 0, again.stderr
    assert json.loads(again.stdout) == facts(again)
    history = [(said.out / "history.csv").read_bytes() for said in (trained, again)]
    assert history[0] == history[1]


def test_own_photographs_become_a_model(train_warmed: Train, tmp_path: Path) -> None:
    """A class folder with parts of its own through the cnn; `--quiet` is one line."""
    root = tmp_path / "colors"
    for number, (split, count) in enumerate({"train": 40, "val": 10, "test": 10}.items()):
        write_folder(root / split, {"red": count, "blue": count}, first=100 * number)
    words = ("--data", str(root), "--size", "16", "--epochs", "8", "--quiet")
    said = train_warmed(*words, out=tmp_path / "run")
    assert said.code == 0, said.stderr
    assert len(said.stdout.splitlines()) == 1
    found = facts(said)
    assert found["preset"] is None
    assert found["validation"]["fraction"] == 0
    assert found["images"] == {"train": 80, "validation": 20, "test": 20}
    assert found["test_accuracy"] > 0.9
    contract = Contract.from_json((said.out / "contract.json").read_text())
    assert (contract.labels, contract.color, contract.width) == (("blue", "red"), "rgb", 16)


@pytest.mark.parametrize("quiet", ["--quiet", "--json"])
def test_warnings_are_always_told(
    train_warmed: Train, colors: Path, tmp_path: Path, quiet: str
) -> None:
    """On stderr, each once, whatever else is kept quiet: stdout is what it was asked to be."""
    shutil.copy(colors / "red" / "0.png", colors / "blue" / "again.png")
    words = ("--data", str(colors), "--model", "mlp", "--size", "8", "--epochs", "1", quiet)
    said = train_warmed(*words, out=tmp_path / "run")
    assert said.code == 0, said.stderr
    warnings = facts(said)["warnings"]
    assert any("more than one label" in warning for warning in warnings)
    assert said.stderr.splitlines() == [f"warning: {warning}" for warning in warnings]
    if quiet == "--json":
        assert json.loads(said.stdout) == facts(said)
    else:
        assert len(said.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--preset", "fashion-worst"], 2, "unknown preset 'fashion-worst': one of mnist-quick"),
        ([], 2, "nothing to train: name a --preset"),
        (["--data", "no-such-folder"], 3, "no-such-folder"),
        (["--data", "no-such-folder", "--model", "vgg"], 2, "unknown model 'vgg'"),
    ],
)
def test_an_error_is_one_line(words: list[str], code: int, message: str, tmp_path: Path) -> None:
    """Wrong words exit with 2, data that cannot be used with 3; untraced, and nothing printed."""
    said = train(*words, out=tmp_path / "run")
    assert said.code == code
    (line,) = said.stderr.splitlines()
    assert line.startswith("Error: ")
    assert message in line


def test_a_file_that_is_no_image_ends_it(colors: Path, tmp_path: Path) -> None:
    """It is named, before TensorFlow is loaded."""
    (colors / "red" / "report.png").write_text("text")
    said = train("--data", str(colors), "--model", "mlp", out=tmp_path / "run")
    assert said.code == 3
    (line,) = said.stderr.splitlines()
    assert "report.png" in line


def test_a_tutorials_figure_is_reached_on_the_whole(
    whole_fashion: Path, train_warmed: Train, tmp_path: Path
) -> None:
    """fashion-devclub, where its tutorial reaches about 85 %, from LITESCORE_DATA by itself."""
    said = train_warmed("--preset", "fashion-devclub", out=tmp_path / "run")
    assert said.code == 0, said.stderr
    tutorial = PRESETS["fashion-devclub"].tutorial
    assert tutorial is not None
    # Another processor rounds otherwise, and five epochs later that is half a point.
    assert facts(said)["test_accuracy"] >= max(0.86, tutorial.accuracy)
    assert "from the folder that LITESCORE_DATA names" in said.stdout
    assert facts(said)["data"] == str(whole_fashion)


def test_the_shipped_slice_is_used_where_nothing_else_is(
    train_warmed: Train, tmp_path: Path
) -> None:
    """Without LITESCORE_DATA, package, cache and network; it says so, in the terminal and after."""
    nowhere = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    words = ("--preset", "fashion-basic", "--epochs", "1", "--keras-home", str(tmp_path / "keras"))
    said = train_warmed(*words, out=tmp_path / "run", LITESCORE_DATA="", **nowhere)
    assert said.code == 0, said.stderr
    if "dataset-fashion-mnist" in facts(said)["data_origin"].partition(":")[0]:
        pytest.skip("Debian's package dataset-fashion-mnist is installed here")
    assert "a slice of Fashion-MNIST that litescore ships" in said.stdout
    assert facts(said)["shipped_slice"]
    assert "cannot download" in facts(said)["data_origin"]
