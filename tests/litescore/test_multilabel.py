"""Records of a model whose labels are independent of each other: `top` lists those that hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edge.device import Device
from edge.frames import Frame
from edge.loop import Loop
from litescore import batch, contract, image
from litescore.contract import Contract
from litescore.record import Record, Subject, threshold_of
from litescore.scorer import Scorer
from litescore.settings import Settings
from tests.litescore import tiny

LABELS = ("ant", "bee", "cat", "dog")
ROW = np.array([0.2, 0.7, 0.5, 0.7], np.float32)


def record(threshold: float | None) -> Record:
    """ROW's."""
    return Record.scored(
        Subject("a.png"), ROW, labels=LABELS, model="ab" * 32, top=1, threshold=threshold
    )


@pytest.mark.parametrize(
    ("threshold", "labels"),
    [
        (None, ["bee"]),
        (0.5, ["bee", "dog", "cat"]),
        (0.51, ["bee", "dog"]),
        (0.9, []),
        (0.0, ["bee", "dog", "cat", "ant"]),
    ],
)
def test_labels_from_the_threshold_on(threshold: float | None, labels: list[str]) -> None:
    """However many `top` asks for; label and score stay the best, even where none holds."""
    found = record(threshold)
    assert [one["label"] for one in found.top] == labels
    assert (found.label, found.score) == ("bee", 0.7)
    assert Record.from_json(found.to_json()) == found


def scorer(output: str, threshold: float) -> Scorer:
    """A tiny model of four sigmoids with that contract."""
    held = Contract(LABELS, "gray", 4, 3, output=output, threshold=threshold)
    model = tiny.build((4, 3, 1), classes=4, ending="sigmoid")
    return Scorer(contract.append(model, held), batch=2)


def test_every_way_lists_the_same(tmp_path: Path) -> None:
    """The batch pipeline and the camera's loop list the labels that hold, of several pictures."""
    pixels = np.random.default_rng(3).integers(0, 256, (6, 4, 3, 1), np.uint8)
    for number, one in enumerate(pixels):
        (tmp_path / f"{number}.png").write_bytes(image.encode_png(one))
    subjects = [Subject(str(tmp_path / f"{number}.png")) for number in range(6)]
    model = scorer("multilabel", 0.5)
    found = [one.record for one in batch.run(subjects, model, settings=Settings(top=1))]
    loop = Loop(model, Device("pi", "boot", 0), top=1)
    counts = set()
    for number, probabilities in enumerate(model.probabilities(pixels)):
        order = np.argsort(-probabilities, kind="stable")
        holding = [LABELS[i] for i in order if probabilities[i] >= 0.5]
        framed = loop.score(Frame(subjects[number], number, 0.0, pixels[number])).record
        for one in (found[number], framed):
            assert one is not None
            assert [listed["label"] for listed in one.top] == holding
            assert one.label == LABELS[order[0]]
        counts.add(len(holding))
    assert len(counts) > 1, "the pictures should differ in how many labels hold"


def test_only_multilabel_has_a_threshold() -> None:
    """The threshold that every contract has counts for no other output."""
    assert threshold_of(scorer("multilabel", 0.25).contract) == 0.25
    assert threshold_of(scorer("softmax", 0.25).contract) is None
