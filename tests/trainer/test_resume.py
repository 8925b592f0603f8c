"""A training that was stopped and went on is the training that never stopped."""

from __future__ import annotations

import csv
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from litescore import dataset
from litescore.contract import Contract
from tests.trainer.conftest import SHIPPED
from trainer.fitting.checkpoints import Checkpoints, unfinished
from trainer.fitting.history import Epoch, Fitted, Unwatched
from trainer.images.splits import Examples
from trainer.presets import Architecture, Optimization

MLP = Architecture("mlp", (16,), dropout=0.2, logits=True)
CNN = Architecture("cnn", channels=(4, 8, 8), dropout=0.2, logits=True)
EVERYTHING = Optimization(
    "adamw", 0.01, "cosine", 0.2, decay=0.01, smoothing=0.1, average=0.9, balanced=True
)
PHASED = Optimization("sgd", 0.05, frozen=2, fine=0.1)
WAYS = {
    "mlp": (MLP, Optimization(), ()),
    "cnn": (CNN, EVERYTHING, ("shift", "rotate", "erase")),
    "phases": (None, PHASED, ("flip",)),
}


class Interrupting(Unwatched):
    """Sends this process a Ctrl-C when so many spans of steps have been seen."""

    def __init__(self, after: int) -> None:
        self.left = after

    def batches(self, epoch: int, done: int, of: int, loss: float, accuracy: float) -> None:
        self.left -= 1
        if self.left == 0:
            signal.raise_signal(signal.SIGINT)


def clothes() -> tuple[Examples, Examples]:
    data = dataset.load(SHIPPED, "train").take(range(360))
    tensors = np.asarray(data.images)[..., None]
    cut = 300
    return (
        Examples(tensors[:cut], data.classes[:cut]),
        Examples(tensors[cut:], data.classes[cut:]),
    )


def build(architecture: Architecture | None) -> Any:
    from trainer.backend import keras
    from trainer.models.plain import build

    keras.utils.set_random_seed(0)
    if architecture is not None:
        return build(architecture, Contract(tuple("abcdefghij"), "gray", 28, 28))
    pixels = keras.Input((28, 28, 1))
    x = keras.layers.Conv2D(4, 3, strides=4, name="backbone")(pixels)
    x = keras.layers.BatchNormalization()(x)
    x = keras.layers.GlobalAveragePooling2D(name="features")(x)
    return keras.Model(pixels, keras.layers.Dense(10)(x))


def trained(
    way: str, run: Path | None = None, after: int = 0
) -> tuple[list[NDArray[Any]], Fitted] | None:
    """Weights and history; None where it was interrupted. With `run`, states are kept there."""
    from trainer.fitting.fit import fit

    architecture, optimization, names = WAYS[way]
    model = build(architecture)
    train, validation = clothes()
    checkpoints = Checkpoints(run, {"way": way}) if run else None
    try:
        fitted = fit(
            model,
            train,
            validation,
            logits=True,
            epochs=4,
            patience=3,
            seed=5,
            optimization=optimization,
            augment=names,
            watch=Interrupting(after),
            checkpoints=checkpoints,
            begun=checkpoints.load() if checkpoints else None,
        )
    except KeyboardInterrupt:
        return None
    return model.get_weights(), fitted


def gone_on(way: str, run: Path, stops: tuple[int, ...]) -> Any:
    """Stopped after so many spans, again and again, and then to the end."""
    for after in stops:
        assert trained(way, run, after) is None
        assert unfinished(run)
    return trained(way, run)


