"""The commands about releases: words to arguments, results to lines. No work is done here."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from litescore import settings
from litescore.ran.options import JoiningOptions, joining_options
from litescore.releases.options import (
    SigningOptions,
    TrustOptions,
    shelf_at,
    signing_options,
    trust_options,
)
from litescore.terminal import printable

if TYPE_CHECKING:
    from litescore.releases.channel import Channel, Turn
    from litescore.releases.publishing import Moved
    from litescore.releases.release import Release

_SIGNING = settings.table("releases", "trust", "signing_key", "signing_passphrase")
_SHOWN = 10

_AT = click.option(
    "--at", metavar="SHELF", help="Where the releases lie.  [default: LITESCORE_RELEASES]"
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
_SHARE = click.option(
    "--share", type=click.IntRange(1, 100), default=100, show_default=True, metavar="PERCENT",
    help="Of the devices, always the same ones; the others keep what they have.",
)  # fmt: skip
_RELABEL = click.option(
    "--allow-label-change", "relabel", is_flag=True, help="The labels may be other ones."
)


@click.command(short_help="Sign a model file and hand it out.", epilog=_SIGNING)
@click.argument("model", type=click.Path())
@click.argument("shelf", required=False)
@click.option("--channel", default="stable", show_default=True, metavar="NAME",
              help="Which hands it out.")  # fmt: skip
@_SHARE
@_RELABEL
@click.option("--max-drop", type=click.FloatRange(min=0), default=1.0, show_default=True,
              metavar="POINTS", help="Points of accuracy that the file may have lost to the Keras model.")  # fmt: skip
@click.option("--unmeasured", is_flag=True, help="Also a file of which no accuracy is known.")
@signing_options
@_JSON
def publish(
    model: str,
    shelf: str | None,
    channel: str,
    share: int,
    relabel: bool,
    max_drop: float,
    unmeasured: bool,
    signing: SigningOptions,
    as_json: bool,
) -> None:
    """Put the file MODEL on SHELF, a folder or s3:// prefix named after the model, signed, and let a
    channel hand it out.

    A file is written once, under its digest. Refused are a file whose golden samples come out
    otherwise here, one that lost too much accuracy, one with other labels than the release before,
    and one that is older than it.

    \b
    Example:
      litescore publish model.tflite s3://bucket/models/shoes --key factory.key
      litescore publish model.tflite s3://bucket/models/shoes --channel canary --share 20
    """
    from litescore.releases import publishing
    from litescore.scorer import read_model

    gate = publishing.Gate(max_drop, unmeasured)
    moved = publishing.publish(
        signing.publisher(shelf),
        read_model(Path(model)),
        channel,
        gate=gate,
        share=share,
        relabel=relabel,
    )
    _tell(moved, as_json)


@click.command(short_help="Let one channel hand out what another does.", epilog=_SIGNING)
@click.argument("source")
@click.argument("target")
@_AT
@_SHARE
@_RELABEL
@signing_options
@_JSON
def promote(
    source: str,
    target: str,
    at: str | None,
    share: int,
    relabel: bool,
    signing: SigningOptions,
    as_json: bool,
) -> None:
    """Let the channel TARGET hand out what SOURCE does; the same channel twice to raise its share.

    \b
    Example:
      litescore promote canary canary --share 50 --at s3://bucket/models/shoes --key factory.key
      litescore promote canary stable --at s3://bucket/models/shoes --key factory.key
    """
    from litescore.releases import publishing

    moved = publishing.promote(signing.publisher(at), source, target, share=share, relabel=relabel)
    _tell(moved, as_json)


@click.command(short_help="Let a channel hand out the release before.", epilog=_SIGNING)
@click.argument("channel")
@_AT
@signing_options
@_JSON
def rollback(channel: str, at: str | None, signing: SigningOptions, as_json: bool) -> None:
    """Let CHANNEL hand out the release before to all devices, whatever the labels.

    Said again it goes back one more; what was rolled back from is not gone back to.

    \b
    Example:
      litescore rollback stable --at s3://bucket/models/shoes --key factory.key
    """
    from litescore.releases import publishing

    _tell(publishing.rollback(signing.publisher(at), channel), as_json)


@click.command(
    short_help="Show the channels of a model and their history.",
    epilog=settings.table("releases", "trust"),
)
@click.argument("shelf", required=False)
@joining_options
@trust_options
@_JSON
def releases(
    shelf: str | None, joining: JoiningOptions, trusting: TrustOptions, as_json: bool
) -> int:
    """Show what each channel on SHELF hands out, and what it handed out before. What is not signed by
    a trusted key is refused.

    With --records, show what each release did instead: where and when, how sure it was, whether two
    releases say the same of the same images, and how far its labels and their probabilities are from
    those of its test images. The exit code is 1 where one drifted beyond --alarm.

    \b
    Example:
      litescore releases s3://bucket/models/shoes --trust factory.key.pub
      litescore releases s3://bucket/models/shoes --trust factory.key.pub --json
      litescore releases s3://bucket/models/shoes --records s3://bucket/records/ --html ran.html
    """
    from litescore.releases import reading

    at, keys = shelf_at(shelf), trusting.keys()
    if joining.asked():
        joined = joining.join(at, keys)
        for line in [json.dumps(joined.as_json())] if as_json else joining.lines(joined):
            click.echo(line)
        return 1 if joined.drifted else 0
    shown = reading.read(at, keys)
    if as_json:
        click.echo(json.dumps(shown.as_json(), indent=2))
        return 0
    if not shown.channels:
        click.echo(f"{shown.model}: no channel yet")
    for channel in shown.channels:
        _show_channel(channel, shown.releases)
    for problem in shown.problems.values():
        click.echo(printable(problem))
    return 0


@click.group(short_help="Make and look at the keys that releases are signed with.")
def keys() -> None:
    """Make and look at the keys that releases are signed with: Ed25519, in PEM files.

    \b
    Example:
      litescore keys new factory.key
    """


@keys.command(epilog=settings.table("signing_passphrase"))
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
def new(path: Path) -> None:
    """Write a private key to PATH, and the public one to PATH.pub.

    Whoever has the private key decides what runs on every device that trusts it: keep it where
    releases are made and nowhere else. LITESCORE_SIGNING_PASSPHRASE encrypts it.

    \b
    Example:
      litescore keys new factory.key
    """
    from litescore.releases import keys as making

    passphrase = settings.Settings.read().signing_passphrase
    public = making.create(path, passphrase)
    click.echo(f"{path}: private, {'encrypted' if passphrase else 'not encrypted'}")
    click.echo(f"{path}{making.PUBLIC_SUFFIX}: public, for the devices; key {public.id}")


@keys.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
def show(paths: tuple[Path, ...]) -> None:
    """Print the ids of the public keys in files PATHS, as releases bear them.

    \b
    Example:
      litescore keys show factory.key.pub
    """
    from litescore.releases import keys as reading

    for path in paths:
        click.echo(f"{reading.read_public(path).id}  {path}")


def _tell(moved: Moved, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(_as_json(moved)))
        return
    found, turn = moved.release, moved.channel.now
    if moved.verdict is not None:
        click.echo(f"golden samples: {moved.verdict.verdict} on {moved.verdict.runtime}")
    click.echo(f"{found.model} {found.digest[:12]}: {_facts(found)}")
    was = f", before {moved.before.digest[:12]}" if moved.before else ""
    click.echo(f"{moved.channel.name}: turn {turn.number}, to {turn.share} % of the devices{was}")


def _as_json(moved: Moved) -> dict[str, object]:
    return {
        "channel": moved.channel.name,
        "turn": asdict(moved.channel.now),
        "release": moved.release.as_statement(),
        "before": moved.before.digest if moved.before else None,
    }


def _facts(found: Release) -> str:
    measured = "accuracy unknown" if found.measured is None else f"{found.measured:.2%} accuracy"
    variant = found.variant or "made elsewhere"
    return f"{found.size:,} bytes, {variant}, {len(found.labels)} labels, {measured}"


def _show_channel(channel: Channel, releases: dict[str, Release]) -> None:
    click.echo(
        f"{channel.name}: {channel.now.release[:12]} to {channel.now.share} % of the devices"
    )
    for turn in reversed(channel.turns[-_SHOWN:]):
        click.echo(printable(f"  {_line(turn, releases.get(turn.release))}".rstrip()))
    if len(channel.turns) > _SHOWN:
        click.echo(f"  {len(channel.turns) - _SHOWN} older ones: --json")


def _line(turn: Turn, found: Release | None) -> str:
    measured = "" if found is None or found.measured is None else f"{found.measured:.2%}"
    return (
        f"{turn.number:>4}  {turn.at[:16].replace('T', ' ')}  {turn.action:<8}  "
        f"{turn.release[:12]}  {turn.share:>3} %  {measured:>7}  {turn.note}"
    )
