"""What is done to training images, as layers of Keras: the same in kind, drawn otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from trainer.augmentation import parse

_LAYERS = {
    "flip": 'RandomFlip("horizontal")',
    "shift": 'RandomTranslation({0:g}, {0:g}, fill_mode="constant", interpolation="nearest")',
    "rotate": 'RandomRotation({0:g} / 360, fill_mode="constant")',
    "zoom": 'RandomZoom({0:g}, fill_mode="constant")',
    "shear": 'RandomShear({1:.3f}, fill_mode="constant")',
    "brightness": "RandomBrightness({0:g}, value_range=(0, 255))",
    "contrast": "RandomContrast({0:g}, value_range=(0, 255))",
    "erase": "RandomErasing({0:g}, scale=(0.01, 0.12), fill_value=0, value_range=(0, 255))",
}


def function(names: Sequence[str]) -> str:
    """`augment(images)` for `flip`, `shift:0.1` and the like.

    Raises UsageError as `trainer.augmentation.parse`.
    """
    listed = "\n".join(f"    keras.layers.{_layer(*one)}," for one in parse(names).items())
    return f'''AUGMENT = [
{listed}
]


def augment(images):
    """Images as they might have been, too; another draw at each step."""
    images = tf.cast(images, tf.float32)
    for layer in AUGMENT:
        images = layer(images, training=True)
    return images'''


def _layer(name: str, strength: float) -> str:
    return _LAYERS[name].format(strength, strength / 90)
