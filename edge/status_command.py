"""`litescore edge status`: what a state folder says of the followed models, as lines or JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from litescore import settings
from litescore.releases.options import TRUST
from litescore.terminal import printable

if TYPE_CHECKING:
    from edge.releases.report import ModelReport, SlotReport

_COLUMN = 16
_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


@click.command(short_help="Tell which release of a model this device runs.",
               epilog=settings.table("trust"))  # fmt: skip
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="DIR",
    help="As of `litescore edge run`; of a service /var/lib/NAME, with sudo.  [default: systemd's "
    "STATE_DIRECTORY, else ~/.local/state/litescore]",
)
@TRUST
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def status(state: Path | None, trust: tuple[Path, ...], as_json: bool) -> int:
    """Tell which release of a model this device runs.

    Of each followed model: what its two slots hold, since when one of them runs, whether it is on
    trial, when the channel was last read, what failed last, and what is not taken again. It asks no
    network, and works while a loop runs and when none does. Without a trusted key the signatures are
    not looked at. Exit code 1 where the last look failed or nothing that could run lies there.

    \b
    Example:
      litescore edge status
      sudo /opt/litescore/bin/litescore edge status --state /var/lib/litescore-edge
      litescore edge status --trust factory.key.pub --json
    """
    from edge.device import Device
    from edge.releases import report
    from edge.releases.options import folder_of
    from edge.running import state_folder
    from litescore.releases.options import trusted_if_any

    keys = trusted_if_any(trust)
    folder = folder_of(state or state_folder(os.environ))
    found = report.read(folder, keys, Device.here().boot)
    if as_json:
        click.echo(json.dumps({"models": [one.to_json() for one in found]}, indent=2))
    elif not found:
        click.echo(f"no model is followed in {folder}: name another state folder with --state")
    else:
        for one in found:
            _show(one)
        if keys is None:
            click.echo("signatures were not looked at: name the public keys with --trust")
    return 0 if found and all(one.is_fine for one in found) else 1


def _show(report: ModelReport) -> None:
    loop = "a loop runs" if report.running else "no loop runs"
    if report.ended is not None:
        loop += f" ({report.ended})"
    click.echo(f"{report.model}: {loop}, follows {report.state.channel or 'a channel not known'}")
    for name, text in _lines(report):
        click.echo(printable(f"  {name:<{_COLUMN}}{text}"))


def _lines(report: ModelReport) -> Iterator[tuple[str, str]]:
    state, slot = report.state, report.slot
    if slot is None:
        yield "to run", "nothing: the next start takes what the channel hands out"
    else:
        yield ("runs" if report.running else "next start"), _slot(report.slots[slot])
    for other in report.slots.values():
        if other.slot != slot:
            yield "other slot", _slot(other)
    if report.since is not None:
        yield "since", _moment(report.since)
    if report.trial is not None:
        yield "trial", report.trial
    yield "channel", f"turn {state.number}, last read {_moment(state.checked)}"
    yield "last failure", state.failure or "none"
    for digest, why in state.bad.items():
        yield "not taken again", f"{digest[:12]}: {why}"


def _slot(slot: SlotReport) -> str:
    found = slot.release
    if found is None:
        return f"{slot.slot}: {slot.problem}"
    measured = "accuracy unknown" if found.measured is None else f"{found.measured:.2%} accuracy"
    facts = [found.variant or "made elsewhere", f"{len(found.labels)} labels", measured]
    facts += [f"made {found.made[:16].replace('T', ' ')}"]
    facts += [f"signed by {slot.signer}"] if slot.signer else []
    return f"{slot.slot}: {found.digest[:12]}, {', '.join(facts)}"


def _moment(stamp: str | None) -> str:
    from edge.releases.status import seconds_since

    if stamp is None:
        return "never"
    ago = seconds_since(stamp)
    if ago is None:
        return f"{stamp}, by a clock that was ahead of now"
    unit, size = next(each for each in _UNITS if ago >= 2 * each[1] or each[1] == 1)
    return f"{stamp} ({ago // size:.0f} {unit} ago)"