@pytest.mark.parametrize(
    ("way", "stops"),
    [("mlp", (4, 9, 1)), ("cnn", (3,)), ("cnn", (4, 9, 1)), ("phases", (10,)), ("phases", (25,))],
)
def test_going_on_is_as_never_stopping(
    tensorflow: Callable[..., Any], tmp_path: Path, way: str, stops: tuple[int, ...]
) -> None:
    """Weights bit for bit and history to the last digit: within an epoch, at its end, in a later
    phase, and after several stops; dropout, augmentation, schedule, average and patience included.
    """
    weights, fitted = tensorflow(trained, way)
    again, refitted = tensorflow(gone_on, way, tmp_path, stops)
    assert refitted.epochs == fitted.epochs
    assert refitted.best == fitted.best
    assert all((a == b).all() for a, b in zip(weights, again, strict=True))


def bursting() -> str:
    from litescore.errors import ConfigurationError
    from trainer.fitting.fit import fit

    train, _ = clothes()
    try:
        wild = Optimization("sgd", 1e30)
        fit(build(CNN), train, logits=True, epochs=3, optimization=wild)
    except ConfigurationError as error:
        return str(error)
    return "no error"


def test_a_loss_that_is_no_number_ends_it(tensorflow: Callable[..., Any]) -> None:
    """The error names the epoch, the rate and a lower one."""
    said = tensorflow(bursting)
    assert "no number any more: epoch 1" in said
    assert "--rate 1e+29" in said


def started(out: Path, *words: str) -> subprocess.Popen[str]:
    """`litescore train`, which hears Ctrl-C as in a terminal, whoever started these tests."""
    command = [sys.executable, "-m", "litescore", "train", *words, "--out", str(out)]
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def until_epoch(process: subprocess.Popen[str], number: int) -> None:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(f"epoch {number}/"):
            return
    raise AssertionError(f"no epoch {number}: {process.communicate()[1]}")


def history(run: Path) -> list[dict[str, str]]:
    with (run / "history.csv").open() as file:
        return list(csv.DictReader(file))


def test_a_stopped_command_says_how_to_go_on(tmp_path: Path) -> None:
    """Ctrl-C saves and ends with 130; the command that it prints goes on, is killed, goes on again,
    and gives the history of a training that was never stopped. Meanwhile nothing overwrites it.
    """
    words = ("--preset", "fashion-logits", "--data", str(SHIPPED), "--epochs", "40")
    out = tmp_path / "my run"
    first = started(out, *words)
    until_epoch(first, 3)
    first.send_signal(signal.SIGINT)
    _, said = first.communicate(timeout=60)
    assert first.returncode == 130
    command = said.partition("go on with: ")[2].splitlines()[0]
    assert shlex.split(command)[-1] == "--resume"

    afresh = started(out, *words)
    assert "--resume" in afresh.communicate(timeout=60)[1]
    assert afresh.returncode == 2

    again = shlex.split(command)[2:]
    killed = started(out, *again)
    until_epoch(killed, 9)
    killed.kill()
    killed.communicate(timeout=60)

    last = started(out, *again)
    shown, said = last.communicate(timeout=120)
    assert last.returncode == 0, said
    assert "going on from epoch" in shown
    assert not unfinished(out)

    whole = started(tmp_path / "whole", *words)
    assert whole.communicate(timeout=120)
    assert history(out) == history(tmp_path / "whole")
    assert len(history(out)) == 40


def test_nothing_to_go_on_from(tmp_path: Path, train_warmed: Callable[..., Any]) -> None:
    """--resume where nothing was saved is wrong usage."""
    words = ("--preset", "fashion-logits", "--data", str(SHIPPED), "--resume")
    said = train_warmed(*words, out=tmp_path / "run")
    assert said.code == 2
    assert "nothing in" in said.stderr
    assert "leave --resume out" in said.stderr


def test_epochs_know_their_rate(tensorflow: Callable[..., Any]) -> None:
    """A schedule's rate rises, falls, and is in the history."""
    _, fitted = tensorflow(trained, "cnn")
    rates = [epoch.rate for epoch in fitted.epochs]
    assert all(isinstance(epoch, Epoch) for epoch in fitted.epochs)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(0, abs=1e-6)
    assert 0 < rates[0] <= 0.01
