"""What ran where, as a page with pictures: one file that needs no network and no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from litescore import chart
from litescore.answered import STEPS, Answered
from litescore.chart import COLORS, Stack
from litescore.drift import DRIFTED
from litescore.page import BAD, PLAIN, Page
from litescore.ran import lines
from litescore.ran.joined import Joined, Ran
from litescore.ran.lines import counted, moment
from litescore.ran.timeline import Timeline, timeline

_DIGEST = 12
# More labels than these, and more mixed hours, are counted together.
_LABELS = 24
_MIXED = 12


def build(joined: Joined) -> Page:
    """The page: the alarms, the time, the releases from the newest on, and what they agree on."""
    newest = [one for one in reversed(joined.ran) if one.seen.images]
    page = Page(
        f"What ran where: {joined.model}",
        f"{counted(joined.images, 'image')} of {counted(len(newest), 'release')}, from the records at "
        f"{joined.location}",
    )
    for one, what, found in joined.drifted:
        page.text(lines.alarm(one, what, found, joined.alarm), tone=BAD)
    page.heading("Releases")
    page.table(
        ("release", "images", "failed", "devices", "confidence", f"below {joined.unsure:g}",
         "labels drift", "confidences drift"),
        (_row(one) for one in newest),
    )  # fmt: skip
    _add_timeline(page, newest)
    _add_agreement(page, joined)
    for one in newest:
        _add_release(page, one, joined)
    return page


def _row(one: Ran) -> tuple[str, ...]:
    seen = one.seen
    drift = ("-", "-") if one.held is None else (
        f"{one.held.labels.bits:.3f} bits", f"{one.held.confidences.bits:.3f} bits"
    )  # fmt: skip
    return (
        one.digest[:_DIGEST] + ("" if one.release else " (unknown)"),
        f"{seen.images:,}",
        f"{seen.failed:,}",
        f"{len(seen.devices):,}" if seen.devices else "-",
        f"{seen.answered.confidence:.3f}" if seen.scored else "-",
        "-" if seen.unsure_share is None else f"{seen.unsure_share:.1%}",
        *drift,
    )


def _add_timeline(page: Page, newest: Sequence[Ran]) -> None:
    times = timeline(newest)
    own = len(COLORS) - 1
    page.heading("Images by the hour" if times.hours == 1 else f"Images by {times.hours} hours")
    marks = [(COLORS[place], one.digest[:_DIGEST]) for place, one in enumerate(newest[:own])]
    page.key([*marks, *([(COLORS[own], "older ones")] if len(newest) > own else [])])
    if times.columns:
        columns = [_stack(one.begin.isoformat(), one.images, newest) for one in times.columns]
        first, last = (moment(times.columns[end].begin.isoformat()) for end in (0, -1))
        page.chart(chart.stacks(columns, begin=f"{first} UTC", end=last))
    if times.undated:
        page.text(
            f"{counted(times.undated, 'image')} more bear no time after 2020: a clock not set."
        )
    _add_mixed(page, times, newest)


def _stack(begin: str, images: Mapping[str, int], newest: Sequence[Ran]) -> Stack:
    heights = tuple(images.get(one.digest, 0) for one in newest)
    told = ", ".join(f"{one.digest[:_DIGEST]} {n:,}" for one, n in zip(newest, heights, strict=True)
                     if n)  # fmt: skip
    return Stack(f"{moment(begin)}: {told}", heights)


def _add_mixed(page: Page, times: Timeline, newest: Sequence[Ran]) -> None:
    """The hours in which several releases scored."""
    if not times.mixed:
        page.text("In no hour did two releases score.")
        return
    mixed = counted(len(times.mixed), "hour")
    page.text(f"Several releases scored in {mixed}" + (
        f", the last {_MIXED} of which are:" if len(times.mixed) > _MIXED else ":"))  # fmt: skip
    shown = [one for one in newest if any(one.digest in found for found in times.mixed.values())]
    page.table(
        ("hour (UTC)", *(one.digest[:_DIGEST] for one in shown)),
        (
            (
                f"{moment(hour)}:00",
                *(f"{found[one.digest]:,}" if one.digest in found else "-" for one in shown),
            )
            for hour, found in list(times.mixed.items())[-_MIXED:]
        ),
    )


def _add_agreement(page: Page, joined: Joined) -> None:
    if not joined.agreements:
        return
    page.heading("The same images, two releases")
    page.table(
        ("release", "after", "images of both", "same label", "probabilities apart"),
        (
            (
                pair.after[:_DIGEST],
                pair.before[:_DIGEST],
                f"{pair.images:,}",
                f"{pair.same / pair.images:.1%}",
                f"{pair.apart:.3f}",
            )
            for pair in joined.agreements
        ),
    )
    for pair in joined.agreements:
        if pair.moves:
            moves = "; ".join(f"{m.before} → {m.after} {m.images:,}" for m in pair.moves)
            page.text(
                f"From {pair.before[:_DIGEST]} to {pair.after[:_DIGEST]}, most often: {moves}."
            )


def _add_release(page: Page, one: Ran, joined: Joined) -> None:
    page.heading(lines.title(one))
    page.text(f"Images: {lines.where(one)}.")
    page.text(f"Confidence: {lines.confidence(one, joined.unsure)}.")
    if one.turns:
        page.text(f"Handed out by {'; '.join(lines.turns(one))}.")
    if (frames := lines.told(one)) is not None:
        page.text(f"Frames: {frames}.")
    if not one.seen.scored:
        return
    if one.held is None:
        page.text(f"Drift: {lines.no_test(one)}.")
    else:
        for what, found in (("Labels", one.held.labels), ("Confidences", one.held.confidences)):
            tone = BAD if found.verdict(joined.alarm) == DRIFTED else PLAIN
            page.text(f"{what}: {lines.verdict(found, joined.alarm)}.", tone=tone)
    _add_shares(page, one)
    _add_confidences(page, one)


def _add_shares(page: Page, one: Ran) -> None:
    ours, theirs = one.seen.answered, one.tested
    page.key([("var(--good)", "share of the images"),
              *([("var(--soft)", "of the test images")] if theirs else [])])  # fmt: skip
    rows = _shares(ours, theirs)
    page.shares(rows[:_LABELS])
    if len(rows) > _LABELS:
        page.text(f"and {len(rows) - _LABELS} labels more: --json has all of them.")


def _shares(ours: Answered, theirs: Answered | None) -> list[tuple[str, float, float | None]]:
    """Each label with its share of the images and of the test images, the largest first."""
    tested = theirs.labels if theirs else {}
    rows = [
        (
            name,
            ours.labels.get(name, 0) / ours.n,
            tested.get(name, 0) / theirs.n if theirs else None,
        )
        for name in {**tested, **ours.labels}
    ]
    return sorted(rows, key=lambda row: -max(row[1], row[2] or 0.0))


def _add_confidences(page: Page, one: Ran) -> None:
    ours, theirs = one.seen.answered, one.tested
    shares = [count / ours.n for count in ours.confidences]
    tested = [count / theirs.n for count in theirs.confidences] if theirs else []
    line = "; the line is of the test images" if theirs else ""
    page.chart(
        chart.histogram(shares, tested, begin="0", end="1"),
        f"Probability of the label, in {STEPS} steps{line}. Heights go by the square root.",
    )
