"""The commands about a model file: words to arguments, results to lines. No work is done here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from litescore import settings
from litescore.contract import INTERPOLATIONS, JPEGS, RESIZES
from litescore.terminal import printable
from litescore.view import WHOLE
from litescore.view_options import view_options

if TYPE_CHECKING:
    from litescore.contract import Contract
    from litescore.describe import Described
    from litescore.evaluate import Evaluation
    from litescore.golden import Verdict
    from litescore.inspect import Inspection
    from litescore.scorer import Scorer

# Of a list of numbers, so many are shown; --json has all.
_MOST = 20
_MODEL = click.argument("model", type=click.Path())
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
_LABELS = click.option(
    "--labels", type=click.Path(), help="Class names, one a line, for a file without a contract."
)
_RUNTIME = click.option(
    "--runtime",
    type=click.Choice(settings.RUNTIMES),
    help="The TFLite runtime to use.  [default: LITESCORE_RUNTIME]",
)


@click.command(short_help="Show what a .tflite file holds.")
@_MODEL
@_JSON
def inspect(model: str, as_json: bool) -> None:
    """Show what the file MODEL holds: contract, tensors, operations, digest; the smallest runtime
    that its operations need, which runtimes here load it, and whether MediaPipe can read it.

    \b
    Example:
      litescore inspect model.tflite
      litescore inspect model.tflite --json
    """
    from litescore.inspect import inspect as look

    found = look(model)
    if as_json:
        click.echo(json.dumps(found.as_json(), indent=2))
    else:
        _show_inspection(found)


@click.command(
    short_help="Replay the golden samples on this runtime.", epilog=settings.table("runtime")
)
@_MODEL
@_RUNTIME
@_JSON
def verify(model: str, runtime: str | None, as_json: bool) -> int:
    """Replay the golden samples of MODEL on the runtime at hand and compare with what it recorded.

    Says identical, within one step, different, or not recorded; the last two exit with 1.

    \b
    Example:
      litescore verify model.tflite
      litescore verify model.tflite --runtime tflite-runtime
    """
    from litescore import golden

    verdict = golden.verify(model, runtime=runtime)
    if as_json:
        click.echo(json.dumps(_verdict_as_json(verdict)))
    else:
        _show_verdict(verdict)
    return 0 if verdict.proven else 1


@click.command(short_help="Give a foreign .tflite file its contract.")
@_MODEL
@click.option("--labels", type=click.Path(), help="Class names, one a line.")
@click.option(
    "--resize", type=click.Choice(RESIZES),
    help="How pictures reach the model's size: squashed, cut to its shape, or padded to it.  "
    "[default: squash]",
)  # fmt: skip
@click.option(
    "--interpolation", type=click.Choice(INTERPOLATIONS),
    help="bilinear is what Keras' image_dataset_from_directory does.  "
    "[default: bilinear-antialias]",
)  # fmt: skip
@click.option(
    "--jpeg", type=click.Choice(JPEGS),
    help="scaled lets the decoder itself halve, quarter or eighth a JPEG that is large enough: up "
    "to 4 times faster, a few grey levels off. Not with bilinear.  [default: full]",
)  # fmt: skip
@click.option(
    "--output", type=click.Choice(["softmax", "multilabel"]),
    help="What the model's output means: one class of all, or each label for itself. One unit for "
    "two labels is a sigmoid, which need not be said.  [default: softmax]",
)  # fmt: skip
@click.option("--threshold", type=click.FloatRange(0, 1, min_open=True, max_open=True),
              help="From which probability on a label of multilabel holds.  [default: 0.5]")  # fmt: skip
@view_options
@click.option("--overwrite", is_flag=True,
              help="Replace the labels of MODEL's own contract, or a broken contract.")  # fmt: skip
@click.option("--out", type=click.Path(), help="The file to write.  [default: MODEL itself]")
def describe(model: str, out: str | None, **modes: Any) -> None:
    """Append a contract to MODEL, a .tflite file that another tool made, and describe it by TFLite
    Metadata, which MediaPipe and others read.

    Size and colour come from the file; it must take raw pixels 0..255 and give probabilities. Where
    MODEL has a contract already, all that is not stated stays as it is; what was measured with
    other answers is dropped.

    \b
    Example:
      litescore describe other.tflite --labels labels.txt
      litescore describe other.tflite --labels labels.txt --resize fit-shortest --out mine.tflite
      litescore describe mine.tflite --rotate 180 --roi 0.25,0,0.5,1
    """
    from litescore.describe import describe as give_contract

    _show_described(out or model, give_contract(model, out=out or model, **modes))


@click.command(
    short_help="Measure the accuracy of a .tflite file.",
    epilog=settings.table("runtime", "max_bytes"),
)
@_MODEL
@click.option(
    "--data", required=True, metavar="SOURCE",
    help="Labelled images: class folders, an archive of them, a manifest, IDX files, an .npz or an "
    "s3:// prefix.",
)  # fmt: skip
@click.option(
    "--split", default="test", show_default=True, help="train, val, test or all of the data."
)
@_LABELS
@_RUNTIME
@_JSON
def evaluate(
    model: str, data: str, split: str, labels: str | None, runtime: str | None, as_json: bool
) -> None:
    """Measure what the file MODEL scores on labelled images. Needs no TensorFlow.

    Where nothing says which images are for testing, `test` is always the same fifth of each class,
    in a folder as in a zip of it.

    \b
    Example:
      litescore evaluate model.tflite --data datasets/fashion-mnist
      litescore evaluate model.tflite --data photos/ --split all --json
      litescore evaluate model.tflite --data s3://bucket/photos/
    """
    from litescore.evaluate import evaluate as measure
    from litescore.scorer import Scorer

    scorer = Scorer(model, batch=64, labels=_names(labels), runtime=runtime)
    found = measure(scorer, data, split=split)
    for note in found.data.notes:
        click.echo(note, err=True)
    if as_json:
        click.echo(json.dumps(_evaluation_as_json(found, scorer)))
    else:
        _show_evaluation(found, scorer)


def _names(labels: str | None) -> tuple[str, ...] | None:
    from litescore.contract import read_labels

    return read_labels(labels) if labels else None


def _show_inspection(found: Inspection) -> None:
    click.echo(f"{found.path}: {found.size:,} bytes, SHA-256 {found.digest}")
    for title, tensors in (("input", found.inputs), ("output", found.outputs)):
        for tensor in tensors:
            name = f"{tensor.name}: " if len(tensors) > 1 else ""
            click.echo(printable(f"{title:<10} {name}{tensor}"))
    ops = (f"{one} x {one.count}" if one.count > 1 else str(one) for one in found.operations)
    click.echo(printable(f"operations {', '.join(ops) or 'none'}"))
    _show_runtimes(found)
    if found.contract is None:
        click.echo("contract   none: `litescore describe` adds one")
    else:
        _show_contract(found.contract, found.golden)


def _show_runtimes(found: Inspection) -> None:
    version, because = found.needed.version, found.needed.because
    if because is not None:
        needs = f"TensorFlow Lite {version}" if version else "a runtime unknown to litescore"
        click.echo(printable(f"needs      {needs}, for {because}"))
    loading = [str(one) for one in found.loadings if one.refused is None]
    click.echo(f"loaded by  {', '.join(loading) or 'no runtime here'}")
    for one in found.loadings:
        if one.refused is not None:
            click.echo(printable(f"refused by {one}: {one.refused}"))
    whole = ", but not its view" if found.contract and found.contract.view != WHOLE else ""
    reads = f"no: {found.mediapipe}" if found.mediapipe else f"reads it{whole}"
    click.echo(f"MediaPipe  {reads}")


def _show_contract(c: Contract, golden: Sequence[str]) -> None:
    click.echo(printable(f"labels     {', '.join(c.labels)}"))
    click.echo(f"view       {c.view}")
    click.echo(f"pixels     {_pixels(c)}")
    threshold = f" from {c.threshold:g} on" if c.output == "multilabel" else ""
    click.echo(f"output     {c.output}{threshold}, variant {c.variant or 'unknown'}")
    for title, facts in (("origin", c.origin), ("accuracy", c.accuracy)):
        for name, value in facts.items():
            click.echo(printable(f"{title:<10} {name}: {_told(value)}"))
    click.echo(f"golden     {len([n for n in golden if n.endswith('.png')])} images")


def _show_described(path: str, found: Described) -> None:
    c = found.contract
    view = f", {c.view}" if c.view != WHOLE else ""
    click.echo(f"{path}: {len(c.labels)} labels, {_pixels(c)}{view}")
    if found.kept:
        click.echo(f"kept of its contract: {', '.join(found.kept)}")
    if found.dropped:
        why = f", since {', '.join(found.changed)} changed" if found.changed else ""
        click.echo(f"dropped{why}: {', '.join(found.dropped)}")


def _pixels(c: Contract) -> str:
    """How a picture becomes the tensor."""
    return f"{c.height} x {c.width} {c.color}, {c.resize}, {c.interpolation}, jpeg {c.jpeg}"


def _told(fact: object) -> str:
    """A fact of the contract as a person reads it."""
    if isinstance(fact, dict):
        return ", ".join(f"{name} {_told(value)}" for name, value in fact.items())
    if isinstance(fact, list | tuple):
        return ", ".join(map(_told, fact[:_MOST])) + (", ..." if len(fact) > _MOST else "")
    if fact is None:
        return "none"
    return f"{fact:.4f}" if isinstance(fact, float) else str(fact)


def _verdict_as_json(verdict: Verdict) -> dict[str, Any]:
    found = verdict.comparison
    return {
        "verdict": verdict.verdict,
        "runtime": verdict.runtime,
        "recorded": verdict.recorded,
        "n": found.n if found else 0,
        "farthest": found.farthest if found else None,
    }


def _show_verdict(verdict: Verdict) -> None:
    if verdict.comparison is None:
        click.echo(f"{verdict.verdict}: the file holds no answers of {verdict.runtime}")
        return
    click.echo(
        f"{verdict.verdict}: {verdict.comparison.n} golden images on {verdict.runtime}, "
        f"recorded on {verdict.recorded}, farthest {verdict.comparison.farthest:.6f}"
    )


def _evaluation_as_json(found: Evaluation, scorer: Scorer) -> dict[str, Any]:
    return {
        "accuracy": found.accuracy,
        "n": found.n,
        "labels": list(found.labels),
        "recall": found.recall,
        "confusion": found.confusion.tolist(),
        "runtime": str(scorer.runtime_used),
        "model": scorer.digest,
    }


def _show_evaluation(found: Evaluation, scorer: Scorer) -> None:
    width = max(len(label) for label in found.labels)
    click.echo(f"accuracy {found.accuracy:.2%} of {found.n:,} images on {scorer.runtime_used}\n")
    click.echo(f"{'':<{width}}  recall  predicted as, in the same order")
    for label, row in zip(found.labels, found.confusion.tolist(), strict=True):
        recall = found.recall[label]
        share = "     -" if recall is None else f"{recall:6.1%}"
        click.echo(f"{label:<{width}}  {share}  {' '.join(f'{n:>5}' for n in row)}")
