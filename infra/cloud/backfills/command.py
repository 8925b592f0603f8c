"""`litescore backfill`: parse and print, nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from infra.options import HELP, JSON, STACK, YES, account_options, agreed, bar_file
from litescore.errors import UsageError
from litescore.terminal import printable

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

    from infra.cloud.account import Account
    from infra.cloud.backfills.following import Pace, Result
    from infra.cloud.backfills.price import Rate
    from infra.cloud.backfills.runs import Progress, Run
    from infra.cloud.backfills.scope import Work
    from infra.cloud.stack import Stack

# Left by Ctrl-C, as shells have it.
_INTERRUPTED = 130


@click.command(context_settings=HELP)
@click.argument("what", required=False)
@click.option(
    "--changed", is_flag=True, help="Score what is new or changed since the last run like this."
)
@click.option(
    "--max-images", type=click.IntRange(min=1), metavar="N", help="Score this many at most."
)
@click.option(
    "--max-cost",
    type=click.FloatRange(min=0, min_open=True),
    metavar="DOLLARS",
    help="Score only as many as cost this much, by what an image took so far.",
)
@click.option(
    "--follow/--no-follow",
    default=True,
    show_default=True,
    help="Show progress until the end; without it only start.",
)
@click.option("--attach", metavar="NAME", help="Follow the run of that name or ARN.")
@click.option("--stop", metavar="NAME", help="End the run of that name or ARN.")
@YES
@JSON
@STACK
@account_options
def backfill(
    what: str | None,
    changed: bool,
    attach: str | None,
    stop: str | None,
    as_json: bool,
    stack: str,
    local: bool,
    region: str | None,
    profile: str | None,
    **words: Any,
) -> int:
    """Score what is already in a bucket, with progress and cost.

    WHAT is a prefix of the stack's input bucket, the manifest.json of an S3 Inventory, or a list of
    images (.jsonl or .csv, also .gz; a file or in S3). A state machine on AWS does the work, in
    batches through the function; this command starts it and watches. What has a record already is
    scored again and keeps its id, so nothing counts twice.

    \b
    Example:
      litescore backfill s3://bucket/prefix/ --stack shoes
      litescore backfill list.csv --max-images 1000
      litescore backfill --changed --max-cost 5 --yes
      litescore backfill --attach 20261129-020119-objects-e0092d
    """
    from infra.cloud.account import connect
    from infra.cloud.backfills import runs
    from infra.cloud.stack import find

    if sum(map(bool, (what, changed, attach, stop))) != 1:
        raise UsageError(
            "nothing to do: name one of WHAT, --changed, --attach NAME and --stop NAME"
        )
    account = connect(local=local, region=region, profile=profile)
    found = find(account, stack)
    if stop:
        run = runs.find(account, found, stop)
        status = runs.look(account, run).status
        if status != runs.RUNNING:
            raise UsageError(f"backfill {run.name} has ended already: {status.lower()}")
        runs.stop(account, run)
        _say(f"stopped {run.name}; what is under way is still finished")
        return 0
    if attach:
        return _follow(account, found, runs.find(account, found, attach), as_json)
    return _begin(account, found, what, as_json=as_json, **words)


def _begin(
    account: Account,
    stack: Stack,
    what: str | None,
    *,
    max_images: int | None,
    max_cost: float | None,
    follow: bool,
    yes: bool,
    as_json: bool,
) -> int:
    from infra.cloud.backfills import price, runs

    rate = price.rate(account, stack)
    work = _work(account, stack, what, _most(rate, max_images, max_cost))
    _say(_plan(account, stack, work, rate))
    if not agreed("Start?", "litescore backfill", yes=yes):
        _say("nothing was started")
        return 0
    run = runs.start(account, stack, work)
    _say(f"started {run.name}")
    if follow:
        return _follow(account, stack, run, as_json, rate)
    if as_json:
        click.echo(json.dumps({"name": run.name, "arn": run.arn, "status": runs.RUNNING}))
    else:
        _say(_how_to_go_on(stack, account, run))
    return 0


def _most(rate: Rate, max_images: int | None, max_cost: float | None) -> int:
    from infra.cloud.backfills.scope import ALL

    most = min(max_images or ALL, ALL)
    if max_cost is None:
        return most
    affordable = rate.images(max_cost)
    if affordable < 1:
        raise UsageError(f"--max-cost {max_cost:f}: not one image is scored for that ({rate})")
    return min(most, affordable)


def _work(account: Account, stack: Stack, what: str | None, most: int) -> Work:
    from infra.cloud.backfills import scope

    if what is None:
        return scope.changed(stack, most)

    def tell(images: int) -> None:
        _say(f"{what}: {images:,} images listed")

    return scope.named(account, stack, what, max_images=most, tell=tell)


def _plan(account: Account, stack: Stack, work: Work, rate: Rate) -> str:
    from infra.cloud.backfills.scope import ALL

    expected = work.expected
    if expected is not None:
        amount = f"{expected:,} images, about {_dollars(rate.dollars(expected))}"
    elif work.max_images < ALL:
        most = work.max_images
        amount = f"at most {most:,} images, at most about {_dollars(rate.dollars(most))}"
    else:
        amount = f"not counted yet; about {_dollars(rate.dollars(10**6))} a million images"
    return "\n".join(
        (
            f"score    {work.text}",
            f"images   {amount}",
            f"         ({rate})",
            f"records  {stack.outputs['Output']}",
            f"in       {account.name}, stack {stack.name}",
        )
    )


def _follow(
    account: Account, stack: Stack, run: Run, as_json: bool, rate: Rate | None = None
) -> int:
    from infra.cloud.backfills import following, price

    rate = rate or price.rate(account, stack)
    try:
        progress = _watch(account, run, rate)
    except KeyboardInterrupt:
        _say(f"\n{run.name} goes on without this command")
        _say(_how_to_go_on(stack, account, run))
        return _INTERRUPTED
    found = following.result(account, stack, run, progress, rate)
    if as_json:
        click.echo(json.dumps(found.as_dict()))
    else:
        click.echo("\n".join(_told(found, stack)))
    return found.exit_code


def _watch(account: Account, run: Run, rate: Rate) -> Progress:
    """The progress at the end; a bar meanwhile."""
    from infra.cloud.backfills.following import Pace, follow

    pace = Pace()
    bar: ProgressBar[int]
    with click.progressbar(
        length=1,
        label="backfill",
        file=bar_file(),
        width=24,
        show_eta=False,
        show_pos=True,
        item_show_func=lambda text: str(text) if text else "",
    ) as bar:
        for progress in follow(account, run):
            bar.length = max(1, progress.total)
            bar.update(progress.done - bar.pos, _line(progress, pace, rate))  # type: ignore[arg-type]
    return progress


def _line(progress: Progress, pace: Pace, rate: Rate) -> str:
    parts = [f"{pace.rate(progress):,.0f}/s", _dollars(rate.dollars(progress.done))]
    left = pace.left(progress)
    if left is not None and not progress.ended:
        parts.append(f"{left / 60:,.0f} min left" if left >= 90 else f"{left:.0f} s left")
    if progress.failed:
        parts.append(f"{progress.failed:,} failed")
    return ", ".join(parts)


def _told(found: Result, stack: Stack) -> list[str]:
    progress = found.progress
    if found.exit_code == 0 and not progress.total:
        return [f"{found.run.name}: nothing to score"]
    lines = [
        f"{found.run.name}: {progress.status.lower()}"
        + (f" ({progress.reason})" if progress.reason else ""),
        f"images   {progress.succeeded:,} done, {progress.failed:,} failed of {progress.total:,}, "
        f"about {_dollars(found.dollars)}",
    ]
    if found.told:
        lines.append(f"records  {_counts(found)}; {stack.outputs['Output']}")
    lines += [f"failed   {one}" for one in found.failures]
    if found.listed:
        lines.append(f"         all of them: {found.listed}")
    return list(map(printable, lines))


def _counts(found: Result) -> str:
    assert found.told is not None
    counts = [f"{count:,} {status}" for status, count in found.told.statuses.items() if count]
    kinds = [f"{count:,} {kind}" for kind, count in sorted(found.told.kinds.items())]
    text = ", ".join(counts) or "none"
    return f"{text} ({', '.join(kinds)})" if kinds else text


def _how_to_go_on(stack: Stack, account: Account, run: Run) -> str:
    words = f" --stack {stack.name}" if stack.name != "litescore" else ""
    words += " --local" if account.local else ""
    return (
        f"follow   litescore backfill --attach {run.name}{words}\n"
        f"stop     litescore backfill --stop {run.name}{words}"
    )


def _dollars(amount: float) -> str:
    return f"${amount:,.2f}" if amount >= 1 else f"${amount:.4f}"


def _say(text: str) -> None:
    click.echo(text, err=True)
