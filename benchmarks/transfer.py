"""Transfer learning from end to end: does what a model learned on other pictures help, and is its
accuracy the same at every stage from training to records?

    LITESCORE_DATA=datasets python -m benchmarks.transfer

The pictures are Fashion-MNIST as photographs (benchmarks.photographs). A backbone is first trained
on five of the classes, then put to the five that it has never seen, of which there are few
pictures. Then every command that a person would type: audit, train with these weights, export to
f32 and int8, evaluate, score, results; and beside it the same training from nothing, for as many
epochs.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from benchmarks import photographs

# Points between the accuracies of any two stages.
HOLD = 0.5

LEARNED = ("T-shirt/top", "Trouser", "Coat", "Sandal", "Bag")
TARGET = ("Pullover", "Dress", "Shirt", "Sneaker", "Ankle boot")


@dataclass(frozen=True)
class Plan:
    """How much: images to learn from and to be judged by, pixels a side, epochs."""

    model: str
    images: int
    test: int
    pretrain: int
    size: int
    epochs: int
    pretrain_epochs: int


@dataclass(frozen=True)
class Stage:
    """What one command said of the test images: accuracy 0..1."""

    name: str
    accuracy: float


@click.command()
@click.option("--model", default="mobilenet-v3-small", show_default=True)
@click.option("--images", default=1000, show_default=True, help="Target's training images.")
@click.option("--test", default=2000, show_default=True, help="Target's test images.")
@click.option("--pretrain", default=10000, show_default=True, help="Images of the other task.")
@click.option("--size", default=64, show_default=True, help="Pixels a side.")
@click.option("--epochs", default=12, show_default=True)
@click.option("--pretrain-epochs", default=10, show_default=True)
@click.option("--work", type=click.Path(path_type=Path), help="Keep everything here.")
def main(work: Path | None, **numbers: Any) -> None:
    """Print a line for each stage, and how much the weights helped."""
    plan = Plan(**numbers)
    if work:
        sys.exit(not _run(plan, work))
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(not _run(plan, Path(folder)))


def _run(plan: Plan, work: Path) -> bool:
    """Whether what is promised held."""
    begun = time.perf_counter()
    data = Path(os.environ["LITESCORE_DATA"]) / "fashion-mnist"
    other = photographs.write(
        data, work / "other", train=plan.pretrain, test=500, labels=LEARNED, seed=1
    )
    target = photographs.write(
        data, work / "fashion", train=plan.images, test=plan.test, labels=TARGET
    )
    _say("photographs written", begun)
    words = ("--model", plan.model, "--size", str(plan.size), "--batch", "64")
    learned = _train(other, work / "pretrained", plan.pretrain_epochs, *words, "--weights", "none")
    _say(f"pretrained on five classes: {learned:.2%} of them", begun)
    _litescore("audit", target, allowed=(0, 1))
    weights = work / "pretrained" / "model.keras"
    stages = follow(target, work / "transfer", plan.epochs, *words, "--weights", str(weights))
    for stage in stages:
        _say(f"{stage.name}: {stage.accuracy:.2%}", begun)
    scratch = _train(target, work / "scratch", plan.epochs, *words, "--weights", "none")
    _say(f"from nothing, as many epochs: {scratch:.2%}", begun)
    return _judge(stages, scratch)


def follow(
    data: Path, run: Path, epochs: int, *words: str, variants: Sequence[str] = ("f32", "int8")
) -> list[Stage]:
    """The accuracy that each command says of the same test images, from training to records."""
    stages = [Stage("Keras, run.json", _train(data, run, epochs, *words))]
    for variant in variants:
        file = run.with_name(f"{run.name}-{variant}.tflite")
        # The gate goes by the validation images, of which there are a hundred; what is compared here
        # are the test images.
        gate = ("--max-drop", "100", "--max-class-drop", "100")
        _litescore("export", run, "--quantize", variant, *gate, "--out", file)
        said = json.loads(_litescore("evaluate", file, "--data", data, "--json"))
        stages.append(Stage(f"evaluate {variant}", said["accuracy"]))
        records = run.with_name(f"{run.name}-{variant}-records")
        _litescore("score", data / "test", "--model", file, "--out", records)
        stages.append(Stage(f"score {variant}", _agreement(records)))
        counted = json.loads(_litescore("results", records, "--json"))
        assert counted["status"]["scored"] == _count(data / "test"), counted
    return stages


def _train(data: Path, run: Path, epochs: int, *words: str) -> float:
    """The test accuracy, 0..1, that `litescore train` writes into run.json."""
    _litescore("train", "--data", data, "--out", run, "--epochs", str(epochs), "--quiet", *words)
    facts: dict[str, float] = json.loads((run / "run.json").read_text())
    return facts["test_accuracy"]


def _agreement(records: Path) -> float:
    """The share of records whose label is the folder of their picture."""
    files = sorted(records.rglob("*.jsonl.gz"))
    lines = [one for file in files for one in gzip.decompress(file.read_bytes()).splitlines()]
    found = [json.loads(line) for line in lines]
    return sum(one["label"] == Path(one["source"]).parent.name for one in found) / len(found)


def _count(folder: Path) -> int:
    return sum(1 for _ in folder.rglob("*.jpg"))


def _judge(stages: list[Stage], scratch: float) -> bool:
    accuracies = [stage.accuracy for stage in stages]
    apart = 100 * (max(accuracies) - min(accuracies))
    gain = 100 * (accuracies[0] - scratch)
    print(f"stages apart: {apart:.2f} points, {HOLD} {'held' if apart <= HOLD else 'NOT held'}")
    print(f"pretrained over from nothing: {gain:+.2f} points")
    return apart <= HOLD and gain > 0


def _litescore(*words: str | Path, allowed: tuple[int, ...] = (0,)) -> str:
    """Standard output of a litescore command."""
    command = [sys.executable, "-m", "litescore", *map(str, words)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if done.returncode not in allowed:
        raise SystemExit(f"{' '.join(command[2:])}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def _say(line: str, begun: float) -> None:
    print(f"{time.perf_counter() - begun:6.0f} s  {line}", flush=True)


if __name__ == "__main__":
    main()
