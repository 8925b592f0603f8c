"""`litescore export`: words to arguments, results to lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from export import options
from litescore.errors import GateError, UsageError
from litescore.files import check_place

if TYPE_CHECKING:
    from export.foreign import Description
    from export.order import Order
    from export.source import Source
    from export.targets import Target
    from litescore.bench.measured import Measured

# What `open_model` needs to be told; a training run says it itself.
_FOREIGN = ("labels", "preprocess", "mean", "std", "resize", "antialias", "size", "output",
            "threshold")  # fmt: skip


@click.command(short_help="Convert a trained model to a .tflite file, and prove it.")
@click.argument("model", type=click.Path(path_type=Path), metavar="RUN|MODEL")
@options.what
@options.where
@options.gates
@options.foreign
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def export(model: Path, as_json: bool, **words: Any) -> None:
    """Convert a model to a .tflite file, and prove it.

    RUN is a folder that `litescore train` wrote. MODEL is any .keras or .h5 file or SavedModel
    folder that classifies pictures; then --labels, --data and --preprocess say what it cannot.

    The file is held against the Keras model through every TFLite runtime here, on validation
    images. When it loses more than the gates allow nothing is written and the exit code is 1.
    Contract, labels and golden samples are appended to it; a report is written beside it. The test
    images are looked at once, at the end.

    With --quantize auto every variant is made and measured as the --target would run it; the
    fastest that passes the gates is taken.

    \b
    Example:
      litescore export runs/fashion-basic --quantize int8 --out model.tflite
      litescore export runs/fashion-basic --quantize auto --target lambda --max-size 300kB
      litescore export runs/fashion-basic --quantize auto --target pi5 --keep candidates/
      litescore export mobilenet.keras --labels labels.txt --data photos/ --preprocess tf
    """
    from export import job, reference, report, summary

    order = _order(words)
    source = _source(model, words)
    for note in source.notes:
        _tell(note)
    if order.reference is not None:
        reference.check(order.reference, source)
    exported = job.export(source, order, _tell)
    page = report.write(exported)
    if as_json:
        click.echo(json.dumps(summary.as_json(exported) | {"report": str(page)}))
    else:
        click.echo("\n".join([*summary.lines(exported), f"Report: {page}"]))
    if exported.path is None:
        raise GateError(f"{exported.choice.why}: nothing written; {page} has the figures")


def _order(words: dict[str, Any]) -> Order:
    from export import targets
    from export.choose import Limits
    from export.order import AUTO, Order
    from litescore.contract import VARIANTS

    _check_places(words["out"], words["keep"])
    variant = words["variant"]
    if variant not in (*VARIANTS, AUTO):
        raise UsageError(f"unknown variant {variant!r}: one of {', '.join(VARIANTS)}, {AUTO}")
    if variant == AUTO and words["target"] is None:
        raise UsageError(f"--quantize auto needs a --target: one of {', '.join(targets.TARGETS)}")
    target = targets.target(words["target"]) if words["target"] else None
    _check_latency(words, target)
    names = ("max_drop", "max_class_drop", "max_size", "max_latency")
    return Order(
        out=words["out"],
        variant=variant,
        batch=options.batch(words["batch"]),
        open_batch=words["batch"] == "dynamic",
        limits=Limits(**{name: words[name] for name in names}),
        target=target,
        measured=_measured(words["measured"], target),
        keep=words["keep"],
        calibrate_confidence=words["calibrate_confidence"],
        reference=words["reference"],
    )


def _check_places(out: Path, keep: Path | None) -> None:
    if out.is_dir():
        raise UsageError(f"--out {out} is a folder: name the file to write")
    if keep is not None and keep.exists() and not keep.is_dir():
        raise UsageError(f"--keep {keep} is a file: name a folder")
    check_place(out)


def _check_latency(words: dict[str, Any], target: Target | None) -> None:
    if words["measured"] and (target is None or target.here):
        raise UsageError("--measured brings the latency of another machine: name it with --target")
    if words["max_latency"] and target is None:
        raise UsageError("--max-latency-ms needs a --target: it is the latency there")


def _measured(path: Path | None, target: Target | None) -> Measured | None:
    from litescore.bench.measured import read

    if path is None or target is None:
        return None
    found = read(path)
    machine = found.machine.get("machine")
    if machine not in target.machines:
        raise UsageError(
            f"{path} was measured on {machine}, the target {target.name} is "
            f"{' or '.join(target.machines)}: run `litescore bench --json` there"
        )
    return found


def _source(model: Path, words: dict[str, Any]) -> Source:
    from export import foreign, run_folder

    if not model.exists():
        raise UsageError(f"no file or folder {model}")
    if model.suffix == ".tflite":
        raise UsageError(
            f"{model} is exported already: name the Keras model or the training run that it came of; "
            "`litescore describe` gives a .tflite file of another tool its contract"
        )
    if model.is_file() or (model / "saved_model.pb").exists():
        return foreign.open_model(model, _description(words))
    told = [name for name in _FOREIGN if words[name] is not None]
    if told:
        raise UsageError(f"{model} is a training run and says it itself: leave out --{told[0]}")
    return run_folder.open_run(model, words["data"], convert_color=words["convert_color"])


def _description(words: dict[str, Any]) -> Description:
    from export.foreign import Description

    for name in ("labels", "data"):
        if words[name] is None:
            raise UsageError(f"--{name} is needed: a model file alone does not say it")
    told = {name: words[name] for name in _FOREIGN if words[name] is not None}
    told |= {name: options.numbers(name, words[name]) for name in ("mean", "std")}
    return Description(data=words["data"], convert_color=words["convert_color"], **told)


def _tell(line: str) -> None:
    click.echo(line, err=True)
