"""Batch scoring from S3: what the pipeline adds to its parts, and what a newcomer's handler costs.

Everything runs in this one process against a SeaweedFS server on this machine, several rounds of
each in turn, the ratio of each round and the median of those; CPU is that of this process with all its threads, the server's is
not counted. Run: `python -m benchmarks.batch`.
"""

from __future__ import annotations

import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from litescore import batch, image, output, store
from litescore.contract import Contract
from litescore.contract import append as append_contract
from litescore.record import Subject
from litescore.scorer import Scorer
from litescore.settings import Settings, processors
from tests.rig import seaweed
from tests.rig.seaweed import S3

ROUNDS = 7
SMALL, PHOTOS = 2000, 200
# A newcomer's way takes tens of milliseconds an image: fewer will do.
NEWCOMER = 60
LIMIT = 10**8
FETCH, SCORE = "fetch alone", "decode and score alone"
PIPELINE, KERAS = "pipeline, records written", "boto3 + keras.predict"


@dataclass(frozen=True)
class Cost:
    """Microseconds an image: processor time of this process, and on the clock."""

    cpu: float
    wall: float

    @property
    def rate(self) -> float:
        return 1e6 / self.wall


@dataclass(frozen=True)
class Case:
    """Images in a bucket and a model that takes them."""

    name: str
    bucket: str
    output: str
    keras: object
    scorer: Scorer
    subjects: Sequence[Subject]


def main() -> None:
    """Measure both kinds of images and print the table."""
    with tempfile.TemporaryDirectory() as folder, seaweed.serve(Path(folder)) as server:
        os.environ.update(server.environ)
        for case in (small_case(server), photo_case(server)):
            report(case, server)


def report(case: Case, server: S3) -> None:
    """Print the rows of one kind of images."""
    blobs = [store.read(subject, max_bytes=LIMIT).data for subject in case.subjects]
    few = case.subjects[:NEWCOMER]
    rounds = measure(
        {
            FETCH: (len(blobs), lambda: fetch_all(case.subjects)),
            SCORE: (len(blobs), lambda: decode_and_score(blobs, case.scorer)),
            PIPELINE: (len(blobs), lambda: pipeline(case)),
            KERAS: (len(few), lambda: newcomer(case, server, few)),
        }
    )
    print(f"\n{case.name} (batch {case.scorer.batch})")
    for name, costs in rounds.items():
        cpu, rate = (statistics.median(getattr(c, what) for c in costs) for what in ("cpu", "rate"))
        print(f"  {name:<28}{cpu:>10,.0f} us CPU{rate:>10,.0f} images/s")
    parts = [
        whole.cpu / (fetch.cpu + score.cpu)
        for fetch, score, whole in zip(rounds[FETCH], rounds[SCORE], rounds[PIPELINE], strict=True)
    ]
    gains = [
        whole.rate / naive.rate
        for whole, naive in zip(rounds[PIPELINE], rounds[KERAS], strict=True)
    ]
    print(f"  pipeline CPU over its parts    {_spread(parts, '.2f')} x")
    print(f"  images/s over boto3 + keras    {_spread(gains, '.0f')} x")


def measure(ways: dict[str, tuple[int, Callable[[], object]]]) -> dict[str, list[Cost]]:
    """The cost of each way in every round; the rounds of all interleaved, so that a ratio within
    one round compares things that met the same machine.
    """
    rounds: dict[str, list[Cost]] = {name: [] for name in ways}
    for number in range(ROUNDS + 1):
        for name, (count, work) in ways.items():
            cpu, wall = time.process_time(), time.perf_counter()
            work()
            cost = Cost(
                (time.process_time() - cpu) * 1e6 / count,
                (time.perf_counter() - wall) * 1e6 / count,
            )
            if number:  # the first round warms connections and caches
                rounds[name].append(cost)
    return rounds


def _spread(ratios: Sequence[float], form: str) -> str:
    middle, low, high = (
        format(value, form) for value in (statistics.median(ratios), min(ratios), max(ratios))
    )
    return f"{middle} (rounds {low} to {high})"


def fetch_all(subjects: Iterable[Subject]) -> None:
    """Every object's bytes, one after the other."""
    for subject in subjects:
        store.read(subject, max_bytes=LIMIT)


