"""The steps of the main job, each by the command that a user would type; no step knows the report.

`say` is told what a failing step printed. Every step raises ConfigurationError when it fails.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.demo.images import FRAMES_PER_SECOND, Picture, write_clip
from infra.local.cloud import LocalCloud
from infra.processes import Program
from litescore import contract, image, results
from litescore.contract import Contract
from litescore.errors import ConfigurationError
from litescore.record import Record, Subject
from litescore.scorer import Scorer

PRESET = "fashion-basic"
FRAMES_EACH = 3

_STEP_SECONDS = 900
_RECORD_SECONDS = 120

Say = Callable[[str], None]


@dataclass(frozen=True)
class Scored:
    """A picture and the record that came back for it."""

    picture: Picture
    record: Record

    @property
    def right(self) -> bool:
        """Whether the record's label is the true one."""
        return self.record.label == self.picture.truth


@dataclass(frozen=True)
class Scoring:
    """What one way of scoring gave: its records, and how long it took in seconds."""

    scored: tuple[Scored, ...]
    seconds: float

    @property
    def accuracy(self) -> float:
        """The share of all pictures, 0..1, that were labelled right; a failed one is wrong."""
        return sum(one.right for one in self.scored) / len(self.scored)

    @property
    def rate(self) -> float:
        """Images per second."""
        return len(self.scored) / self.seconds

    def agreeing(self, other: Scoring) -> int:
        """How many pictures have the same label and, to the last digit, the same score."""
        answers = {one.picture.name: _answer(one.record) for one in other.scored}
        return sum(answers[one.picture.name] == _answer(one.record) for one in self.scored)


@dataclass(frozen=True)
class Workplace:
    """The demo's folder, and where each thing is in it."""

    folder: Path

    @property
    def run(self) -> Path:
        """The folder of the training run."""
        return self.folder / "run"

    @property
    def model(self) -> Path:
        """The exported file."""
        return self.folder / "model.tflite"

    @property
    def package(self) -> Path:
        """The folder of the function's code and packages."""
        return self.folder / "package"

    @property
    def clip(self) -> Path:
        """The video of the edge loop's frames."""
        return self.folder / "clip.mkv"

    @property
    def records(self) -> Path:
        """The folder of the records, by way of scoring."""
        return self.folder / "records"

    @property
    def logs(self) -> Path:
        """The folder of what each program printed."""
        return self.folder / "logs"

    @property
    def report(self) -> Path:
        """The page that tells it all."""
        return self.folder / "report.html"


def train(place: Workplace, say: Say) -> dict[str, Any]:
    """Train the preset into `place.run`; what run.json says."""
    _litescore(place, say, "train", "--preset", PRESET, "--out", place.run)
    facts: dict[str, Any] = json.loads((place.run / "run.json").read_bytes())
    return facts


def export(place: Workplace, say: Say) -> Contract:
    """Export the run to an int8 file, proven on the test images by the export itself."""
    _litescore(place, say, "export", place.run, "--quantize", "int8", "--out", place.model)
    found = contract.read(place.model)
    if found is None:
        raise ConfigurationError(f"{place.model} carries no contract: the export went wrong")
    return found


def evaluate(place: Workplace, say: Say, data: Path) -> dict[str, Any]:
    """What the exported file scores on all test images, without TensorFlow."""
    answer = place.logs / "evaluation.json"
    _litescore(place, say, "evaluate", place.model, "--data", data, "--json", output=answer)
    facts: dict[str, Any] = json.loads(answer.read_bytes())
    return facts


def score_here(model: Path, pictures: Sequence[Picture]) -> Scoring:
    """PNG bytes to records in this process, one at a time: what every other way is held against."""
    scorer = Scorer(model)
    files = [one.png for one in pictures]
    begun = time.perf_counter()
    records = [_record(scorer, one.name, png) for one, png in zip(pictures, files, strict=True)]
    seconds = time.perf_counter() - begun
    return Scoring(tuple(map(Scored, pictures, records)), seconds)


def score_in_cloud(
    cloud: LocalCloud,
    place: Workplace,
    pictures: Sequence[Picture],
    say: Say,
) -> Scoring:
    """Upload the pictures as objects and wait for a record of each in the output bucket.

    The time is from the first upload until the last record is seen.
    """
    s3 = cloud.client("s3")
    begun = time.perf_counter()
    for one in pictures:
        s3.put_object(Bucket=cloud.input_bucket, Key=f"demo/{one.name}", Body=one.png)
    folder = place.records / "cloud"
    while True:
        cloud.download(folder)
        records = {Path(record.source).name: record for record in results.read(folder)}
        seconds = time.perf_counter() - begun
        if len(records) == len(pictures):
            return Scoring(tuple(Scored(one, records[one.name]) for one in pictures), seconds)
        _check_patience(cloud, seconds, f"{len(records)} of {len(pictures)} records came", say)
        time.sleep(0.2)


def score_at_edge(place: Workplace, pictures: Sequence[Picture], say: Say) -> Scoring:
    """A clip of the pictures through the edge loop; a record for each frame of it."""
    write_clip(pictures, place.clip, frames_each=FRAMES_EACH)
    out = place.records / "edge" / "frames.jsonl"
    out.parent.mkdir(parents=True, exist_ok=True)
    words = ("edge", "run", "--model", place.model, "--source", place.clip, "--out", out)
    _litescore(place, say, *words)
    records = sorted(results.read(out.parent), key=lambda record: _frame(record, "number"))
    if len(records) != len(pictures) * FRAMES_EACH:
        raise ConfigurationError(
            f"the edge loop gave {len(records)} records for a clip of "
            f"{len(pictures) * FRAMES_EACH} frames: see {place.logs / 'edge.log'}"
        )
    seconds = _frame(records[-1], "monotonic") - _frame(records[0], "monotonic")
    scored = (Scored(pictures[n // FRAMES_EACH], record) for n, record in enumerate(records))
    return Scoring(tuple(scored), max(seconds, 1 / FRAMES_PER_SECOND))


def _litescore(
    place: Workplace, say: Say, command: str, *words: str | Path, output: Path | None = None
) -> None:
    log = place.logs / f"{command}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    line = [sys.executable, "-m", "litescore", command, *words]
    with Program(line, log=log, output=output) as program:
        code = program.wait(_STEP_SECONDS)
        if code == 0:
            return
        say(program.tail(30))
    how = f"did not end in {_STEP_SECONDS} s" if code is None else f"ended with exit code {code}"
    raise ConfigurationError(f"litescore {command} {how}: all it said is in {log}")


def _record(scorer: Scorer, name: str, png: bytes) -> Record:
    tensor = image.fit(image.decode(png), scorer.contract)
    probabilities = scorer.probabilities(tensor[None])[0]
    labels = scorer.contract.labels
    return Record.scored(Subject(name), probabilities, labels=labels, model=scorer.digest)


def _check_patience(cloud: LocalCloud, seconds: float, seen: str, say: Say) -> None:
    # A batch that failed comes back after the queue's visibility timeout only, of minutes.
    troubles = cloud.troubles()
    if not troubles and seconds < _RECORD_SECONDS:
        return
    say("\n".join([*troubles[:5], cloud.log_tail()]))
    why = "the function failed" if troubles else f"waited {_RECORD_SECONDS} s"
    raise ConfigurationError(f"{why}, {seen}: the end of its log is above")


def _answer(record: Record) -> tuple[str | None, float | None]:
    return record.label, record.score


def _frame(record: Record, name: str) -> float:
    return float((record.frame or {})[name])
