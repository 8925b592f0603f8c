"""`litescore review`: words to arguments, results to lines."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from litescore.errors import ConfigurationError, UsageError

if TYPE_CHECKING:
    from litescore.review.desk import Desk
    from litescore.review.items import Item
    from litescore.review.labels import Labels
    from litescore.web.address import Address

VARIABLE = "LITESCORE_REVIEW_TOKEN"


@click.command(short_help="Confirm or correct labels in the browser, for training.")
@click.argument("folder")
@click.option(
    "--to",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="OUT",
    help="Where the class folders are written.  [default: FOLDER-reviewed, beside FOLDER; of an "
    "s3:// prefix it must be said]",
)
@click.option(
    "--labels",
    "labels_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The labels to choose from, one a line.  [default: those in the records]",
)
@click.option(
    "--model",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The labels of this .tflite file.",
)
@click.option(
    "--records",
    metavar="PLACE",
    help="The records that litescore score wrote of these pictures.  [default: those beside them]",
)
@click.option("--allow-new-labels", is_flag=True, help="Let labels be made that are none of these.")
@click.option(
    "--move", is_flag=True, help="Move pictures out of FOLDER; they are copied otherwise."
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="N",
    help="Port of 127.0.0.1.  [default: any that is free]",
)
@click.option(
    "--bind",
    metavar="ADDRESS:PORT",
    help=f"Listen here, for a phone; where others can reach it, {VARIABLE} must be set.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in this machine's browser.")
@click.option("--summary", is_flag=True, help="Print what was decided so far, and serve nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def review(
    folder: str,
    to: Path | None,
    labels_file: Path | None,
    model: Path | None,
    records: str | None,
    allow_new_labels: bool,
    move: bool,
    port: int | None,
    bind: str | None,
    opens: bool,
    summary: bool,
    as_json: bool,
) -> None:
    """Show the pictures of FOLDER in the browser, the least sure first; one key confirms the model's
    label, gives another, or throws the picture away. FOLDER is a folder or s3:// prefix that `edge
    collect` wrote, with the records beside them, or any other of pictures.

    Each picture that gets a label is copied to OUT/LABEL/, which `litescore train --data OUT` reads. A
    `/` and what else no folder's name may hold becomes `_` there. OUT/decisions.jsonl says what was
    decided; a review that was ended or killed goes on where it was. Ctrl-C ends it.

    \b
    Example:
      litescore review kept/ --open
      litescore review s3://bucket/kept/ --to reviewed/ --model model.tflite
      litescore review photos/ --records records/ --allow-new-labels
      litescore review kept/ --summary
    """
    from litescore.lock import held_if_free
    from litescore.review import items

    out = _out(folder, to, move)
    found = items.listed(
        folder, records=records, told=lambda count: _say(f"{folder}: {count:,} records")
    )
    if summary:
        _print_summary(folder, found, out, as_json)
        return
    labels = _labels(found, out, labels_file, model, may_grow=allow_new_labels)
    _make(out)
    with held_if_free(out / ".lock") as is_held:
        if not is_held:
            raise ConfigurationError(f"another review writes {out}: end it, or name another --to")
        from litescore.review.desk import Desk

        desk = Desk(folder, found, labels, out, move=move)
        _say(f"{folder}: {desk.left:,} pictures to decide, {desk.done:,} decided; into {out}")
        _serve(desk, *_address(port, bind), opens=opens)
        _print(desk.log.standing.values(), desk.waiting(), as_json)
        _say(desk.training())


def _serve(desk: Desk, address: Address, option: str, *, opens: bool) -> None:
    """Until Ctrl-C or SIGTERM."""
    from litescore.review.server import Review
    from litescore.web.guard import read_token

    needed = None if address.is_loopback else f"{option} {address} lets others look"
    page = Review(address, read_token(os.environ, VARIABLE, needed=needed), desk, option=option)
    before = signal.signal(signal.SIGTERM, _stop)
    try:
        _say(f"review: {page.url} (Ctrl-C ends it)")
        if opens:
            click.launch(page.url)
        page.wait()
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
        page.close()


def _stop(_signal: int, _frame: Any) -> NoReturn:
    raise KeyboardInterrupt


def _out(folder: str, to: Path | None, move: bool) -> Path:
    """Where to write. Raises UsageError where that is not said, or is where it is read from."""
    from litescore import store
    from litescore.store.s3 import is_s3

    if is_s3(folder):
        if to is None:
            raise UsageError(f"{folder}: name a folder for the class folders with --to")
        if move:
            raise UsageError(f"--move goes with a folder, and not with {folder}")
        return to
    place = store.local_path(folder).resolve()
    out = (to or place.with_name(f"{place.name}-reviewed")).resolve()
    if out == place or place in out.parents or out in place.parents:
        raise UsageError(f"--to {out}: neither inside of {place} nor around it")
    return to or store.local_path(folder).resolve().with_name(out.name)


def _labels(
    found: list[Item], out: Path, file: Path | None, model: Path | None, *, may_grow: bool
) -> Labels:
    """The labels to choose from. Raises UsageError where there are none."""
    from litescore.review.labels import Labels
    from litescore.review.log import NAME, Log

    if file is not None and model is not None:
        raise UsageError("--labels and --model: give one of them")
    labels = Labels(_stated(found, file, model), may_grow=may_grow)
    # Before the folders: that of `T-shirt/top` would be taken for a label of its own.
    for decision in Log(out / NAME).standing.values():
        if decision.label is not None:
            labels.put(decision.label)
    for folder in sorted(out.iterdir()) if out.is_dir() else []:
        # Those that a person made there.
        if (
            folder.is_dir()
            and not folder.name.startswith(".")
            and not labels.has_folder(folder.name)
        ):
            labels.put(folder.name)
    if not len(labels) and not may_grow:
        raise UsageError(
            "no labels: no record has one; give --labels, --model or --allow-new-labels"
        )
    return labels


def _stated(found: list[Item], file: Path | None, model: Path | None) -> tuple[str, ...]:
    from litescore import contract

    if file is not None:
        return contract.read_labels(file)
    if model is not None:
        held = contract.read(model)
        if held is None:
            raise UsageError(f"--model {model} carries no labels: give --labels")
        return held.labels
    return tuple(sorted({label for item in found for label, _ in item.guesses}))


def _address(port: int | None, bind: str | None) -> tuple[Address, str]:
    """Where to listen, and the option that says it."""
    from litescore.web.address import Address

    if bind is None:
        return Address("127.0.0.1", port or 0), "--port"
    if port is not None:
        raise UsageError("--port and --bind: give one of them")
    return Address.parse(bind, "--bind"), "--bind"


def _make(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot make {out}: {error.strerror}") from error


def _print_summary(folder: str, found: list[Item], out: Path, as_json: bool) -> None:
    from litescore.review.log import NAME, Log

    standing = Log(out / NAME).standing
    if not standing:
        raise UsageError(f"nothing of {folder} is decided in {out}: litescore review {folder}")
    _print(standing.values(), [item for item in found if item.id not in standing], as_json)


def _print(decisions: Any, waiting: list[Item], as_json: bool) -> None:
    from litescore.review.summary import summarize

    result = summarize(decisions, waiting)
    if as_json:
        click.echo(json.dumps(result.as_json()))
        return
    for line in result.lines():
        click.echo(line)


def _say(line: str) -> None:
    click.echo(line, err=True)
