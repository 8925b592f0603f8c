"""Publishing a model file, and moving channels: forward, from one to another, and back.

What is refused here would be refused by every device: better one error on a desk than forty in the
field.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from litescore import golden
from litescore.errors import GateError, ReleaseError, UsageError
from litescore.golden import Verdict
from litescore.releases import release as releases
from litescore.releases.channel import Channel, Turn, check_name
from litescore.releases.keys import PrivateKey, PublicKey
from litescore.releases.release import Release
from litescore.releases.shelf import Held, Shelf

_PERCENT = 100
# Differences of shares are off by this in their last bits; what is exactly at a gate passes it.
_EXACT = 1e-9


@dataclass(frozen=True)
class Gate:
    """What a file must show before it is published.

    max_drop    percentage points of accuracy that it may lose to the model it was made from
    unmeasured  a file of which no accuracy is known may pass
    """

    max_drop: float = 1.0
    unmeasured: bool = False


@dataclass(frozen=True)
class Publisher:
    """Who moves channels on a shelf.

    key      signs
    trusted  further keys whose channels and releases are gone on from; one's own is among them anyway
    note     goes into every statement

    Raises UsageError for a shelf that can only be read.
    """

    shelf: Shelf
    key: PrivateKey
    trusted: Sequence[PublicKey] = ()
    note: str = ""

    def __post_init__(self) -> None:
        self.shelf.check_writable()

    @property
    def believed(self) -> tuple[PublicKey, ...]:
        """Whose signatures are taken: one's own key first."""
        return (self.key.public, *self.trusted)


@dataclass(frozen=True)
class Moved:
    """A channel after its turn, the release it hands out now, and the one before (None: the first).

    verdict  of the golden samples here, where a file was published
    """

    channel: Channel
    release: Release
    before: Release | None
    verdict: Verdict | None = None


@dataclass(frozen=True)
class Wish:
    """What is to be done with a channel.

    action   `publish`, `promote` or `rollback`
    share    percent of the devices, 1..100
    relabel  the labels may be other ones
    """

    channel: str
    action: str
    share: int = 100
    relabel: bool = False


def publish(
    publisher: Publisher,
    file: bytes,
    channel: str,
    *,
    gate: Gate = Gate(),
    share: int = 100,
    relabel: bool = False,
) -> Moved:
    """Put a model file on the shelf, and let a channel hand it out to a share of the devices.

    relabel  its labels may differ from those of the release before

    Raises GateError for a file that fails its golden samples or lost too much accuracy, and
    ReleaseError for other labels, for one that is older than what the channel hands out, and where
    another publisher was faster. Nothing is written then, but for the file in the last case.
    """
    verdict = golden.verify(file)
    if not verdict.proven:
        raise GateError(
            f"its golden samples are {verdict.verdict} on {verdict.runtime}: export it again here, "
            "or publish where a runtime is that it was exported with"
        )
    found = releases.describe(file, model=publisher.shelf.model, made=_now(), note=publisher.note)
    _check_gate(found, gate)
    wish = Wish(check_name(channel), "publish", share, relabel)
    held = _held(publisher, channel)
    if publisher.shelf.has_release(found.digest):
        # It bears the time of its first publication, and may lie there damaged.
        found = _whole(publisher, found.digest)
        before = _checked(publisher, wish, held, found)
    elif held is not None and held.channel.now.release == found.digest:
        # What was said of it is gone from the shelf; said again, it is there for all.
        before = found
    else:
        before = _checked(publisher, wish, held, found)
    publisher.shelf.add(found, file, publisher.key)
    if (lying := publisher.shelf.read_release(found.digest, publisher.believed)) != found:
        # Another publisher was faster by a moment: what it said of the file is what holds.
        found, before = lying, _checked(publisher, wish, held, lying)
    return Moved(_moved(publisher, wish, held, found), found, before, verdict)


def promote(
    publisher: Publisher, source: str, target: str, *, share: int = 100, relabel: bool = False
) -> Moved:
    """Let `target` hand out what `source` does; the same channel twice raises its share.

    Raises ReleaseError as `publish`, and where the source is not there.
    """
    wish = Wish(check_name(target), "promote", share, relabel)
    found = _whole(publisher, _there(publisher, source).channel.now.release)
    held = _held(publisher, target)
    before = _checked(publisher, wish, held, found)
    return Moved(_moved(publisher, wish, held, found), found, before)


