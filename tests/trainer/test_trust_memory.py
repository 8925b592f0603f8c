"""Too little memory for a step: refused beforehand with numbers, explained where it ran out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from litescore import memory
from litescore.contract import Contract
from litescore.errors import ConfigurationError


def refused(batch: int, allowed: int | None) -> tuple[int, str]:
    """Bytes that a step of a model of 8 x 8 pixels needs, and why it is refused."""
    from trainer.backend import keras
    from trainer.fitting.memory import check, needed

    layers = keras.layers
    inner = keras.Sequential([keras.Input((8, 8, 1)), layers.Conv2D(3, 1)])
    model = keras.Sequential([keras.Input((8, 8, 1)), inner, layers.Flatten(), layers.Dense(2)])
    try:
        check(model, batch, Contract(("a", "b"), "gray", 8, 8), allowed=allowed)
    except ConfigurationError as error:
        return needed(model, batch), str(error)
    return needed(model, batch), ""


def test_what_cannot_fit_is_refused(tensorflow: Callable[..., Any]) -> None:
    """Of a model within the model too; the batch it names is one that is let through."""
    least, said = tensorflow(refused, 100, 100_000)
    # 8 x 8 x 3 of the convolution, as many flattened, 2; 6 and 386 weights.
    assert least == 4 * (100 * (192 + 192 + 2) + 4 * (6 + 386))
    assert "a step of 100 images of 8 x 8 gray pixels" in said
    assert "--batch 32" in said
    assert tensorflow(refused, 32, 100_000)[1] == ""
    assert "--batch" not in tensorflow(refused, 1, 1_000)[1]


def test_a_usual_step_is_let_through(tensorflow: Callable[..., Any]) -> None:
    """By this machine's own memory."""
    assert tensorflow(refused, 32, None)[1] == ""


def exhausted() -> str:
    from trainer.backend import keras, tf
    from trainer.fitting.memory import explained

    model = keras.Sequential([keras.Input((8, 9, 1)), keras.layers.Flatten()])
    try:
        with explained(model, 64):
            tf.fill([2**22, 2**22], 1.0)
    except ConfigurationError as error:
        return str(error)
    return ""


def test_running_out_is_explained(tensorflow: Callable[..., Any]) -> None:
    """TensorFlow's own refusal of 70 TB becomes one line with the batch and the fix."""
    said = tensorflow(exhausted)
    assert said == (
        "out of memory in a step of 64 images of 9 x 8 pixels: give --batch 32 or a smaller --size"
    )


@pytest.mark.parametrize(
    ("groups", "file"),
    [
        ("0::/a/b\n", "a/memory.max"),
        ("0::/elsewhere\n", "memory.max"),
        ("4:memory:/a/b\n3:cpu:/\n", "memory/a/b/memory.limit_in_bytes"),
    ],
    ids=["a group above", "a container's root", "version 1"],
)
def test_a_container_has_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, groups: str, file: str
) -> None:
    """The least of all groups above counts; `max` is none."""
    monkeypatch.setattr(memory, "_GROUPS", tmp_path)
    monkeypatch.setattr(memory, "_OWN_GROUPS", tmp_path / "own")
    assert memory.allowed() == memory.installed()
    (tmp_path / "own").write_text(groups)
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "memory.max").write_text("max\n")
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text("12345678\n")
    assert memory.allowed() == 12_345_678


def predicted_at_once() -> list[int]:
    """Images of each batch that are predicted of 100, by a model that is 2**19 values wide."""
    import numpy as np

    from trainer.backend import keras, tf
    from trainer.fitting.predict import Predictor

    seen: list[int] = []

    class Counting(keras.layers.Layer):  # type: ignore[misc]
        def call(self, values: Any) -> Any:
            return tf.numpy_function(self._count, [values], values.dtype)

        def _count(self, values: Any) -> Any:
            seen.append(len(values))
            return values

        def compute_output_shape(self, shape: Any) -> Any:
            return shape

    image, layers = keras.Input((8, 8, 1)), keras.layers
    wide = layers.UpSampling2D(32)(layers.Conv2D(8, 1)(image))
    narrow = layers.GlobalAveragePooling2D()(wide)
    predictor = Predictor(keras.Model(image, Counting()(narrow)), logits=True)
    predictor(np.zeros((100, 8, 8, 1), np.uint8))
    return seen


def test_prediction_holds_no_more_than_training(tensorflow: Callable[..., Any]) -> None:
    """Of a model that is wide inside, few images are predicted at once: 64 MB where it is widest."""
    assert tensorflow(predicted_at_once) == [32, 32, 32, 4]
