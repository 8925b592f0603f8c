"""`litescore destroy`: parse, ask and print, nothing else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from infra.cloud.deployment.deploy_options import need_terminal, say
from infra.options import HELP, JSON, STACK, YES, account_options
from litescore.errors import UsageError

if TYPE_CHECKING:
    from infra.cloud.deployment.destroy import Held, Removal


@click.command(context_settings=HELP)
@STACK
@click.option("--records", is_flag=True, help="Delete the records too, with their bucket.")
@click.option("--images", is_flag=True, help="Delete the images too, with the stack's own bucket.")
@YES
@JSON
@account_options
def destroy(**words: Any) -> None:
    """Remove a deployed job, after saying what goes and what stays.

    Records and images stay unless they are named; a bucket that was there before always stays.

    \b
    Example:
      litescore destroy --stack shoes
      litescore destroy --stack shoes --records --images
    """
    from infra.cloud.account import connect
    from infra.cloud.deployment import destroy as removals

    need_terminal("litescore destroy", yes=words["yes"])
    account = connect(local=words["local"], region=words["region"], profile=words["profile"])
    removal = removals.prepare(account, words["stack"])
    doomed = _doomed(removal, words)
    if removal.stack is None and not doomed:
        raise UsageError(_only_buckets(removal))
    for line in _lines(removal, doomed):
        click.echo(line, err=words["as_json"])
    if not words["yes"]:
        _ask(removal, doomed)
    _carry_out(removal, doomed)
    _print_result(removal, doomed, as_json=words["as_json"])


def _doomed(removal: Removal, words: dict[str, Any]) -> tuple[Held, ...]:
    """The buckets that are to go too."""
    if words["images"] and removal.existing:
        raise UsageError(
            f"--images: bucket {removal.existing} was there before the stack and is not removed"
        )
    wanted = (
        removal.records if words["records"] else None,
        removal.images if words["images"] else None,
    )
    return tuple(held for held in wanted if held)


def _only_buckets(removal: Removal) -> str:
    left = [held.bucket for held in (removal.records, removal.images) if held]
    return (
        f"no stack {removal.name} in {removal.account.name}; of an earlier one {', '.join(left)} "
        "is left: remove it with --records, --images"
    )


def _lines(removal: Removal, doomed: tuple[Held, ...]) -> Iterator[str]:
    yield f"destroy stack {removal.name} in {removal.account.name}"
    if removal.stack is None:
        yield "the stack itself is gone already"
    yield from _going(removal)
    yield from (f"removes  {held}, all versions of them" for held in doomed)
    yield from (f"keeps    {held}" for held in _kept(removal, doomed))
    if removal.existing:
        yield f"keeps    {removal.existing}: it was there before the stack"
        if removal.bridge == "off":
            yield f"turns EventBridge of bucket {removal.existing} off: a deployment turned it on"
        else:
            yield f"leaves EventBridge of bucket {removal.existing} on: {removal.bridge}"


def _going(removal: Removal) -> Iterator[str]:
    if removal.removed:
        kinds = Counter(kind.removeprefix("AWS::") for kind, _ in removal.removed)
        told = ", ".join(
            f"{count} {kind}" if count > 1 else kind for kind, count in sorted(kinds.items())
        )
        yield f"removes  {len(removal.removed)} resources: {told}"
    for queue, count in removal.waiting.items():
        if count:
            yield f"WARNING: messages in the {queue} are LOST: {count:,}"


def _kept(removal: Removal, doomed: tuple[Held, ...]) -> list[Held]:
    retained = (removal.records, removal.images, removal.code)
    lost = {name for kind, name in removal.removed if kind == "AWS::S3::Bucket"}
    goes = {
        "OutputBucket": removal.records,
        "InputBucket": removal.images,
    }
    going = [goes.get(name) for name in lost]
    return [held for held in retained if held and held not in doomed and held not in going]


def _ask(removal: Removal, doomed: tuple[Held, ...]) -> None:
    typed = click.prompt(f"Type the stack's name, {removal.name}, to remove it", err=True)
    if typed != removal.name:
        raise UsageError(f"{typed!r} is not {removal.name}: nothing was removed")
    for held in doomed:
        question = f"Delete bucket {held.bucket} with {held.objects:,} objects for ever?"
        if not click.confirm(question, err=True):
            raise UsageError(f"bucket {held.bucket} was not agreed to: nothing was removed")


def _carry_out(removal: Removal, doomed: tuple[Held, ...]) -> None:
    from infra.cloud.deployment import destroy as removals
    from infra.cloud.deployment.telling import counted, events

    try:
        removals.carry_out(removal, events({name for _, name in removal.removed}))
    except KeyboardInterrupt:
        say(
            f"\nthe removal goes on without this command: `litescore status --stack {removal.name}`"
        )
        raise
    for held in doomed:
        with counted(f"delete {held.bucket}", held.objects) as progress:
            removals.remove_bucket(removal.account, held.bucket, progress)


def _print_result(removal: Removal, doomed: tuple[Held, ...], *, as_json: bool) -> None:
    kept = _kept(removal, doomed)
    if as_json:
        facts = {
            "stack": removal.name,
            "removed": [name for _, name in removal.removed],
            "deleted_buckets": [held.bucket for held in doomed],
            "kept_buckets": [held.bucket for held in kept],
        }
        click.echo(json.dumps(facts))
        return
    click.echo(f"stack {removal.name} is removed")
    flags = [
        flag
        for flag, held in (("--records", removal.records), ("--images", removal.images))
        if held in kept
    ]
    where = " --local" if removal.account.local else ""
    if flags:
        words = f"--stack {removal.name}{where} {' '.join(flags)}"
        click.echo(f"the rest goes with `litescore destroy {words}`")
    if removal.code:
        click.echo(
            f"zips of all stacks stay in {removal.code.bucket}: when no stack needs them, "
            f"`aws s3 rb --force s3://{removal.code.bucket}`"
        )
