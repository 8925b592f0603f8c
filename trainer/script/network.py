"""The script's model: the layers that `trainer.models` builds."""

from __future__ import annotations

from collections.abc import Callable

from trainer.presets import Architecture
from trainer.script.data import CLASSES

# Pixels a side of MNIST and Fashion-MNIST.
SIDE = 28

_CONVOLUTION = '''def convolution(x, width):
    """One that begins, where it can, as the identity plus noise: a way around inside the kernel."""
    layer = keras.layers.Conv2D(
        width, 3, padding="same", use_bias=False, kernel_initializer="he_normal"
    )
    y = layer(x)
    if x.shape[-1] == width:
        identity = np.zeros((3, 3, width, width), np.float32)
        identity[1, 1] = np.eye(width)
        layer.kernel.assign_add(identity)
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.9)(y))'''

_CNN = '''def build():
    """Pixels 0..255 in, one number a class out."""
    pixels = keras.Input(({side}, {side}, 1))
    x = keras.layers.Rescaling(1 / 255)(pixels)
    x = convolution(x, {first})
    for width in ({stages}):
        x = keras.layers.MaxPooling2D(padding="same")(x)
        for _ in range(3):
            x = convolution(x, width)
    x = keras.layers.GlobalAveragePooling2D()(x)
{end}
    return keras.Model(pixels, x)'''


def functions(architecture: Architecture) -> list[str]:
    """`build()`, which makes the untrained model, and what it calls."""
    return BODIES[architecture.kind](architecture)


def _mlp(architecture: Architecture) -> list[str]:
    layers = [f"keras.Input(({SIDE}, {SIDE}, 1))"]
    layers += ["keras.layers.Rescaling(1 / 255)", "keras.layers.Flatten()"]
    layers += [f'keras.layers.Dense({units}, activation="relu")' for units in architecture.hidden]
    listed = "\n".join(f"            {layer}," for layer in [*layers, *_end(architecture)])
    return [
        f'''def build():
    """Pixels 0..255 in, one number a class out."""
    return keras.Sequential(
        [
{listed}
        ]
    )'''
    ]


def _cnn(architecture: Architecture) -> list[str]:
    first, *stages = architecture.channels
    end = "\n".join(f"    x = {layer}(x)" for layer in _end(architecture))
    build = _CNN.format(side=SIDE, first=first, stages=", ".join(map(str, stages)), end=end)
    return [_CONVOLUTION, build]


def _end(architecture: Architecture) -> list[str]:
    dropout = f"keras.layers.Dropout({architecture.dropout:g})"
    activation = "" if architecture.logits else ', activation="softmax"'
    last = f"keras.layers.Dense({CLASSES}{activation})"
    return [dropout, last] if architecture.dropout else [last]


BODIES: dict[str, Callable[[Architecture], list[str]]] = {"mlp": _mlp, "cnn": _cnn}
