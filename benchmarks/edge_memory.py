"""Memory, threads and file descriptors of `litescore edge run` over many frames.

The real command in a process of its own plays a clip over and over, as fast as it can, and tells every
frame to a file that is set aside and packed when it is full; one viewer looks at the preview's moving
picture. Looked at once the caches are filled, in the middle and at the end.

    python -m benchmarks.edge_memory [--frames 100000] [--model FILE]

Without a model an untrained int8 CNN is converted here. Needs the extras [train] and [edge].
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import threading
import time
import urllib.request
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from pathlib import Path

from benchmarks import holds
from benchmarks.edge_loop import convert
from benchmarks.edge_soak.process import Health, Process
from benchmarks.edge_soak.site import write_clip

# Of the memory at the first look.
HOLD = holds.FRAMES.most or 0


def looks(process: Process, frames: int) -> list[tuple[int, Health]]:
    """How it is after a tenth, half and all of the frames."""
    found = []
    for count in (frames // 10, frames // 2, frames):
        process.wait_for(count)
        found.append((process.told, look(process)))
    return found


def look(process: Process) -> Health:
    """The most of several: a look is a connection with a thread of its own, and so is the decoder of a
    clip, which is opened anew several times a second.
    """
    several = []
    for _ in range(20):
        several.append(process.settle())
        time.sleep(0.05)
    return max(several, key=lambda health: (health.threads, health.descriptors))


def watch(url: str, ended: threading.Event) -> None:
    """Look at the moving picture until the end."""
    while not ended.is_set():
        with suppress(OSError), urllib.request.urlopen(f"{url}/stream.mjpg", timeout=5) as stream:
            while not ended.is_set() and stream.read(1 << 16):
                pass
        time.sleep(0.1)


def write_model(path: Path) -> None:
    """A small int8 CNN, made in a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as converter:
        path.write_bytes(converter.submit(convert, 32, 3, (8, 16, 32)).result())


def measure(folder: Path, model: Path, frames: int) -> list[tuple[int, Health]]:
    clip = write_clip(folder / "clip.mp4")
    words = ["--model", str(model), "--source", str(clip), "--loop", "--emit", "every"]
    words += ["--out", str(folder / "records.jsonl"), "--out-max-bytes", "5M", "--out-keep", "3"]
    process = Process(folder, clip, [*words, "--state", str(folder)], rate=0)
    ended = threading.Event()
    viewer = threading.Thread(target=watch, args=(process.url, ended))
    viewer.start()
    try:
        return looks(process, frames)
    finally:
        ended.set()
        process.close()
        viewer.join()


def main() -> None:
    """Print the table; exit with 1 where memory, threads or descriptors grew."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--model", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = options.model or folder / "model.tflite"
        if options.model is None:
            write_model(model)
        found = measure(folder, model, options.frames)
    first = found[0][1]
    print("| frames | memory, MB | ratio | hold | threads | descriptors |")
    print("|---|---|---|---|---|---|")
    for frames, health in found:
        ratio = health.rss / first.rss
        print(
            f"| {frames:,} | {health.rss / 1e6:.1f} | {ratio:.3f} | <= {HOLD} "
            f"| {health.threads} | {health.descriptors} |"
        )
    last = found[-1][1]
    grew = last.rss > HOLD * first.rss or last.threads > first.threads
    sys.exit(grew or last.descriptors > first.descriptors)


if __name__ == "__main__":
    main()
