"""What ran where, played: forty cameras take one release after another, and then their light fails.

    python -m benchmarks.ran OLD.tflite NEW.tflite DATA FOLDER [--dark 0.8]

The test images of DATA, such as the folder of Fashion-MNIST, are what the cameras see. Answers are
the models' own; devices and times are made up: the
old release for ten hours, the new one on a fifth of the devices for fourteen, then on all. From hour
36 on the pictures are darker by the share --dark. A batch of 1,000 images is scored by both. Writes
a shelf, records and the page into FOLDER, and prints what `litescore releases --records` does.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litescore import dataset
from litescore.record import Record, Subject, moment
from litescore.releases import keys, publishing
from litescore.releases.channel import place_of
from litescore.releases.publishing import Gate, Publisher
from litescore.releases.shelf import open_shelf
from litescore.scorer import Scorer

_HOURS, _CANARY, _ALL, _DARK = 48, 10, 24, 36
_DEVICES = [f"pi-{number:02d}" for number in range(40)]
_AN_HOUR = 12
_BEGIN = 1_795_824_000  # 2026-11-28, midnight UTC
_BATCH = 1000
_SHARE = 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("models", nargs=2, type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--dark", type=float, default=0.8)
    words = parser.parse_args()
    words.folder.mkdir(parents=True)
    key = words.folder / "factory.key"
    keys.create(key)
    _publish(words.models, words.folder, key)
    scorers = [Scorer(path, batch=64) for path in words.models]
    images = dataset.load(words.data, "test").tensors(scorers[0].contract)
    lines = [f"{one.to_json()}\n" for one in _records(scorers, images, words.dark)]
    (words.folder / "records.jsonl").write_text("".join(lines))
    command = ["releases", "shoes", "--trust", "factory.key.pub", "--records", "records.jsonl"]
    command = [sys.executable, "-m", "litescore", *command, "--html", "ran.html"]
    subprocess.run(command, cwd=words.folder, check=False)


def _publish(models: list[Path], folder: Path, key: Path) -> None:
    shelf, private = open_shelf(str(folder / "shoes")), keys.read_private(key)
    old, new = (path.read_bytes() for path in models)
    publishing.publish(Publisher(shelf, private, (), "one epoch"), old, "stable", gate=Gate())
    publisher = Publisher(shelf, private, (), "three epochs")
    publishing.publish(publisher, new, "canary", gate=Gate(), share=_SHARE)
    publishing.promote(publisher, "canary", "stable")


def _records(scorers: list[Scorer], images: NDArray[np.uint8], dark: float) -> Iterator[Record]:
    """Of the cameras, hour by hour, and of the batch."""
    rng = np.random.default_rng(0)
    for hour in range(_HOURS):
        for device in _DEVICES:
            seen = images[rng.integers(0, len(images), _AN_HOUR)]
            if hour >= _DARK:
                seen = (seen * (1 - dark)).astype(np.uint8)
            yield from _told(scorers[_taken(device, hour)], seen, device, hour)
    for hour, scorer in enumerate(scorers, _ALL + 2):
        for number, row in enumerate(scorer.probabilities(images[:_BATCH])):
            subject = Subject(f"s3://bucket/in/{number:04}.png", None, "e")
            yield _record(scorer, subject, row, hour, number / _BATCH)


def _taken(device: str, hour: int) -> int:
    """Which of the two releases a device runs."""
    return int(hour >= (_CANARY if place_of("shoes", device) < _SHARE else _ALL))


def _told(scorer: Scorer, images: NDArray[np.uint8], device: str, hour: int) -> Iterator[Record]:
    for number, row in enumerate(scorer.probabilities(images), hour * _AN_HOUR):
        frame = {"device": device, "boot": "b", "run": 1, "number": number}
        subject = Subject("picamera", None, f"{device}-b-1-{number}")
        part = number % _AN_HOUR / _AN_HOUR
        yield _record(
            scorer, subject, row, hour, part, frame=frame, decision={"changed": number % 4 == 0}
        )


def _record(
    scorer: Scorer, subject: Subject, row: Any, hour: int, part: float, **words: Any
) -> Record:
    made = Record.scored(subject, row, labels=scorer.contract.labels, model=scorer.digest, **words)
    return made._replace(at=moment(_BEGIN + 3600 * (hour + part)))


if __name__ == "__main__":
    main()
