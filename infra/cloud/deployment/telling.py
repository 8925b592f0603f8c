"""Progress of a deployment or a removal on the terminal: bars for bytes, a line for each event."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from infra.cloud.deployment.following import Event, Tell
from infra.options import bar_file

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

    from infra.cloud.deployment.deploy import Progress


@contextmanager
def bars() -> Iterator[Progress]:
    """Within, what was begun has a bar on standard error, one after the other."""
    with ExitStack() as stack:
        made: dict[str, ProgressBar[int]] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in made:
                bar: ProgressBar[int] = click.progressbar(
                    length=total, label=what, file=bar_file(), show_eta=False, width=30
                )
                made[what] = stack.enter_context(bar)
            made[what].update(done - made[what].pos)

        yield progress


def events(resources: Collection[str]) -> Tell:
    """A line an event, with how many of the resources (logical ids) are done."""
    done: set[str] = set()

    def tell(event: Event) -> None:
        if event.ended and event.resource in resources:
            done.add(event.resource)
        count = f"{len(done)}/{len(resources)}"
        line = f"{count:>7}  {event.status:<28}  {event.resource}"
        if event.reason and event.status.endswith("_FAILED"):
            line += f": {event.reason}"
        click.echo(line, err=True)

    return tell


@contextmanager
def counted(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """Within, a bar of so many things done, which may become more than `total`."""
    with click.progressbar(
        length=max(total, 1), label=what, file=bar_file(), show_eta=False, width=30
    ) as bar:
        yield lambda done: bar.update(done - bar.pos)
