"""The options that join records with releases, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from litescore.errors import UsageError
from litescore.options import gathered
from litescore.terminal import printable

if TYPE_CHECKING:
    from litescore.ran.joined import Joined
    from litescore.releases.keys import PublicKey
    from litescore.releases.shelf import Shelf


@dataclass(frozen=True)
class JoiningOptions:
    """Which records, and how they are looked at.

    records  where they lie; None: not asked for
    since    only those scored at this day or time (UTC) or later
    unsure   probability 0..1; alarm: bits 0..1
    html     the page to write, None for none
    """

    records: str | None
    since: str | None
    unsure: float
    alarm: float
    html: str | None

    def asked(self) -> bool:
        """Whether records are to be joined. Raises UsageError for words that need them."""
        for name, value in (("--since", self.since), ("--html", self.html)):
            if self.records is None and value is not None:
                raise UsageError(f"{name} is about records: name them with --records")
        return self.records is not None

    def join(self, shelf: Shelf, trusted: tuple[PublicKey, ...]) -> Joined:
        """The records joined with the releases on a shelf, and the page written if one is wanted."""
        from litescore import results
        from litescore.ran.joined import join

        assert self.records is not None
        joined = join(shelf, trusted, results.read(self.records), self.records,
                      since=_time(self.since), unsure=self.unsure, alarm=self.alarm)  # fmt: skip
        if self.html:
            from litescore.ran import page

            page.build(joined).write(self.html)
        return joined

    def lines(self, joined: Joined) -> Iterator[str]:
        """What is printed."""
        from litescore.ran.lines import lines

        yield from map(printable, lines(joined))
        if self.html:
            yield f"pictures in {self.html}"


def _time(text: str | None) -> str:
    """A time as records bear theirs. Raises UsageError for what is none."""
    if text is None:
        return ""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(
            f"--since {text}: a day or a time, as 2026-11-29 or 2026-11-29T06:30"
        ) from None
    if found.tzinfo is not None:
        found = found.astimezone(UTC)
    return f"{found:%Y-%m-%dT%H:%M:%S}"


joining_options: Callable[..., Any] = gathered(
    "joining",
    JoiningOptions,
    click.option(
        "--records", metavar="RECORDS",
        help="Records to join with: a file, a folder or an s3:// prefix, as `results` reads them.",
    ),
    click.option(
        "--since", metavar="TIME",
        help="With --records: only those scored at this day or time (UTC) or later.",
    ),
    click.option(
        "--unsure", type=click.FloatRange(0, 1), default=0.5, show_default=True,
        help="With --records: an image whose label is less probable than this is unsure.",
    ),
    click.option(
        "--alarm", type=click.FloatRange(0, 1), default=0.05, show_default=True, metavar="BITS",
        help="With --records: how far labels or their probabilities may be from those of the test "
        "images, from 0 (the same) to 1 (nothing in common).",
    ),
    click.option(
        "--html", type=click.Path(dir_okay=False), help="With --records: write a page with pictures."
    ),
)  # fmt: skip
