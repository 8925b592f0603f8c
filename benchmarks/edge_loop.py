"""What the edge loop costs over the bare invoke of the same interpreter.

Untrained CNNs, for colour and for gray images, are converted to int8 here. The loop gets frames from memory, as a camera's image processor would have
scaled them, and appends its records to a real file. Raw is `Interpreter.invoke()` and nothing
else. Both are measured in turns, and the fastest turn of each counts.

    python -m benchmarks.edge_loop [--rounds 15]

Needs the extras [train] and [edge].
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.device import Device
from edge.loop import Loop
from edge.picamera import stream_size
from edge.sinks import JsonLines
from edge.sources import Frame
from edge.stop import Stop
from litescore import contract as contracts
from litescore.contract import Contract
from litescore.record import Subject
from litescore.scorer import Scorer

SENSOR = (3280, 2464)
# name, side and channels of the input, filters of each convolution, the ratio to hold
MODELS = (
    ("about 0.2 ms", 32, 3, (48, 80, 128), 1.2),
    ("about 0.2 ms", 28, 1, (48, 96, 128), 1.2),
    ("3 ms or more", 96, 3, (96, 160, 192), 1.05),
)


class Memory:
    """A source of frames that are there already."""

    def __init__(self, pixels: NDArray[np.uint8], count: int, device: Device) -> None:
        self._pixels, self._count, self._device = pixels, count, device

    def frames(self) -> Generator[Frame | None, None, None]:
        for number in range(self._count):
            subject = Subject("/dev/video0", etag=self._device.etag(number))
            yield Frame(subject, number, time.monotonic(), self._pixels)


def convert(side: int, channels: int, filters: tuple[int, ...]) -> bytes:
    """An untrained CNN as int8 .tflite with its contract: 10 classes, uint8 pixels in."""
    import keras
    import tensorflow as tf

    layers: list[Any] = [keras.Input((side, side, channels), batch_size=1)]
    layers.append(keras.layers.Rescaling(1 / 255))
    for count in filters:
        layers += [keras.layers.Conv2D(count, 3, activation="relu", padding="same")]
        layers += [keras.layers.MaxPooling2D()]
    layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10, "softmax")]

    def representative() -> Iterator[list[NDArray[np.float32]]]:
        shape = (1, side, side, channels)
        yield [np.zeros(shape, np.float32)]
        yield [np.full(shape, 255, np.float32)]

    converter = tf.lite.TFLiteConverter.from_keras_model(keras.Sequential(layers))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type = converter.inference_output_type = tf.uint8
    labels = tuple(f"class {number}" for number in range(10))
    contract = Contract(labels, "rgb" if channels == 3 else "gray", side, side, variant="int8")
    with redirect_stdout(StringIO()):  # the converter tells of its temporary folder
        return contracts.append(converter.convert(), contract)


def measure(
    scorer: Scorer, size: tuple[int, int], out: Path, rounds: int, count: int
) -> tuple[float, float]:
    """(raw, loop): milliseconds a frame, the fastest round of each."""
    device = Device.here()
    width, height = size
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    raw, loop = [], []
    with JsonLines(out) as sink:
        for _ in range(rounds):
            raw.append(time_raw(scorer, count))
            source = Memory(pixels, count, device)
            begun = time.perf_counter()
            Loop(scorer, device).run(source, sink, Stop())
            loop.append(time.perf_counter() - begun)
    return min(raw) / count * 1000, min(loop) / count * 1000


def time_raw(scorer: Scorer, count: int) -> float:
    """Seconds that `count` bare invocations take."""
    # The scorer's own interpreter: another one may lie differently in memory and be faster.
    invoke = scorer._interpreter._interpreter.invoke
    begun = time.perf_counter()
    for _ in range(count):
        invoke()
    return time.perf_counter() - begun


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    print("| model | frame | raw invoke | edge loop | ratio | hold |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name, side, channels, filters, hold in MODELS:
            scorer = Scorer(convert(side, channels, filters))
            sizes = {
                "the input's size": (side, side),
                "near it": stream_size(SENSOR, scorer.contract),
                "unscaled": (640, 480),
            }
            for what, size in sizes.items():
                out = Path(folder) / "records.jsonl"
                raw, loop = measure(scorer, size, out, rounds, count=300 if hold > 1.1 else 50)
                held = "" if what == "unscaled" else f"<= {hold}"
                print(
                    f"| {name}, {side} x {side} {scorer.contract.color} | {what}, "
                    f"{size[0]} x {size[1]} | {raw:.3f} ms | {loop:.3f} ms "
                    f"| {loop / raw:.2f} | {held} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
