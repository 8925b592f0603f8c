"""The whole export: convert, prove, gate, choose, and only then write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from export import choose, confidence, convert, graph, layers, proof, reference, scales, sweep
from export.calibrate import representative
from export.candidates import Candidate, every
from export.choose import Choice
from export.exported import Exported, Tested
from export.graph import Saved
from export.layers import LayerCost
from export.order import AUTO, Order
from export.proof import Exam, Reader
from export.reference import ReferenceResult
from export.source import Source
from export.sweep import Sweep
from export.trial import Trial
from litescore import contract as contracts
from litescore.dataset import Dataset
from litescore.errors import GateError, ModelError, UsageError
from litescore.files import write_whole

Tell = Callable[[str], None]

# Enough to tell layers apart: the debugger runs each of them twice, in Python's hands.
_LAYER_IMAGES = 500


def export(source: Source, order: Order, tell: Tell = lambda _line: None) -> Exported:
    """Make what is ordered of `source`; nothing is written where no candidate passes the gates.

    `tell` is given a line at each step. Raises ModelError for a single variant that cannot be
    converted or loaded, and DataError for images that cannot calibrate it.
    """
    plain = source
    source, temperature = _calibrated(source, order, tell)
    calibration = representative(source.train, source.contract)
    exam = _exam(source, source.validation)
    tell(f"Keras has {exam.accuracy:.2%} on {len(exam.classes):,} validation images")
    with proof.reader(exam) as reader, TemporaryDirectory() as folder:
        graphs = Saved(source.model, Path(folder))
        runtimes = _runtimes(order, reader, tell)
        runner = Sweep(source, graphs, calibration, exam, runtimes, order.target, order.measured)
        trials = runner.run(_candidates(source, order), reader, tell)
    _keep(order, source, trials, exam)
    choice = _choose(trials, exam, order)
    costs = _layer_costs(source, trials, exam, order, calibration, tell)
    exported = Exported(order, source, exam, trials, choice, temperature, costs)
    if choice.trial is None:
        return exported
    before = _before(plain, choice.trial, calibration, tell) if temperature else None
    return _written(replace(exported, before=before), tell)


def _calibrated(source: Source, order: Order, tell: Tell) -> tuple[Source, float | None]:
    """The source with its temperature in the graph, where that was asked for and can be told."""
    if not order.calibrate_confidence:
        return source, None
    if source.logits is None:
        raise UsageError(
            f"the logits of {source.name} cannot be reached, so --calibrate-confidence cannot "
            "divide them: leave it out, or give the .keras file"
        )
    held = source.contract
    if held.output == "multilabel":
        raise UsageError(
            "--calibrate-confidence fits softmax and two-class models, not multilabel: leave it out"
        )
    tensors = source.validation.tensors(held)
    classes = source.validation.classes_for(held.labels)
    temperature = confidence.fit_temperature(graph.answers(source.logits, tensors), classes)
    if confidence.is_bound(temperature):
        note = (
            "confidence is left as it was: too few validation images are judged wrong, or too many, "
            "to fit a temperature on"
        )
        tell(note)
        return replace(source, notes=(*source.notes, note)), None
    tell(f"Temperature {temperature:.3f} fitted on {len(classes):,} validation images")
    model = graph.with_temperature(source.logits, temperature, held.output)
    return replace(
        source, model=model, facts={**source.facts, "temperature": temperature}
    ), temperature


def _exam(source: Source, images: Dataset) -> Exam:
    """The exam on these images; the golden samples always come from the test images."""
    held, test = source.contract, source.test
    tensors = images.tensors(held)
    golden = test.take(proof.first_of_each(test.classes_for(held.labels))).tensors(held)
    keras = graph.predict(source.model, held, tensors)
    return Exam(held, tensors, images.classes_for(held.labels), keras, golden)


def _runtimes(order: Order, reader: Reader, tell: Tell) -> list[str] | None:
    if order.target is None:
        return None
    here, missing = sweep.readers_for(order.target, reader.runtimes())
    for name in missing:
        tell(f"{name} does not work here: its operations are checked, its accuracy is not measured")
    return here


def _candidates(source: Source, order: Order) -> list[Candidate]:
    if order.variant != AUTO:
        return [Candidate(order.variant, order.batch)]
    assert order.target is not None
    if order.batch is not None or order.open_batch:
        return [Candidate(variant, order.batch) for variant in contracts.VARIANTS]
    return every(order.target, source.contract)


def _keep(order: Order, source: Source, trials: Sequence[Trial], exam: Exam) -> None:
    """Every candidate that may be chosen as a file of its own, for `litescore bench` on the target."""
    accuracy_only = replace(order.limits, max_latency=None)
    for trial in trials if order.keep else ():
        usable = trial.read and not choose.misses(trial, exam, accuracy_only, order.target)
        if usable and order.keep:
            held = replace(source.contract, variant=trial.candidate.variant)
            name = str(trial.candidate).replace(", batch ", "-batch-")
            write_whole(order.keep / f"{name}.tflite", contracts.append(trial.file, held))


def _choose(trials: Sequence[Trial], exam: Exam, order: Order) -> Choice:
    if order.variant == AUTO:
        assert order.target is not None
        return choose.choose(trials, exam, order.limits, order.target)
    (trial,) = trials
    if not trial.read:
        raise ModelError(f"{'; '.join(choose.misses(trial, exam, order.limits))}: nothing written")
    missed = choose.misses(trial, exam, order.limits, order.target)
    if missed:
        return Choice(None, f"the {trial.candidate} file {' and '.join(missed)}")
    return Choice(trial, f"{trial.candidate} was asked for and passes the gates")


def _written(exported: Exported, tell: Tell) -> Exported:
    """The chosen file, judged on the test images, with its contract and golden samples, on disk."""
    source, trial = exported.source, exported.chosen
    exam = _exam(source, source.test)
    tell(f"Testing {trial.candidate} on {len(exam.classes):,} test images")
    tested = Tested(exam, proof.read_all(trial.file, exam), source.test)
    held = sweep.contract_for(source, trial.candidate, exam, tested.readings)
    whole = contracts.append(trial.file, held, proof.golden_files(exam, tested.readings))
    _check_size(len(whole), exported.order)
    compared = _compared(exported, whole, tell)
    path = write_whole(exported.order.out, whole)
    return replace(
        exported,
        path=path,
        contract=contracts.read(whole),
        size=len(whole),
        tested=tested,
        reference=compared,
    )


def _compared(exported: Exported, model: bytes, tell: Tell) -> ReferenceResult | None:
    """The file against someone's own predictions, where there are any."""
    path = exported.order.reference
    if path is None:
        return None
    tell(f"Comparing with {path}")
    with proof.scorer(model) as probabilities_of:
        return reference.compare(path, exported.source, probabilities_of)


