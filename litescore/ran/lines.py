"""What ran where, as lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from litescore.drift import FEW, UNTOLD, Drift
from litescore.ran.agreement import Agreement
from litescore.ran.joined import Joined, Ran

_DIGEST = 12
_TURNS = 5


def lines(joined: Joined) -> Iterator[str]:
    """All that is known, release by release, the newest first; then the alarms."""
    releases = sum(one.seen.images > 0 for one in joined.ran)
    yield (
        f"{joined.model}: {counted(joined.images, 'image')} of {counted(releases, 'release')} "
        f"in the records at {joined.location}"
    )
    for one in reversed(joined.ran):
        yield from ("", *_release(one, joined))
    if joined.agreements:
        yield ""
    for pair in joined.agreements:
        yield from _agreement(pair)
    if joined.drifted:
        yield ""
    for one, what, found in joined.drifted:
        yield alarm(one, what, found, joined.alarm)


def counted(number: int, noun: str) -> str:
    """`1 image`, `2,000 images`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def moment(at: str) -> str:
    """An RFC 3339 time as people write it, to the minute."""
    return at[:16].replace("T", " ")


def title(one: Ran) -> str:
    """Which release it is."""
    if one.release is None:
        return f"{one.digest[:_DIGEST]}  unknown release: not on this shelf"
    measured = one.release.measured
    scored = "" if measured is None else f", {measured:.2%} accuracy"
    note = f", {one.release.note}" if one.release.note else ""
    return f"{one.digest[:_DIGEST]}  made {moment(one.release.made)}{scored}{note}"


def turns(one: Ran) -> list[str]:
    """Which turns of which channels handed it out, the newest first."""
    return [
        f"{name} {turn.number}, {turn.action} {moment(turn.at)}, {turn.share} %"
        for name, turn in reversed(one.turns)
    ]


def where(one: Ran) -> str:
    """How many images, on what, and when."""
    seen = one.seen
    lost = "".join(
        f", {number:,} {word}"
        for word, number in (("failed", seen.failed), ("superseded", seen.superseded))
        if number
    )
    places = [counted(len(seen.devices), "device")] if seen.devices else []
    if seen.elsewhere:
        places.append(f"{seen.elsewhere:,} without a device" if places else "no device")
    span = f"{moment(seen.first)} to {moment(seen.last)}"
    return f"{seen.scored:,} scored{lost}; on {' and '.join(places)}; {span}"


def confidence(one: Ran, unsure: float) -> str:
    """How sure it was, beside its test images."""
    seen, tested = one.seen, one.tested
    if not seen.scored:
        return "nothing is scored"
    mean = seen.answered.confidence
    beside = ""
    if tested is not None:
        # Plus 0.0, lest -0.0 is told as -0.000.
        apart = round(mean - tested.confidence, 3) + 0.0
        beside = f" (test images {tested.confidence:.3f}, {apart:+.3f})"
    return f"{mean:.3f} on average{beside}; {seen.unsure_share:.1%} below {unsure:g}"


def told(one: Ran) -> str | None:
    """What is to be known of frames that devices told; None where there are none."""
    seen = one.seen
    if not seen.frames:
        return None
    return (
        f"{counted(seen.frames, 'frame')} as devices told them, {seen.changes / seen.frames:.1%} at "
        "a change of the decision: the shares are of told frames alone"
    )


def verdict(found: Drift, alarm: float) -> str:
    """How far it is from the test images, and whether that is much."""
    said = found.verdict(alarm)
    bits = f"{found.bits:.3f} bits from the test images"
    if said == FEW:
        return f"{bits}: {said} (so few make up to {found.noise:.3f} by chance)"
    if said == UNTOLD:
        return f"{bits}: {said} (so few leave up to {found.least:.3f} to chance)"
    return f"{bits}: {said} (alarm beyond {alarm:g})"


def alarm(one: Ran, what: str, found: Drift, bits: float) -> str:
    """One line that says which release drifted, in what, and most by which label or step."""
    most = found.parts[0]
    kind = "label" if what == "labels" else "probability"
    return (
        f"alarm: {one.digest[:_DIGEST]} drifted by {found.bits:.3f} bits of its {what}, more than "
        f"{bits:g}; most by {kind} {most.name}: {most.ours:.1%} of the images, {most.theirs:.1%} of "
        "the test images"
    )


def _release(one: Ran, joined: Joined) -> Iterator[str]:
    yield title(one)
    shown = turns(one)
    for place, turn in enumerate(shown[:_TURNS]):
        yield _line("" if place else "turns", turn)
    if len(shown) > _TURNS:
        yield _line("", f"{len(shown) - _TURNS} older ones: --json")
    if not one.seen.images:
        yield _line("images", "no records")
        return
    yield _line("images", where(one))
    yield _line("confidence", confidence(one, joined.unsure))
    if one.held is not None:
        yield _line("labels", verdict(one.held.labels, joined.alarm))
        yield _line("confidences", verdict(one.held.confidences, joined.alarm))
    elif one.tested is None and one.seen.scored:
        yield _line("drift", no_test(one))
    if (frames := told(one)) is not None:
        yield _line("frames", frames)


def no_test(one: Ran) -> str:
    """Why nothing is held against test images."""
    if one.release is None:
        return "no test set known of an unknown release"
    return "no test set known: the file does not keep what it answered to its test images"


def _agreement(pair: Agreement) -> Iterator[str]:
    yield (
        f"{pair.after[:_DIGEST]} after {pair.before[:_DIGEST]}: "
        f"{counted(pair.images, 'image')} of both, {pair.same / pair.images:.1%} the same label, "
        f"probabilities {pair.apart:.3f} apart on average"
    )
    for move in pair.moves:
        yield _line(f"{move.images:,}", f"{move.before} -> {move.after}")


def _line(name: str, text: str) -> str:
    return f"  {name:<11}  {' '.join(text.split())}"
