"""A folder of JPEGs into the cache of decoded images, by one process and by two; and memory.

    python -m benchmarks.decode_cache speed  [--images 50000] [--rounds 5]
    python -m benchmarks.decode_cache memory [--images 50000]
    python -m benchmarks.decode_cache mixed  [--images 1000]

speed   As many different JPEGs of 320 x 240 pixels are made, in processes. They are cut into shares;
        in each round one worker decodes a share into a cache of its own, two workers another, and
        the order changes from round to round. What is printed is the images a second, and half of
        their ratio. Starting the processes is part of it, as it is of a training.
memory  A small cnn is trained for an epoch over the cached images, in a process of its own, for a
        tenth of the images and for all. What is measured is the peak of anonymous memory (RssAnon
        of /proc/self/status, looked at every 20 ms): pages of the memory-mapped file are the
        system's to take back, and are told beside it.
mixed   The same while decoding: pictures from 32 pixels to 12 megapixels, few and ten times as many;
        the peak of anonymous memory of the process and its workers together.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import click
import numpy as np
from PIL import Image

from benchmarks import holds
from benchmarks.batch.rounds import print_ratio
from litescore import dataset
from litescore.contract import Contract
from litescore.dataset import Dataset
from trainer.images.cache import Cache
from trainer.images.survey import survey
from trainer.images.workers import workers

SIZE, SIDE = (320, 240), 96
# Different pictures that are drawn; each file is one of them, shifted and lit in its own way.
DRAWN = 200
MIXED = ((32, 32), (320, 240), (1280, 960), (4000, 3000))
_LOOKED = 0.02


@click.group()
def main() -> None:
    """Time and memory of decoding into the cache."""


@main.command()
@click.option("--images", default=50_000, show_default=True)
@click.option("--rounds", default=5, show_default=True)
def speed(images: int, rounds: int) -> None:
    """One worker against two, over shares of one folder."""
    found = speeds(images, rounds)
    for count, rates in found.items():
        middle = sorted(rates)[len(rates) // 2]
        share = images // (2 * rounds)
        print(f"  {count} workers, {share:,} images a round{middle:>12,.0f} images/s")
    half = [rate / 2 for rate in found[2]]
    print_ratio("images/s of two workers over twice one's", half, found[1], least=holds.HALF.least)


def speeds(images: int, rounds: int) -> dict[int, list[float]]:
    """Images a second by number of workers, round by round."""
    with tempfile.TemporaryDirectory() as name:
        data = folder(Path(name) / "jpegs", images)
        share = len(data) // (2 * rounds)
        mixed = data.take(np.random.default_rng(0).permutation(len(data)))
        found: dict[int, list[float]] = {1: [], 2: []}
        for number in range(rounds):
            for place, count in enumerate((1, 2) if number % 2 else (2, 1)):
                first = (2 * number + place) * share
                part = mixed.take(range(first, first + share))
                found[count].append(share / decode(part, Path(name) / "cache", count))
    return found


@main.command()
@click.option("--images", default=50_000, show_default=True)
def memory(images: int) -> None:
    """Peak memory of training over the cache, for all images and a tenth."""
    peaks = training_peaks(images)
    print_ratio(
        "anonymous memory at its peak, all over a tenth", peaks[1:], peaks[:1], most=holds.PEAK.most
    )


@main.command()
@click.option("--images", default=1_000, show_default=True)
def mixed(images: int) -> None:
    """Peak memory of decoding pictures of very different sizes."""
    peaks = decoding_peaks(images)
    print_ratio(
        "anonymous memory at its peak, all over a tenth", peaks[1:], peaks[:1], most=holds.PEAK.most
    )


def training_peaks(images: int) -> list[float]:
    """Megabytes of an epoch over the cache: of a tenth of the images and of all."""
    with tempfile.TemporaryDirectory() as name:
        folder(Path(name) / "jpegs", images)
        return [_own_process("train-one", name, count) for count in (images // 10, images)]


def decoding_peaks(images: int) -> list[float]:
    """Megabytes of decoding: a tenth of the images and all."""
    with tempfile.TemporaryDirectory() as name:
        folder(Path(name) / "jpegs", images, MIXED)
        return [_own_process("decode-one", name, count) for count in (images // 10, images)]


@main.command("train-one", hidden=True)
@click.argument("place", type=click.Path(path_type=Path))
@click.argument("count", type=int)
def train_one(place: Path, count: int) -> None:
    """An epoch over so many images; its peak."""
    from trainer.fitting.fit import fit
    from trainer.images.splits import Examples
    from trainer.models import plain
    from trainer.presets import find_model

    data = _some(place, count)
    decode(data, place / "cache", 2)
    with workers(len(data)) as pool:
        held = Cache(place / "cache", pool).tensors(
            data, _contract(data), survey([data], pool)[0].digests
        )
    architecture = find_model("cnn").architecture
    with _peak(lambda: [os.getpid()]):
        model = plain.build(architecture, _contract(data))
        fit(model, Examples(held, data.classes), logits=architecture.logits, epochs=1)


@main.command("decode-one", hidden=True)
@click.argument("place", type=click.Path(path_type=Path))
@click.argument("count", type=int)
def decode_one(place: Path, count: int) -> None:
    """So many images into a cache of their own; the peak of all processes."""
    import trainer.images.workers as pool

    pool.FEW = 0
    with _peak(lambda: [os.getpid(), *_children(os.getpid())]):
        decode(_some(place, count), place / f"cache-{count}", 2)


def decode(data: Dataset, root: Path, count: int) -> float:
    """Seconds that the first pass and decoding take, with so many worker processes."""
    start = time.perf_counter()
    with workers(len(data), count) as pool:
        found = survey([data], pool)[0]
        Cache(root, pool).tensors(data, _contract(data), found.digests)
    return time.perf_counter() - start


def folder(root: Path, images: int, sizes: tuple[tuple[int, int], ...] = (SIZE,)) -> Dataset:
    """`root/<class>/*.jpg`: so many files, no two of the same bytes."""
    start = time.perf_counter()
    for name in ("calm", "rough"):
        (root / name).mkdir(parents=True)
    with ProcessPoolExecutor() as pool:
        for _ in pool.map(partial(_draw, root, images, sizes), range(DRAWN)):
            pass
    print(f"  {images:,} JPEGs made in {time.perf_counter() - start:.0f} s", flush=True)
    return dataset.load(root, "all")


def _draw(root: Path, images: int, sizes: tuple[tuple[int, int], ...], drawn: int) -> None:
    """Every file that comes of one drawn picture."""
    generator = np.random.default_rng(drawn)
    coarse = Image.fromarray(generator.integers(0, 256, (12, 16, 3), dtype=np.uint8))
    grain = generator.integers(0, 24, (SIZE[1], SIZE[0], 3), dtype=np.uint8)
    base = np.asarray(coarse.resize(SIZE, Image.Resampling.BICUBIC)) // 8 * 7 + grain
    for number in range(drawn, images, DRAWN):
        picture = Image.fromarray(np.roll(base, number // DRAWN, (0, 1)[number % 2]))
        size = sizes[number // DRAWN % len(sizes)] if images > DRAWN else sizes[number % len(sizes)]
        buffer = io.BytesIO()
        picture.resize(size).save(buffer, "JPEG", quality=80, comment=str(number).encode())
        (root / ("calm", "rough")[number % 2] / f"{number:06}.jpg").write_bytes(buffer.getvalue())


def _some(place: Path, count: int) -> Dataset:
    """So many of the folder's, of every kind."""
    data = dataset.load(place / "jpegs", "all")
    return data.take(np.random.default_rng(1).permutation(len(data))[:count])


