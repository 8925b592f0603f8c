"""Making the candidates and trying each: convert once, check its operations, read, time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from export import convert, scales
from export.candidates import Candidate, pipeline_batch
from export.graph import Saved
from export.proof import Exam, Reader, Reading, golden_files
from export.source import Source
from export.targets import Target
from export.trial import Trial
from litescore import answered
from litescore import contract as contracts
from litescore.bench.latency import Latency, measure
from litescore.bench.measured import Measured
from litescore.contract import Contract
from litescore.errors import ConfigurationError, ModelError
from litescore.tflite import operations, opversions

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Sweep:
    """How candidates of one source are tried.

    graphs       the source's graph, for the converter
    calibration  uint8[n, h, w, c], the representative images
    runtimes     that read each file; None for every one here
    target       whose operations and latency count, or None for a single file of no target
    measured     latencies brought from another machine
    """

    source: Source
    graphs: Saved
    calibration: NDArray[np.uint8]
    exam: Exam
    runtimes: Sequence[str] | None = None
    target: Target | None = None
    measured: Measured | None = None

    def run(self, candidates: Sequence[Candidate], reader: Reader, tell: Tell) -> list[Trial]:
        """Every candidate, tried in turn; `tell` is given a line at each."""
        trials = []
        for number, candidate in enumerate(candidates, 1):
            tell(f"[{number}/{len(candidates)}] {candidate}")
            trials.append(self.try_one(candidate, reader))
        return trials

    def try_one(self, candidate: Candidate, reader: Reader) -> Trial:
        """Convert and measure; a candidate that cannot be used says why in `refused`."""
        trial = Trial(candidate)
        try:
            file = self._convert(candidate)
            trial = replace(trial, file=file, size=len(file))
            refused = self.target and refusal(file, self.target)
            if refused:
                return replace(trial, refused=refused)
            trial = replace(trial, readings=reader.read(file, self.runtimes))
            trial = replace(trial, size=self._size(trial))
            return replace(trial, latency=self._latency(trial)) if trial.read else trial
        except ModelError as error:
            return replace(trial, refused=str(error))

    def _convert(self, candidate: Candidate) -> bytes:
        return convert.convert(
            self.graphs.at(candidate.batch),
            candidate.variant,
            self.calibration,
            candidate.batch,
            one_scale=scales.one_a_layer(self.source.model),
        )

    def _size(self, trial: Trial) -> int:
        """Bytes of the whole file: the test images will change some digits in it."""
        contract = contract_for(self.source, trial.candidate, self.exam, trial.readings)
        return len(contracts.append(trial.file, contract, golden_files(self.exam, trial.readings)))

    def _latency(self, trial: Trial) -> Mapping[int, Latency]:
        """What is known of its cost, by images an invocation takes."""
        if self.target is None:
            return {}
        fixed = trial.candidate.batch
        batches = [fixed] if fixed else sorted({1, pipeline_batch(self.source.contract)})
        found = {batch: self._cost(trial.file, batch) for batch in batches}
        return {batch: latency for batch, latency in found.items() if latency is not None}

    def _cost(self, file: bytes, batch: int) -> Latency | None:
        assert self.target is not None
        if self.target.here:
            return measure(file, runtime=self.target.runtimes[0], batch=batch)
        if self.measured is None:
            return None
        digest = hashlib.sha256(file).hexdigest()
        for runtime in self.target.runtimes:
            latency = self.measured.latency(digest, runtime=runtime, batch=batch, threads=1)
            if latency is not None:
                return latency
        return None


def contract_for(
    source: Source, candidate: Candidate, exam: Exam, readings: Sequence[Reading]
) -> Contract:
    """The contract of a file, with what it scored in this exam, and what it answered."""
    read = [r for r in readings if r.comparison is not None]
    answers = next((r.probabilities for r in read if r.probabilities is not None), None)
    scores = {
        "float": exam.accuracy,
        "exported": {reading.runtime: reading.accuracy for reading in read},
        "n": len(exam.classes),
        "agreement": min(r.comparison.agreement for r in read if r.comparison is not None)
        if read
        else None,
        **({} if answers is None else answered.facts(answers)),
    }
    origin = {**source.contract.origin, **source.facts}
    return replace(source.contract, variant=candidate.variant, origin=origin, accuracy=scores)


def refusal(file: bytes, target: Target) -> str | None:
    """Why a runtime of the target cannot load this file, by its operations' versions."""
    found = operations.read(file)
    reasons = (opversions.refusal(found, runtime) for runtime in target.runtimes)
    return next((reason for reason in reasons if reason), None)


def readers_for(target: Target, working: Sequence[str]) -> tuple[list[str], list[str]]:
    """The target's runtimes that are among those `working` here, and those that are not.

    Raises ConfigurationError when none works, or when the target is this machine and one does not.
    """
    here = [name for name in target.runtimes if name in working]
    missing = [name for name in target.runtimes if name not in working]
    if not here or (missing and target.here):
        raise ConfigurationError(
            f"{missing[0]} does not work here, so nothing can be proven for the target "
            f"{target.name}: install it, or export for another --target"
        )
    return here, missing
