"""What the edge loop costs over the bare invoke of the same interpreter.

Untrained CNNs, for colour and for gray images, are converted to int8 here. The loop gets frames from
memory, as a camera's own thread hands them over: with the tensor that it made while the model was at
the frame before. Each is told, to a real file. Raw is `Interpreter.invoke()` and nothing else, of the
same interpreter. The two take turns frame by frame, and the fastest of each counts: that is what a
machine with other work to do can still say. What fitting costs, on the camera's thread, is told beside,
and what the loop would be with it.

    python -m benchmarks.edge_loop [--frames 2000]

Needs the extras [train] and [edge].
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks import holds
from benchmarks.holds import Hold
from edge.device import Device
from edge.frames import Frame, Ready
from edge.frames.picamera import stream_size
from edge.loop import Loop
from edge.sinks.lines import JsonLines
from edge.status import Status
from edge.stop import Stop
from litescore import contract as contracts
from litescore.contract import Contract
from litescore.image import fit
from litescore.record import Subject
from litescore.scorer import Scorer

SENSOR = (3280, 2464)
# name, side and channels of the input, filters of each convolution, the ratio to hold
MODELS: tuple[tuple[str, int, int, tuple[int, ...], Hold], ...] = (
    ("about 0.2 ms", 32, 3, (100, 128, 192), holds.SMALL_LOOP),
    ("about 0.2 ms", 28, 1, (112, 160, 224), holds.SMALL_LOOP),
    ("3 ms or more", 96, 3, (112, 192, 208), holds.LARGE_LOOP),
)


SAME, NEAR, UNSCALED = "as the input", "near it", "unscaled"


class InTurns:
    """A source whose frames are there already; before each it times a bare invoke and the fitting of
    a frame, and then what the loop makes of it. Seconds of all three are kept.
    """

    name = "/dev/video0"
    live = True

    def __init__(self, pixels: NDArray[np.uint8], count: int, scorer: Scorer) -> None:
        self._pixels, self._count = pixels, count
        # The scorer's own interpreter: another one may lie differently in memory and be faster.
        self._invoke = scorer._interpreter._interpreter.invoke
        self.device = Device.here()
        self.raw: list[float] = []
        self.fit: list[float] = []
        self.loop: list[float] = []

    def expect(self, contract: Contract) -> None:
        self._contract = contract

    def status(self) -> Status:
        return Status("running")

    def frames(self) -> Generator[Frame | None, None, None]:
        for number in range(self._count):
            begun = time.perf_counter()
            ready = Ready(self._contract, fit(self._pixels, self._contract))
            self.fit.append(time.perf_counter() - begun)
            subject = Subject(self.name, etag=self.device.etag(number))
            frame = Frame(subject, number, time.monotonic(), self._pixels, ready=ready)
            self._invoke()  # the timed one follows one of its kind, as in a raw loop
            begun = time.perf_counter()
            self._invoke()
            self.raw.append(time.perf_counter() - begun)
            begun = time.perf_counter()
            yield frame
            self.loop.append(time.perf_counter() - begun)


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


def sizes(contract: Contract) -> dict[str, tuple[int, int]]:
    """Frames by what they are to the input: (width, height)."""
    near = stream_size(SENSOR, contract)
    return {SAME: (contract.width, contract.height), NEAR: near, UNSCALED: (640, 480)}


def measure(scorer: Scorer, size: tuple[int, int], out: Path, count: int) -> InTurns:
    """What `count` frames of `size` (width, height) took, each beside a bare invoke."""
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    source = InTurns(pixels, count, scorer)
    with JsonLines(out) as sink:
        Loop(scorer, source.device, sinks=[sink]).run(source, Stop())
    return source


def ratio(times: InTurns) -> float:
    """The loop's fastest frame over the fastest bare invoke."""
    return min(times.loop) / min(times.raw)


def row(model: str, frame: str, times: InTurns, hold: str) -> str:
    """A line of the table: minima, their ratio, and what fitting adds where it is not done ahead."""
    raw, loop, fitting = min(times.raw), min(times.loop), min(times.fit)
    return (
        f"| {model} | {frame} | {raw * 1000:.3f} | {loop * 1000:.3f} | {ratio(times):.2f} "
        f"| {hold} | {fitting * 1000:.3f} | {(loop + fitting) / raw:.2f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=2000)
    count = parser.parse_args().frames
    print(
        "| model | frame | raw invoke, ms | edge loop, ms | ratio | hold | fit ahead, ms "
        "| ratio with it |"
    )
    print("|---|---|---|---|---|---|---|---|")
    # In a process of its own: TensorFlow's heap would slow down what is measured here.
    apart = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))
    with tempfile.TemporaryDirectory() as folder, apart as converter:
        out = Path(folder) / "records.jsonl"
        for name, side, channels, filters, hold in MODELS:
            scorer = Scorer(converter.submit(convert, side, channels, filters).result())
            model = f"{name}, {side} x {side} {scorer.contract.color}"
            for what, size in sizes(scorer.contract).items():
                times = measure(scorer, size, out, count)
                held = "" if what == UNSCALED else f"<= {hold.most}"
                print(row(model, f"{what}, {size[0]} x {size[1]}", times, held), flush=True)


if __name__ == "__main__":
    main()
