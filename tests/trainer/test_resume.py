"""A training that was stopped, or killed, and went on is the training that never stopped."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litescore.errors import ConfigurationError
from tests.trainer.test_fit import Weights, build, clothes
from trainer.fitting.checkpoints import Checkpoints
from trainer.fitting.history import Fitted, Unwatched
from trainer.images.splits import Examples
from trainer.presets import Architecture, Optimization

MLP = Architecture("mlp", (16,), dropout=0.2, logits=True)
CNN = Architecture("cnn", channels=(4, 8), dropout=0.2, logits=True)
PLAIN = Optimization()
ALL = Optimization(
    "adamw", 2e-3, "cosine", warmup=0.1, decay=0.01, smoothing=0.05, average=0.9, balanced=True
)
RECIPES = {"mlp": (MLP, PLAIN, ()), "cnn": (CNN, ALL, ("flip:0.5", "shift:0.1"))}


def learn(
    kind: str, run: Path, watch: Unwatched | None = None, *, resume: bool = False, epochs: int = 4
) -> tuple[Weights, Fitted]:
    """Weights and history of a small training that saves wherever it can."""
    from trainer.fitting.fit import fit

    architecture, optimization, names = RECIPES[kind]
    examples = clothes(300)
    train = Examples(examples.tensors[:200], examples.classes[:200])
    validation = Examples(examples.tensors[200:], examples.classes[200:])
    model = build(architecture, examples, classes=10)
    checkpoints = Checkpoints(run, {"kind": kind}, seconds=0)
    fitted = fit(
        model,
        train,
        validation,
        logits=True,
        epochs=epochs,
        batch=16,
        patience=3,
        seed=5,
        optimization=optimization,
        augment=names,
        watch=watch,
        checkpoints=checkpoints,
        begun=checkpoints.load() if resume else None,
    )
    return model.get_weights(), fitted


class Stopper(Unwatched):
    """Ctrl-C after so many spans."""

    def __init__(self, spans: int) -> None:
        self.left = spans

    def batches(self, epoch: int, done: int, of: int, loss: float, accuracy: float) -> None:
        import signal

        self.left -= 1
        if not self.left:
            signal.raise_signal(signal.SIGINT)


def stopped_and_not(kind: str, folder: Path) -> list[tuple[Weights, Fitted]]:
    """A training without a stop, and one that is stopped twice: in an epoch and near the end."""
    whole = learn(kind, folder / "whole")
    stops = 0
    for spans in (9, 25):
        try:
            learn(kind, folder / "parts", Stopper(spans), resume=stops > 0)
        except KeyboardInterrupt:
            stops += 1
    assert stops == 2
    return [whole, learn(kind, folder / "parts", resume=True)]


@pytest.mark.parametrize("kind", RECIPES)
def test_a_stop_changes_nothing(tensorflow: Callable[..., Any], tmp_path: Path, kind: str) -> None:
    """Weights bit for bit and the same history: an mlp through XLA; a cnn with augmentation, weight
    decay, schedule, moving average, class weights and patience.
    """
    (weights, fitted), (again, refitted) = tensorflow(stopped_and_not, kind, tmp_path)
    assert fitted.epochs == refitted.epochs
    assert fitted.best == refitted.best
    assert all((a == b).all() for a, b in zip(weights, again, strict=True))


_KILLED = """
import os, signal, sys
from pathlib import Path
from tests.trainer.test_resume import learn
from trainer.fitting.history import Unwatched

class Killer(Unwatched):
    left = int(sys.argv[2])
    def batches(self, *seen):
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)

learn("mlp", Path(sys.argv[1]), Killer(), resume=(Path(sys.argv[1]) / "checkpoint").exists())
"""


def whole_and_resumed(folder: Path) -> list[tuple[Weights, Fitted]]:
    return [learn("mlp", folder / "whole"), learn("mlp", folder / "run", resume=True)]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_killed_process_loses_nothing_saved(
    tensorflow: Callable[..., Any], tmp_path: Path
) -> None:
    """SIGKILL with the last states on disk, in the second epoch."""
    command = [sys.executable, "-c", _KILLED, str(tmp_path / "run"), "19"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == -9, done.stderr[-2000:]
    (weights, fitted), (again, refitted) = tensorflow(whole_and_resumed, tmp_path)
    assert fitted.epochs == refitted.epochs
    assert all((a == b).all() for a, b in zip(weights, again, strict=True))


def diverged(folder: Path) -> tuple[str, bool]:
    """What is said of a rate that is far too high; whether what is kept on disk is finite."""
    RECIPES["wild"] = (MLP, Optimization("sgd", 1e20), ())
    try:
        learn("wild", folder)
    except ConfigurationError as error:
        state = Checkpoints(folder, {"kind": "wild"}).load()
        finite = state is None or all(np.isfinite(v).all() for v in state.variables)
        return str(error), finite
    return "", True


def test_a_loss_that_is_no_number_is_told(tensorflow: Callable[..., Any], tmp_path: Path) -> None:
    """Epoch, images, rate and the fix; no state that is no number is kept."""
    said, finite = tensorflow(diverged, tmp_path)
    assert said.startswith("the loss is no number any more: epoch 1")
    assert "learning rate 1e+20; give a lower one, as --rate 1e+19" in said
    assert finite
