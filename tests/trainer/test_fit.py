"""The fast loop does what `model.fit` does. Everything with TensorFlow runs in its own process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from litescore import dataset
from litescore.contract import Contract
from tests.trainer.conftest import SHIPPED
from trainer.fitting.history import Epoch, Fitted, Unwatched
from trainer.fitting.order import batches, shuffled
from trainer.images.splits import Examples
from trainer.presets import Architecture

Weights = list[NDArray[np.float32]]
MLP = Architecture("mlp", (16,), dropout=0.2, logits=True)
CNN = Architecture("cnn", dropout=0.2)


def clothes(count: int) -> Examples:
    """The first images of the shipped slice."""
    data = dataset.load(SHIPPED, "train").take(range(count))
    return Examples(np.asarray(data.images)[..., None], data.classes)


def lamps(count: int) -> Examples:
    """Images of which each has one pixel lit that no other has."""
    tensors = np.zeros((count, 1, count, 1), np.uint8)
    tensors[np.arange(count), 0, np.arange(count), 0] = 255
    return Examples(tensors, np.arange(count, dtype=np.int64) % 2)


def build(architecture: Architecture, examples: Examples, classes: int) -> Any:
    from trainer.backend import keras
    from trainer.models.plain import build

    keras.utils.set_random_seed(0)
    height, width = examples.tensors.shape[1:3]
    labels = tuple(map(str, range(classes)))
    return build(architecture, Contract(labels, "gray", height, width))


def one_epoch_of_lamps(count: int) -> tuple[Weights, Weights]:
    """Weights of the one layer before and after an epoch: a row belongs to one image."""
    from trainer.fitting.fit import fit

    examples = lamps(count)
    model = build(Architecture("mlp", logits=True), examples, classes=2)
    before = model.get_weights()
    fit(model, examples, logits=True, epochs=1)
    return before, model.get_weights()


@pytest.mark.parametrize("count", [64, 70, 5], ids=["whole batches", "uneven", "one batch"])
def test_every_image_is_learned_from(tensorflow: Callable[..., Any], count: int) -> None:
    """A weight that sees only one image changes only if that image was gathered."""
    before, after = tensorflow(one_epoch_of_lamps, count)
    assert (before[0] != after[0]).any(axis=1).all()


def weights_of_both(architecture: Architecture, count: int) -> tuple[Weights, Weights, float]:
    """One epoch by Keras on the same batches in the same order, and by us; Keras' mean loss."""
    from trainer.backend import keras
    from trainer.fitting.fit import fit

    examples = clothes(count)
    ours = build(architecture, examples, classes=10)
    theirs = build(architecture, examples, classes=10)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=architecture.logits)
    theirs.compile(optimizer="adam", loss=loss)
    total = 0.0
    for group in batches(shuffled(count, seed=7, epoch=1), 32):
        for chosen in group:
            pixels = examples.tensors[chosen].astype(np.float32)
            total += float(theirs.train_on_batch(pixels, examples.classes[chosen])) * len(chosen)
    fitted = fit(ours, examples, logits=architecture.logits, epochs=1, seed=7)
    return theirs.get_weights(), ours.get_weights(), total / count - fitted.epochs[0].loss


@pytest.mark.parametrize(
    "architecture",
    [Architecture("mlp", (16,)), Architecture("mlp", (16, 16), logits=True), Architecture("cnn")],
    ids=["softmax", "logits", "cnn"],
)
def test_an_epoch_is_keras_own(tensorflow: Callable[..., Any], architecture: Architecture) -> None:
    """The same batches leave the same weights and the same loss as Keras' train_on_batch."""
    theirs, ours, loss = tensorflow(weights_of_both, architecture, 151)
    for expected, got in zip(theirs, ours, strict=True):
        np.testing.assert_allclose(got, expected, atol=2e-4)
    assert abs(loss) < 1e-4


def trained_weights(architecture: Architecture, seed: int, epochs: int = 2) -> Weights:
    from trainer.fitting.fit import fit

    examples = clothes(151)
    model = build(architecture, examples, classes=10)
    fit(model, examples, logits=architecture.logits, epochs=epochs, seed=seed)
    weights: Weights = model.get_weights()
    return weights


@pytest.mark.parametrize("architecture", [MLP, CNN], ids=["mlp", "cnn"])
def test_the_same_seed_gives_the_same_weights(
    tensorflow: Callable[..., Any], architecture: Architecture
) -> None:
    """Bit for bit, dropout included; another seed gives others."""
    first, again, other = (tensorflow(trained_weights, architecture, seed) for seed in (3, 3, 4))
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert any((a != b).any() for a, b in zip(first, other, strict=True))


def test_dropout_drops_while_training(tensorflow: Callable[..., Any]) -> None:
    """The rate changes the weights; it is not lost on the way around Keras' own."""
    half = Architecture("mlp", (16,), dropout=0.5, logits=True)
    some, many = (tensorflow(trained_weights, each, 3, 1) for each in (MLP, half))
    assert any((a != b).any() for a, b in zip(some, many, strict=True))


def stopped_by_itself(patience: int | None) -> tuple[Fitted, float]:
    """A training that cannot but overfit: random classes. And the kept weights' validation loss."""
    from trainer.fitting.fit import fit
    from trainer.fitting.predict import Predictor, measure

    examples = clothes(200)
    guesses = np.random.default_rng(0).integers(0, 10, 200)
    train = Examples(examples.tensors[:100], guesses[:100])
    validation = Examples(examples.tensors[100:], guesses[100:])
    model = build(Architecture("mlp", (64,)), examples, classes=10)
    fitted = fit(model, train, validation, logits=False, epochs=30, patience=patience)
    kept, _ = measure(Predictor(model, logits=False)(validation.tensors), validation.classes)
    return fitted, kept


