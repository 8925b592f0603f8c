"""The command `litescore train`: parses words and prints lines. The work is elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from litescore import settings
from litescore.errors import ConfigurationError, UsageError
from litescore.view_options import view_options

if TYPE_CHECKING:
    from trainer.plan import Job, Request
    from trainer.run import Run

# The options that a script has words for.
_SCRIPTED = frozenset(
    ("preset", "epochs", "batch", "patience", "rate", "augment", "balanced", "seed", "show_code")
)


@click.command(epilog=settings.table("data", "max_bytes"))
@click.option("--preset", metavar="NAME", help="A ready recipe, by name (see above).")
@click.option(
    "--model",
    metavar="NAME",
    help="A model for your own images (see above), or module:function that returns one.  "
    "[default: cnn]",
)
@click.option(
    "--weights",
    metavar="imagenet|none|PATH",
    help="What a backbone knows already.  [default: imagenet, downloaded]",
)
@click.option(
    "--data",
    metavar="SOURCE",
    help="Class folders, an archive of them, a manifest, IDX files, an .npz or an s3:// prefix; a "
    "preset finds its own data set without it.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), help="Folder to write.  [default: runs/<name>]"
)
@click.option("--epochs", type=click.IntRange(1), help="Times every image is seen.")
@click.option("--batch", type=click.IntRange(1), help="Images a step of the training.")
@click.option(
    "--patience",
    type=click.IntRange(1),
    help="Stop after so many epochs without a lower validation loss.",
)
@click.option(
    "--rate", type=click.FloatRange(0, min_open=True), help="Learning rate, the highest one."
)
@click.option(
    "--augment",
    metavar="NAMES",
    help="What is done to training images, as flip,shift:2 (see above), or none.  "
    "[default: by the images]",
)
@click.option("--balanced", is_flag=True, help="Each class counts as much, however few its images.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Draws weights, batches and validation images.",
)
@click.option(
    "--color",
    type=click.Choice(["gray", "rgb"]),
    help="Of the model's input.  [default: the images' own]",
)
@click.option(
    "--size",
    type=click.IntRange(1, 16384),
    help="Pixels a side of the model's input.  [default: the images' own, else 224]",
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of decoded images.  [default: LITESCORE_CACHE, else the user's cache]",
)
@click.option("--resume", is_flag=True, help="Go on from the checkpoint in --out.")
@view_options
@click.option(
    "--keras-home",
    envvar="KERAS_HOME",
    show_envvar=True,
    type=click.Path(path_type=Path),
    default="~/.keras",
    show_default=True,
    help="Keras' folder: its cache of data sets and of ImageNet's weights.",
)
@click.option(
    "--show-code",
    is_flag=True,
    help="Train nothing: print the plain Keras script that the preset stands for.",
)
@click.option("--quiet", is_flag=True, help="One line at the end, and warnings.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def train(show_code: bool, quiet: bool, as_json: bool, **words: Any) -> None:
    """Fit a Keras model and say how good it is.

    Writes OUT/model.keras, contract.json, history.csv, run.json, report.html and plots/.

    \b
    Presets that are as good as a small model gets, in under an hour:
      fashion-best       Fashion-MNIST, residual convolutions
      mnist-best         MNIST, residual convolutions

    \b
    Presets, the tutorials that litescore grew from:
      mnist-quickstart   MNIST, 128 relu, dropout, 5 epochs
      fashion-basic      Fashion-MNIST, 128 relu, softmax, 5 epochs
      fashion-devclub    Fashion-MNIST, the same: is it overfitting?
      fashion-logits     Fashion-MNIST, 128 relu, logits, 10 epochs
      mnist-early-stop   MNIST, twice 50 relu, stops by itself

    \b
    A preset's data is taken from the first of: --data; the folder named by
    LITESCORE_DATA; Debian's dataset-fashion-mnist; Keras' cache; Keras'
    download; a slice of Fashion-MNIST that is shipped.

    \b
    Models for your own images:
      cnn                a small convolutional network, trained from nothing
      mlp                one hidden layer of 128
      mobilenet-v2, mobilenet-v3-small, efficientnet-b0
                         pretrained (--weights); their last layer is learned
                         first, then all of it at a lower rate

    \b
    Augmentation, with strengths where none is given:
      flip:0.5  shift:0.08  rotate:10  zoom:0.1  shear:10
      brightness:0.2  contrast:0.2  erase:0.5

    \b
    Example:
      litescore train --preset fashion-basic --out run
      litescore train --data photos/ --model cnn --size 96 --out run
      litescore train --data photos.zip --model mobilenet-v3-small --balanced
      litescore train --data s3://bucket/photos/ --augment flip,rotate:20
      litescore train --out run --resume --data photos/
      litescore train --data frames/ --rotate 180 --roi 200,120,160,160 --size 96
      litescore train --preset fashion-basic --show-code > script.py
    """
    from trainer.plan import Request, plan

    if show_code:
        _show_code(Request(**words))
        return
    talks = not (quiet or as_json)
    job = plan(Request(**words), click.echo if talks else _nothing)
    facts = _train(job, talks)
    if as_json:
        click.echo(json.dumps(facts, indent=2))
    else:
        accuracy = 100 * facts["test_accuracy"]
        click.echo(f"test accuracy {accuracy:.2f} %: {job.out / 'report.html'}")


def _train(job: Job, talks: bool) -> dict[str, Any]:
    from trainer.fitting.progress import pictures_watched
    from trainer.loading import load

    say = click.echo if talks else _nothing
    say(f"{job.recipe.name}: {job.data.origin}")
    with pictures_watched(talks) as watch:
        parts = load(job, watch=watch, say=say)
    for line in (str(parts), *parts.source.notes):
        say(line)
    # TensorFlow takes seconds to import: only now that words and images are known to be good.
    from trainer import run
    from trainer.fitting.progress import warn, watching
    from trainer.report import verdict

    with watching(job.recipe.epochs, say if talks else None) as watcher:
        try:
            trained = run.train(job, parts, watcher, say, warn)
            facts = _written(trained)
        except KeyboardInterrupt:
            _say_how_to_go_on(job)
            raise
    for line in verdict.summary(trained):
        say(line)
    return facts


def _written(trained: Run) -> dict[str, Any]:
    from trainer import folder

    try:
        return folder.write(trained)
    except ConfigurationError:
        # Nothing has to be learned again once there is room.
        _say_how_to_go_on(trained.job)
        raise


def _say_how_to_go_on(job: Job) -> None:
    from trainer.again import command
    from trainer.fitting.checkpoints import unfinished

    if unfinished(job.out):
        click.echo(f"saved in {job.out}; go on with: {command(job)} --resume", err=True)


def _show_code(request: Request) -> None:
    from trainer.plan import recipe_of
    from trainer.script import text

    unsaid = _unsaid(click.get_current_context())
    if unsaid:
        raise UsageError(
            f"--show-code prints the script of a --preset, which has no words for "
            f"{', '.join(unsaid)}: leave {'it' if len(unsaid) == 1 else 'them'} out"
        )
    click.echo(text.write(recipe_of(request), seed=request.seed), nl=False)


def _unsaid(context: click.Context) -> list[str]:
    """Options that were given and that no script says."""
    return [
        option.opts[0]
        for option in context.command.params
        if option.name not in _SCRIPTED
        and context.get_parameter_source(str(option.name)) is ParameterSource.COMMANDLINE
    ]


def _nothing(_line: str) -> None:
    pass
