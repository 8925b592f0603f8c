"""A training that was stopped and went on is the training that never stopped."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from litescore import dataset
from litescore.contract import Contract
from litescore.errors import ConfigurationError
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
# Nothing moves, so that patience ends it after the first epoch.
STILL = Optimization("sgd", 1e-30)
WAYS = {
    "mlp": (MLP, Optimization(), ()),
    "cnn": (CNN, EVERYTHING, ("shift", "rotate", "erase")),
    "phases": (None, PHASED, ("flip",)),
    "patience": (MLP, STILL, ()),
}


class Interrupting(Unwatched):
    """Sends this process a Ctrl-C when so many spans of steps have been seen."""

    def __init__(self, after: int) -> None:
        self.left = after

    def batches(self, epoch: int, done: int, of: int, loss: float, accuracy: float) -> None:
        self.left -= 1
        if self.left == 0:
            self.stop()

    def stop(self) -> None:
        signal.raise_signal(signal.SIGINT)


class Killed(BaseException):
    """What nobody can hear, as SIGKILL."""


class Killing(Interrupting):
    """Ends the training there, with nothing saved but what lies on the disk."""

    def stop(self) -> None:
        raise Killed


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
    way: str, run: Path | None = None, watch: Unwatched | None = None, seconds: float = 20
) -> tuple[list[NDArray[Any]], Fitted, list[bool]] | None:
    """Weights, history and which layers learn; None where it was stopped. With `run`, states are
    kept there, one in so many seconds.
    """
    from trainer.fitting.fit import fit

    architecture, optimization, names = WAYS[way]
    model = build(architecture)
    train, validation = clothes()
    checkpoints = Checkpoints(run, {"way": way}, seconds=seconds) if run else None
    try:
        fitted = fit(
            model,
            train,
            validation,
            logits=True,
            epochs=4,
            patience=1 if way == "patience" else 3,
            seed=5,
            optimization=optimization,
            augment=names,
            watch=watch,
            checkpoints=checkpoints,
            begun=checkpoints.load() if checkpoints else None,
        )
    except (KeyboardInterrupt, Killed):
        return None
    return model.get_weights(), fitted, [layer.trainable for layer in model.layers]


def gone_on(way: str, run: Path, stops: tuple[int, ...]) -> Any:
    """Stopped after so many spans, again and again, and then to the end."""
    for after in stops:
        assert trained(way, run, Interrupting(after)) is None
        assert unfinished(run)
    return trained(way, run)


def killed(way: str, run: Path, stops: tuple[int, ...]) -> Any:
    """The same without a wish: all that goes on is what was saved before."""
    for after in stops:
        assert trained(way, run, Killing(after), seconds=0) is None
    return trained(way, run)


def ended_twice(way: str, run: Path) -> Any:
    """Trained to its end, and the same training asked for once more: it may not take a step."""
    first = trained(way, run, seconds=0)
    assert unfinished(run)
    return first, trained(way, run, Killing(1))


def stopped_at_the_end(way: str, run: Path) -> Any:
    """Asked to stop within the last epoch's validation, when no step is left to be taken."""

    class Late(Unwatched):
        def epoch(self, epoch: Epoch) -> None:
            if epoch.number == 4:
                signal.raise_signal(signal.SIGINT)

    assert trained(way, run, Late()) is None
    return trained(way, run, Killing(1))


def of_another_model(run: Path) -> str:
    """What is said of a state whose model has other weights."""
    assert trained("mlp", run, Interrupting(3)) is None
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(WAYS, "mlp", (Architecture("mlp", (17,), logits=True), Optimization(), ()))
        try:
            trained("mlp", run)
        except ConfigurationError as error:
            return str(error)
    return "no error"


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
    assert_same(tensorflow(trained, way), tensorflow(gone_on, way, tmp_path, stops))


def assert_same(whole: Any, parted: Any) -> None:
    """Weights bit for bit, history, and which layers learned."""
    (weights, fitted, learn), (again, refitted, learned) = whole, parted
    assert refitted.epochs == fitted.epochs
    assert refitted.best == fitted.best
    assert learned == learn
    assert all((a == b).all() for a, b in zip(weights, again, strict=True))


def test_a_kill_loses_nothing_that_was_saved(
    tensorflow: Callable[..., Any], tmp_path: Path
) -> None:
    """Killed twice, within an epoch, and gone on: the training that never stopped."""
    assert_same(tensorflow(trained, "mlp"), tensorflow(killed, "mlp", tmp_path, (13, 9)))


@pytest.mark.parametrize(("way", "epochs"), [("phases", 4), ("patience", 2)])
def test_a_training_that_ended_is_not_done_again(
    tensorflow: Callable[..., Any], tmp_path: Path, way: str, epochs: int
) -> None:
    """Killed while its files are written it goes on from its end, without a step: after the last
    epoch as after the last that patience allowed.
    """
    first, again = tensorflow(ended_twice, way, tmp_path)
    assert len(first[1].epochs) == epochs
    assert_same(first, again)


def test_a_wish_in_the_last_epoch_is_heard(tensorflow: Callable[..., Any], tmp_path: Path) -> None:
    """Nothing is left to train, and nothing is lost."""
    assert_same(tensorflow(trained, "mlp"), tensorflow(stopped_at_the_end, "mlp", tmp_path))


def test_a_state_of_another_model_is_refused(
    tensorflow: Callable[..., Any], tmp_path: Path
) -> None:
    """As when a function that makes the model was changed: one line, no traceback."""
    said = tensorflow(of_another_model, tmp_path)
    assert "the checkpoint is of another model (4 arrays of 12,730 values there" in said
    assert "without --resume" in said


def bursting() -> str:
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


def test_epochs_know_their_rate(tensorflow: Callable[..., Any]) -> None:
    """A schedule's rate rises, falls, and is in the history."""
    _, fitted, _ = tensorflow(trained, "cnn")
    rates = [epoch.rate for epoch in fitted.epochs]
    assert all(isinstance(epoch, Epoch) for epoch in fitted.epochs)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(0, abs=1e-6)
    assert 0 < rates[0] <= 0.01