@pytest.mark.parametrize("patience", [2, None])
def test_the_best_epoch_is_kept(tensorflow: Callable[..., Any], patience: int | None) -> None:
    """The model has the weights of the lowest validation loss; patience ends the waiting."""
    fitted, kept = tensorflow(stopped_by_itself, patience)
    losses = [epoch.val_loss for epoch in fitted.epochs]
    assert fitted.best == int(np.argmin(losses)) + 1
    assert kept == pytest.approx(min(losses), abs=1e-6)
    assert len(losses) == (30 if patience is None else fitted.best + patience)
    assert fitted.best < 30


def watched_epochs() -> tuple[Fitted, list[tuple[int, int, int]], list[Epoch]]:
    from trainer.fitting.fit import fit

    class Notes(Unwatched):
        def __init__(self) -> None:
            self.parts: list[tuple[int, int, int]] = []
            self.epochs: list[Epoch] = []

        def batches(self, epoch: int, done: int, of: int, loss: float, accuracy: float) -> None:
            self.parts.append((epoch, done, of))

        def epoch(self, epoch: Epoch) -> None:
            self.epochs.append(epoch)

    notes, examples = Notes(), clothes(151)
    model = build(MLP, examples, classes=10)
    fitted = fit(model, examples, logits=True, epochs=2, watch=notes)
    return fitted, notes.parts, notes.epochs


def test_the_watcher_sees_every_image_go_by(tensorflow: Callable[..., Any]) -> None:
    """Counts rise within an epoch and end at all images; each epoch is told once."""
    fitted, parts, epochs = tensorflow(watched_epochs)
    for number in (1, 2):
        done = [count for epoch, count, of in parts if epoch == number and of == 151]
        assert done == sorted(set(done))
        assert done[-1] == 151
        assert len(done) > 1
    assert tuple(epochs) == fitted.epochs


def measures_of_both() -> tuple[tuple[float, float], tuple[float, float]]:
    from trainer.fitting.predict import Predictor, measure

    examples = clothes(300)
    model = build(Architecture("mlp", (16,)), examples, classes=10)
    model.compile(loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    loss, accuracy = model.evaluate(examples.tensors, examples.classes, verbose=0)
    return (loss, accuracy), measure(
        Predictor(model, logits=False)(examples.tensors), examples.classes
    )


def test_loss_and_accuracy_are_keras_own(tensorflow: Callable[..., Any]) -> None:
    """Our measure and `model.evaluate` say the same of the same model."""
    theirs, ours = tensorflow(measures_of_both)
    assert ours == pytest.approx(theirs, abs=1e-4)


def measured(probabilities: NDArray[np.float32], classes: NDArray[np.int64]) -> tuple[float, float]:
    from trainer.fitting.predict import measure

    return measure(probabilities, classes)


def test_a_tie_goes_to_the_lowest_class(tensorflow: Callable[..., Any]) -> None:
    """As everywhere in litescore."""
    tied = np.array([[0.5, 0.5], [0.5, 0.5]], np.float32)
    _, accuracy = tensorflow(measured, tied, np.array([0, 1]))
    assert accuracy == 0.5


def shapes(color: str, height: int, width: int, logits: bool) -> tuple[Any, ...]:
    from trainer.backend import keras
    from trainer.models import plain

    contract = Contract(("a", "b", "c"), color, height, width)
    answers = []
    for kind, hidden in (("mlp", (8,)), ("cnn", ())):
        architecture = Architecture(kind, hidden, logits=logits)
        model = plain.build(architecture, contract)
        probable = plain.with_probabilities(model, architecture)
        pixels = np.random.default_rng(0).integers(0, 256, (2, *model.input_shape[1:]))
        rescaled = isinstance(model.layers[1], keras.layers.Rescaling)
        answers.append((rescaled, np.asarray(probable(pixels.astype(np.float32)))))
    return tuple(answers)


@pytest.mark.parametrize(
    ("color", "height", "width"),
    [("gray", 28, 28), ("rgb", 224, 224), ("rgb", 48, 9), ("gray", 1, 1)],
)
@pytest.mark.parametrize("logits", [True, False])
def test_models_take_raw_pixels_of_any_size(
    tensorflow: Callable[..., Any], color: str, height: int, width: int, logits: bool
) -> None:
    """Rescaling comes first; what comes out are probabilities of each class."""
    for rescaled, probabilities in tensorflow(shapes, color, height, width, logits):
        assert rescaled
        assert probabilities.shape == (2, 3)
        np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
        assert (probabilities >= 0).all()


def smoothed_losses(smoothing: float) -> tuple[list[float], int, float]:
    """Validation losses of each epoch, the best of them, and Keras' own loss of what was kept."""
    from trainer.backend import keras
    from trainer.fitting.fit import fit
    from trainer.presets import Optimization

    train, validation = clothes(320), clothes(400).tensors[320:]
    classes = clothes(400).classes[320:]
    model = build(MLP, train, classes=10)
    fitted = fit(
        model,
        train,
        Examples(validation, classes),
        logits=True,
        epochs=4,
        optimization=Optimization(rate=0.01, smoothing=smoothing),
    )
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)
    own = loss(keras.ops.one_hot(classes, 10), model(validation.astype(np.float32)))
    return [float(epoch.val_loss or 0) for epoch in fitted.epochs], fitted.best, float(own)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_the_best_epoch_is_that_of_the_loss_that_is_trained_on(
    tensorflow: Callable[..., Any], smoothing: float
) -> None:
    """Of smoothed labels where those in training are: the plain loss rises while it learns them."""
    losses, best, own = tensorflow(smoothed_losses, smoothing)
    assert losses[best - 1] == min(losses) == pytest.approx(own, abs=1e-5)