def decode_and_score(blobs: Sequence[bytes], scorer: Scorer) -> None:
    """From bytes in memory to probabilities, in batches."""
    c, budget = scorer.contract, image.PixelBudget()
    tensors = np.empty((scorer.batch, c.height, c.width, c.channels), np.uint8)
    for start in range(0, len(blobs), scorer.batch):
        part = blobs[start : start + scorer.batch]
        for row, blob in enumerate(part):
            tensors[row] = image.decode_to_tensor(blob, c, budget=budget)
        scorer.probabilities(tensors[: len(part)])


def pipeline(case: Case) -> None:
    """What the handler does with these subjects: records in a bucket, a fresh prefix each time."""
    outcomes = batch.run(case.subjects, case.scorer, settings=Settings())
    summary = output.write_all(outcomes, f"s3://{case.output}/{time.monotonic_ns()}")
    assert summary.scored == len(case.subjects), summary


def newcomer(case: Case, server: S3, subjects: Sequence[Subject]) -> None:
    """What tutorials show: an object, an image, a prediction."""
    c = case.scorer.contract
    for subject in subjects:
        key = subject.source.partition(f"{case.bucket}/")[2]
        body = server.client.get_object(Bucket=case.bucket, Key=key)["Body"].read()
        picture = Image.open(io.BytesIO(body)).convert("L" if c.color == "gray" else "RGB")
        pixels = np.asarray(picture.resize((c.width, c.height)), np.float32)
        tensor = pixels.reshape(1, c.height, c.width, c.channels)
        case.keras.predict(tensor, verbose=0)  # type: ignore[attr-defined]


def small_case(server: S3) -> Case:
    """28 x 28 gray PNGs into a dense network, as in the tutorials."""
    from tensorflow import keras

    labels = tuple(str(n) for n in range(10))
    contract = Contract(labels=labels, color="gray", height=28, width=28)
    layers = [
        keras.Input((28, 28, 1)),
        keras.layers.Rescaling(1 / 255),
        keras.layers.Flatten(),
        keras.layers.Dense(128, "relu"),
        keras.layers.Dense(10, "softmax"),
    ]
    generator = np.random.default_rng(0)
    blobs = [image.encode_png(generator.integers(0, 256, (28, 28), np.uint8)) for _ in range(SMALL)]
    return _case("28 x 28 PNG, dense", server, keras.Sequential(layers), contract, blobs)


def photo_case(server: S3) -> Case:
    """640 x 480 JPEGs into MobileNetV3-Small at 224, with random weights: they cost the same."""
    from tensorflow import keras

    labels = tuple(f"class {n}" for n in range(100))
    contract = Contract(labels=labels, color="rgb", height=224, width=224)
    model = keras.applications.MobileNetV3Small((224, 224, 3), weights=None, classes=100)
    return _case("640 x 480 JPEG, MobileNetV3-Small", server, model, contract, _photos(PHOTOS))


def _photos(count: int) -> list[bytes]:
    """Pictures with the frequencies of photographs: noise at several scales, one on the other."""
    generator = np.random.default_rng(0)
    blobs = []
    for _ in range(count):
        canvas = np.zeros((480, 640, 3), np.float32)
        for scale in (4, 16, 64, 160):
            noise = generator.integers(0, 256, (480 // scale, 640 // scale, 3), np.uint8)
            layer = Image.fromarray(noise).resize((640, 480), Image.Resampling.BICUBIC)
            canvas += np.asarray(layer, np.float32) / 4
        buffer = io.BytesIO()
        Image.fromarray(canvas.astype(np.uint8)).save(buffer, "JPEG", quality=85)
        blobs.append(buffer.getvalue())
    return blobs


def _case(name: str, server: S3, model: object, contract: Contract, blobs: Sequence[bytes]) -> Case:
    from export.convert import convert
    from export.graph import Saved

    with tempfile.TemporaryDirectory() as folder:
        saved = Saved(model, Path(folder)).at(None)
        file = convert(saved, "f32", np.empty(0, np.uint8))
    bucket = server.make_bucket()
    for number, blob in enumerate(blobs):
        server.client.put_object(Bucket=bucket, Key=f"{number:06}", Body=blob)
    subjects = [entry.subject for entry in store.list_objects(f"s3://{bucket}/")]
    scorer = Scorer(append_contract(file, contract), threads=processors(), batch=None)
    return Case(name, bucket, server.make_bucket(), model, scorer, subjects)


if __name__ == "__main__":
    main()
