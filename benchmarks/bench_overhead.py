"""What `litescore bench` adds to an invocation: its median over that of LiteRT's own command.

`litert-benchmark` runs the graph again and again on a buffer that it filled once; ours also hands
the pixels in and takes the answer out, as scoring must. Both take turns, each in a process of its
own, and each ratio is of one round. Run on an idle machine, of the repository's root:

    python -m benchmarks.bench_overhead [--rounds 15]
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import redirect_stdout
from io import StringIO
from statistics import median

from benchmarks import holds
from litescore.bench import litert_benchmark
from litescore.bench.latency import Latency, measure

# name, side in pixels, filters of each convolution
MODELS = (
    ("3 ms or more", 96, (96, 96, 96)),
    ("3 ms or more", 224, (24, 32, 48)),
)
RUNS, WARMUP = 200, 20


def convert(side: int, filters: tuple[int, ...]) -> bytes:
    """An untrained CNN as float32 .tflite: rgb pixels in, batch open, 10 classes."""
    import keras
    import tensorflow as tf

    layers = [keras.Input((side, side, 3)), keras.layers.Rescaling(1 / 255)]
    for count in filters:
        layers += [keras.layers.Conv2D(count, 3, activation="relu", padding="same")]
        layers += [keras.layers.MaxPooling2D()]
    layers += [keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(10, "softmax")]
    with redirect_stdout(StringIO()):  # the converter tells of its temporary folder
        model: bytes = tf.lite.TFLiteConverter.from_keras_model(keras.Sequential(layers)).convert()
    return model


def made(side: int, filters: tuple[int, ...]) -> bytes:
    """The model, converted in a process of its own: nothing of TensorFlow's runs beside what is
    measured.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as apart:
        return apart.submit(convert, side, filters).result()


def ours(model: bytes) -> Latency:
    """What `litescore bench` tells at batch 1."""
    return measure(model, runtime="litert", batch=1, runs=RUNS, warmup=WARMUP)


def turns(model: bytes, rounds: int) -> list[tuple[float, float]]:
    """Milliseconds of ours and of theirs, round by round; who goes first alternates."""
    command = litert_benchmark.find()
    if command is None:
        sys.exit("litert-benchmark is not installed: pip install 'litescore[litert]'")
    like, found = ours(model), []
    for number in range(rounds):
        before = ours(model).p50 if number % 2 else 0.0
        theirs = litert_benchmark.median(command, model, like, warmup=WARMUP)
        if theirs is None:
            sys.exit("litert-benchmark cannot run the model")
        found.append((before or ours(model).p50, theirs))
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    print(f"load before: {os.getloadavg()[0]:.1f} of {os.cpu_count()} processors\n")
    print("| model | litescore bench, ms | litert-benchmark, ms | ratio (rounds) | hold |")
    print("|---|---|---|---|---|")
    for name, side, filters in MODELS:
        times = turns(made(side, filters), rounds)
        ratios = sorted(mine / theirs for mine, theirs in times)
        mine, theirs = (median(column) for column in zip(*times, strict=True))
        print(
            f"| {name}, {side} x {side} rgb, f32 | {mine:.3f} | {theirs:.2f} "
            f"| {median(ratios):.3f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) | <= {holds.OVERHEAD.most} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
