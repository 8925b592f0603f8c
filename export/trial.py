"""One candidate, tried: what it weighs, loses and costs, and what it was refused for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from export.candidates import Candidate
from export.proof import Exam, Reading
from litescore.bench.latency import Latency


@dataclass(frozen=True)
class ClassDrop:
    """The class that lost most: its recall's drop in points, and how many images it has."""

    label: str
    points: float
    images: int


@dataclass(frozen=True)
class Trial:
    """What became of a candidate on the validation images.

    file      the bare .tflite bytes; empty where it could not be converted
    size      bytes of the file with its contract and golden samples
    readings  by runtime
    latency   images an invocation takes -> its cost, as far as it is known
    refused   why it cannot be used at all: a conversion that failed, an operation too new
    """

    candidate: Candidate
    file: bytes = b""
    size: int = 0
    readings: Sequence[Reading] = ()
    latency: Mapping[int, Latency] = field(default_factory=dict)
    refused: str | None = None

    @property
    def read(self) -> list[Reading]:
        """The readings of runtimes that loaded it."""
        return [reading for reading in self.readings if not reading.refused]

    @property
    def accuracy(self) -> float:
        """The lowest of all runtimes, 0..1."""
        return min(reading.accuracy for reading in self.read)

    @property
    def agreement(self) -> float:
        """Share of untied images with Keras' top-1, the lowest of all runtimes, 0..1."""
        return min(r.comparison.agreement for r in self.read if r.comparison is not None)

    def drop(self, exam: Exam) -> float:
        """Points of accuracy lost to the Keras model."""
        return (exam.accuracy - self.accuracy) * 100

    def class_drops(self, exam: Exam) -> list[ClassDrop]:
        """What each class that has images lost of its recall to the Keras model, through the runtime
        that is worst for it; the class that lost most first.
        """
        lost = np.max([exam.recall - reading.recall for reading in self.read], axis=0) * 100
        images = np.bincount(exam.classes, minlength=len(lost))
        found = [
            ClassDrop(label, float(lost[n]), int(images[n]))
            for n, label in enumerate(exam.contract.labels)
            if images[n]
        ]
        return sorted(found, key=lambda drop: -drop.points)

    def class_drop(self, exam: Exam) -> ClassDrop:
        """The class that lost most."""
        return self.class_drops(exam)[0]