def rollback(publisher: Publisher, channel: str) -> Moved:
    """Let a channel hand out the release before to all devices. A release that was rolled back from
    is not gone back to.

    Raises ReleaseError where there is none before.
    """
    held = _there(publisher, channel)
    now, back = held.channel.now, held.channel.behind()
    if back is None:
        raise ReleaseError(
            f"channel {channel!r} has no release to go back to: {now.release[:12]} is the first "
            "that is left"
        )
    found = _whole(publisher, back.release)
    # Only to be told: what is gone, or nobody believes any more, is what one goes back from.
    before = None
    with suppress(ReleaseError):
        before = publisher.shelf.read_release(now.release, publisher.believed)
    wish = Wish(channel, "rollback", relabel=True)
    return Moved(_moved(publisher, wish, held, found), found, before)


def _there(publisher: Publisher, channel: str) -> Held:
    held = publisher.shelf.read_channel(channel, publisher.believed)
    assert held is not None, "no ETag was given that it could still have"
    return held


def _held(publisher: Publisher, channel: str) -> Held | None:
    return _there(publisher, channel) if publisher.shelf.has_channel(channel) else None


def _whole(publisher: Publisher, digest: str) -> Release:
    """A release whose file is there as well, and is the one that was meant."""
    found = publisher.shelf.read_release(digest, publisher.believed)
    publisher.shelf.read_file(found)
    return found


def _checked(publisher: Publisher, wish: Wish, held: Held | None, found: Release) -> Release | None:
    """The release that the channel hands out now; raises where the wish does not go with it."""
    if held is None:
        return None
    before = publisher.shelf.read_release(held.channel.now.release, publisher.believed)
    _check_order(held.channel, before, found, wish)
    if not wish.relabel:
        _check_labels(before, found)
    return before


def _moved(publisher: Publisher, wish: Wish, held: Held | None, found: Release) -> Channel:
    """The channel after its turn, written."""
    channel = held.channel if held else Channel(publisher.shelf.model, wish.channel, ())
    number, at = channel.next_number, _now()
    if held and at < channel.now.at:
        raise ReleaseError(
            f"this machine's clock says {at}, before the last turn of {channel.name!r} "
            f"({channel.now.at}): set it"
        )
    turn = Turn(number, found.digest, wish.action, wish.share, wish.relabel, at, publisher.note)
    channel = channel.turned(turn)
    if not publisher.shelf.move(channel, held.etag if held else None, publisher.key):
        raise ReleaseError(
            f"another publisher moved channel {channel.name!r} meanwhile, and nothing was changed: "
            "look at `litescore releases`, then say it again"
        )
    return channel


def _check_gate(found: Release, gate: Gate) -> None:
    original, exported = found.accuracy.get("float"), found.measured
    if original is None or exported is None:
        if not gate.unmeasured:
            raise GateError(
                "nobody measured the accuracy of this file: export it with --data, or publish it "
                "with --unmeasured"
            )
        return
    drop = _PERCENT * (original - exported)
    if drop > gate.max_drop + _EXACT:
        raise GateError(
            f"the file lost {drop:.2f} points of accuracy ({_PERCENT * original:.2f} to "
            f"{_PERCENT * exported:.2f} %), --max-drop is {gate.max_drop:g}"
        )


def _check_order(channel: Channel, before: Release, found: Release, wish: Wish) -> None:
    now = channel.now
    if (found.digest, wish.share) == (now.release, now.share):
        raise UsageError(
            f"channel {channel.name!r} hands out {found.digest[:12]} to {now.share} % of the "
            "devices already"
        )
    if found.made < before.made:
        raise ReleaseError(
            f"release {found.digest[:12]} of {found.made} is older than {before.digest[:12]} of "
            f"{before.made}, which {channel.name!r} hands out: only `litescore rollback` goes back"
        )


def _check_labels(before: Release, found: Release) -> None:
    if before.labels == found.labels:
        return
    gone = [label for label in before.labels if label not in found.labels]
    new = [label for label in found.labels if label not in before.labels]
    what = "; ".join(
        f"{word} {', '.join(map(repr, some[:5]))}{' ...' if len(some) > 5 else ''}"
        for word, some in (("without", gone), ("with", new))
        if some
    )
    raise ReleaseError(
        f"release {found.digest[:12]} has other labels than {before.digest[:12]} "
        f"({what or 'in another order'}): whoever reads the records may not know them; "
        "--allow-label-change says that this is meant"
    )


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
