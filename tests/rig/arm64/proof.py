"""One model over the same images on Arm and here, held against each other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litescore import image
from litescore.comparison import Comparison, compare
from litescore.record import Record
from litescore.scorer import Scorer
from tests.rig.arm64 import CPUS, Arm64
from tests.rig.readings import readings


@dataclass(frozen=True)
class Proof:
    """What a model says on Arm, held against what it says here on the same runtime.

    runtime  `tflite-runtime` or `litert`
    exact    whether the two must be equal; else one step is granted
    golden   the verdict of `litescore verify` there
    answers  by processor: the output tensors there and here
    score    what the records of `litescore score` list there and here
    same     whether those are of the same images: source, id and model
    edge     whether `litescore edge run` there writes the records that `litescore score` writes
             there, but for their time and what is known of the frame
    """

    runtime: str
    exact: bool
    golden: str
    answers: Mapping[str, Comparison]
    score: Comparison
    same: bool
    edge: bool

    @property
    def holds(self) -> bool:
        """Whether Arm says what is said here."""
        near = ("identical",) if self.exact else ("identical", "within one step")
        across = [*self.answers.values(), self.score]
        close = all(one.verdict in near and not one.differing for one in across)
        return self.golden in near and close and self.same and self.edge


def prove(arm: Arm64, model: Path, images: Path, runtime: str, cpus: Sequence[str] = CPUS) -> Proof:
    """Run verify, score and edge run there, score here, and the bare model in both places.

    images  a folder of pictures, all of which the model can score

    Raises RuntimeError with what a program said that failed.
    """
    scorer = Scorer(model, runtime=runtime)
    words = ("--model", model, "--top", str(len(scorer.contract.labels)))
    score = ("score", images, *words)
    there = partial(_there, arm, runtime)
    scored, scored_here = _records(there(*score)), _records(_here(runtime, *score))
    framed = _records(there("edge", "run", "--source", images, *words))
    found = [readings(records, scorer.contract.labels) for records in (scored_here, scored)]
    return Proof(
        runtime=runtime,
        exact=runtime == "tflite-runtime" and scorer.contract.variant == "int8",
        golden=json.loads(there("verify", model, "--json"))["verdict"],
        answers=_answers(arm, scorer, model, _tensors(scored_here, scorer), cpus),
        score=compare(found[0], found[1], step=scorer.step),
        same=_identities(scored_here) == _identities(scored),
        edge=_timeless(framed) == _timeless(scored),
    )


def _answers(
    arm: Arm64, scorer: Scorer, model: Path, tensors: NDArray[np.uint8], cpus: Sequence[str]
) -> dict[str, Comparison]:
    file = arm.folder / f"{scorer.runtime}.npy"
    np.save(file, tensors)
    here = scorer.probabilities(tensors)
    found = {}
    for cpu in cpus:
        there = arm.answer(
            model, file, file.with_suffix(f".{cpu}"), runtime=scorer.runtime, cpu=cpu
        )
        found[cpu] = compare(here, scorer.dequantize(there), step=scorer.step)
    return found


def _tensors(records: Sequence[Record], scorer: Scorer) -> NDArray[np.uint8]:
    """uint8[n, height, width, channels] of the pictures that the records are about."""
    budget = image.PixelBudget()
    pictures = (Path(record.source).read_bytes() for record in records)
    return np.stack(
        [image.decode_to_tensor(data, scorer.contract, budget=budget) for data in pictures]
    )


def _records(lines: str) -> list[Record]:
    records = [Record.from_json(line) for line in lines.splitlines()]
    for record in records:
        if record.status != "scored" or record.member is not None:
            why = record.reason or "only pictures in files of their own can be compared"
            raise RuntimeError(f"{record.source}: {why}")
    return records


def _identities(records: Sequence[Record]) -> list[tuple[str, str, str]]:
    return [(record.source, record.id, record.model) for record in records]


def _timeless(records: Sequence[Record]) -> list[Record]:
    return [record._replace(at="", frame=None, decision=None) for record in records]


def _there(arm: Arm64, runtime: str, *words: str | Path) -> str:
    return _said(arm.python("-m", "litescore", *words, runtime=runtime))


def _here(runtime: str, *words: str | Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "litescore", *map(str, words)],
        env=os.environ | {"LITESCORE_RUNTIME": runtime},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    return _said(done)


def _said(done: subprocess.CompletedProcess[str]) -> str:
    # 1 with an answer says that something was found wrong, which the answer tells.
    if done.returncode not in (0, 1) or not done.stdout:
        raise RuntimeError(f"{' '.join(done.args)} exited with {done.returncode}: {done.stderr}")
    return done.stdout
