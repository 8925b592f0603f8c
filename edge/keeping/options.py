"""The options of what is kept, and what they open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from litescore.errors import ConfigurationError, UsageError
from litescore.options import gathered

if TYPE_CHECKING:
    from edge.device import Device
    from edge.keeping.allowance import Allowance
    from edge.keeping.keep import Keep
    from edge.keeping.rules import Rule
    from edge.sinks.spool_options import SpoolOptions

# Of frames that the disk does not take now: a PNG of 12 megapixels has 30 million.
_MEMORY_BYTES = 32 << 20


@dataclass(frozen=True)
class KeepOptions:
    """Which frames are kept, and where.

    keep                a folder or s3:// prefix; None keeps nothing
    keep_when           rules, as `edge.keeping.rules` reads them
    keep_per_day        frames in any 24 hours; 0 for no limit
    keep_at_most_every  seconds from one kept frame to the next
    keep_format         `jpeg` or `png`, of camera frames
    keep_shared         whether all rules share one quota and pace; else each has an equal part of
                        the quota, and a pace of its own
    keep_tell           seconds between two words on how many were kept; 0 for none

    Raises UsageError for a place without a rule, and the other way round.
    """

    keep: str | None = None
    keep_when: Sequence[str] = ()
    keep_per_day: int = 200
    keep_at_most_every: float = 1.0
    keep_format: str = "jpeg"
    keep_shared: bool = True
    keep_tell: float = 0.0

    def __post_init__(self) -> None:
        if self.keep is None and self.keep_when:
            raise UsageError("--keep-when keeps nothing without a place: name one with --keep")
        if self.keep is not None and not self.keep_when:
            raise UsageError(
                f"--keep {self.keep}: say which frames, such as --keep-when least-sure:0.6"
            )


keep_options = gathered(
    "keep",
    KeepOptions,
    click.option(
        "--keep",
        metavar="PLACE",
        help="Keep whole frames, each with its record, in this folder or under this s3:// prefix, as "
        "dt=DATE/DEVICE/ID.jpg and .json.",
    ),
    click.option(
        "--keep-when",
        multiple=True,
        metavar="RULE",
        help="Which frames: least-sure:BELOW (their best probability), label:NAME, every:N, change "
        "(of the decision), random:RATE. May be given several times; any of them is enough.",
    ),
    click.option(
        "--keep-per-day",
        type=click.IntRange(0),
        default=200,
        show_default=True,
        metavar="N",
        help="At most so many in any 24 hours, a quarter of them at once; 0 for no limit.",
    ),
    click.option(
        "--keep-at-most-every",
        type=click.FloatRange(0),
        default=1.0,
        show_default=True,
        metavar="SECONDS",
        help="At least so long from one kept frame to the next.",
    ),
    click.option(
        "--keep-format",
        type=click.Choice(("jpeg", "png")),
        default="jpeg",
        show_default=True,
        help="Of camera frames: png holds the camera's very pixels. Image files stay as they are.",
    ),
)


def open_keep(
    options: KeepOptions,
    *,
    device: Device,
    labels: Sequence[str],
    state: Path,
    spool: SpoolOptions,
    live: bool = True,
    say: Callable[[str], None],
) -> Keep | None:
    """What keeps frames; None where no place was named.

    labels  of the model, for the rules that name one
    state   the folder for the spool and for what is left of the quota
    live    whether the source is a camera, which waits for nobody
    say     is told, in a line, what a person should know

    Raises UsageError for a rule or a place that is none, ConfigurationError where the folder cannot
    be made or another process holds the spool. S3 may be away.
    """
    from edge.keeping.delivery import Delivery
    from edge.keeping.keep import Keep
    from edge.sinks.spool import Spool

    if options.keep is None:
        return None
    rules = checked_rules(options, labels)
    if (folder := local_folder(options.keep)) is not None:
        _make(folder)
    allowances = _allowances(options, rules, state, device.boot)
    waiting = Spool(
        state / "keep.spool",
        max_bytes=spool.spool_bytes,
        keep=spool.spool_keep,
        memory_bytes=_MEMORY_BYTES,
        say=say,
    )
    return Keep(
        allowances,
        Delivery(options.keep, waiting, say=say),
        form=options.keep_format,
        waits=not live,
        every=options.keep_tell,
        say=say,
    )


def _allowances(
    options: KeepOptions, rules: Sequence[Rule], state: Path, boot: str
) -> list[Allowance]:
    from edge.keeping.allowance import Allowance
    from edge.keeping.quota import Quota

    def allowance(held: Sequence[Rule], per_day: int, file: str) -> Allowance:
        return Allowance(held, Quota(per_day, state / file, boot=boot), options.keep_at_most_every)

    if options.keep_shared or len(rules) == 1:
        return [allowance(rules, options.keep_per_day, "keep-quota.json")]
    # What does not divide is the first rules'. None is given 0, which is no limit.
    part, more = divmod(options.keep_per_day, len(rules))
    parts = [part + (number < more) for number in range(len(rules))]
    if options.keep_per_day and not part:
        raise UsageError(
            f"{options.keep_per_day} frames a day are too few for {len(rules)} rules: "
            f"at least {len(rules)}"
        )
    names = [f"keep-quota-{rule.words.partition(':')[0]}.json" for rule in rules]
    return [
        allowance([rule], count, name)
        for rule, count, name in zip(rules, parts, names, strict=True)
    ]


def checked_rules(options: KeepOptions, labels: Sequence[str]) -> list[Rule]:
    """The rules for a model of these labels. Raises UsageError for one that is none."""
    from edge.keeping.rules import check_labels, parse

    rules = [parse(words) for words in options.keep_when]
    check_labels(rules, labels)
    return rules


def local_folder(place: str) -> Path | None:
    """The folder that `--keep` names; None of S3. Raises UsageError for a place that is neither."""
    from litescore import store
    from litescore.store import rawkeys, s3

    if s3.is_s3(place):
        key = s3.split(place)[1].rstrip("/")
        if key and not rawkeys.addressable(key):
            raise UsageError(f"--keep {place}: no // or dots alone between slashes")
        return None
    if "://" in place.removeprefix("file://"):
        raise UsageError(f"--keep {place}: a folder, or s3://bucket/prefix/")
    return store.local_path(place)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"cannot keep frames in {folder}: {error.strerror}") from error