def _contract(data: Dataset) -> Contract:
    return Contract(data.labels, "rgb", SIDE, SIDE, jpeg="scaled")


def _own_process(command: str, place: str, count: int) -> float:
    """Megabytes of anonymous memory at the peak of a process of its own."""
    words = [sys.executable, "-m", "benchmarks.decode_cache", command, place, str(count)]
    said = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    anonymous, mapped = (float(word) for word in said[-2:])
    print(
        f"  {count:>7,} images: {anonymous:.0f} MB anonymous, {mapped:.0f} MB of files", flush=True
    )
    return anonymous


@contextmanager
def _peak(processes: Callable[[], list[int]]) -> Iterator[None]:
    """Print the most anonymous memory, and the most pages of files, in megabytes."""
    done, most = threading.Event(), [0.0, 0.0]

    def watch() -> None:
        while not done.wait(_LOOKED):
            held = [_resident(process) for process in processes()]
            for kind in (0, 1):
                most[kind] = max(most[kind], sum(one[kind] for one in held))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()
    print(*most)


def _resident(process: int) -> tuple[float, float]:
    try:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
    except OSError:
        return 0, 0
    sizes = {line.split(":")[0]: line.split()[1] for line in lines if line.startswith("Rss")}
    return int(sizes.get("RssAnon", 0)) / 1000, int(sizes.get("RssFile", 0)) / 1000


def _children(process: int) -> list[int]:
    try:
        text = Path(f"/proc/{process}/task/{process}/children").read_text()
    except OSError:
        return []
    return [int(word) for word in text.split()]


if __name__ == "__main__":
    main()