def _check_size(size: int, order: Order) -> None:
    """Raises GateError for a file that golden samples of other runtimes brought over the limit."""
    most = order.limits.max_size
    if most is not None and size > most:
        raise GateError(
            f"the file has {size:,} bytes with all its golden samples, --max-size is {most:,}: "
            "nothing written"
        )


def _before(
    plain: Source, trial: Trial, calibration: NDArray[np.uint8], tell: Tell
) -> NDArray[np.float32]:
    """What the same variant answers to the test images without the temperature."""
    tell(f"Converting {trial.candidate} without its temperature, to compare")
    batch, variant = trial.candidate.batch, trial.candidate.variant
    with TemporaryDirectory() as folder:
        saved = Saved(plain.model, Path(folder)).at(batch)
        one_scale = scales.one_a_layer(plain.model)
        file = convert.convert(saved, variant, calibration, batch, one_scale=one_scale)
    readings = proof.read_all(file, _exam(plain, plain.test))
    return next(r.probabilities for r in readings if r.probabilities is not None)


def _layer_costs(
    source: Source,
    trials: Sequence[Trial],
    exam: Exam,
    order: Order,
    calibration: NDArray[np.uint8],
    tell: Tell,
) -> Sequence[LayerCost]:
    """Which layers cost the accuracy, when an int8 file lost too much of it."""
    lossy = any(
        trial.candidate.variant in ("int8", "int8-float-io")
        and trial.read
        and choose.loses_too_much(trial, exam, order.limits)
        for trial in trials
    )
    if not lossy:
        return ()
    tell("int8 misses the gate: asking which layers cost how much")
    count = len(exam.classes)
    some = np.linspace(0, count - 1, min(count, _LAYER_IMAGES)).astype(int)
    images, classes = exam.tensors[some], exam.classes[some]
    try:
        return layers.costs(source.model, source.contract, calibration, images, classes)
    except ModelError as error:
        # The choice stands without it.
        tell(str(error))
        return ()
