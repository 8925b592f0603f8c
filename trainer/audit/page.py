"""audit.html: what was found, with the pictures. It knows the order of things on the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from litescore.dataset import SPLITS
from litescore.page import BAD, GOOD, PLAIN, Page
from trainer.audit.findings import Finding
from trainer.audit.likeness import RANK, Pair
from trainer.audit.seen import Unreadable
from trainer.audit.thumbnails import beside, single, strip
from trainer.audit.whole import Audit

_PAIRS, _SINGLES, _NAMES = 18, 24, 50
# Of a contact sheet: classes, and images of each.
_CLASSES, _EACH = 30, 16
_SIZES = 10


def make(audit: Audit, findings: Sequence[Finding]) -> Page:
    """The page of an audit and what was found in it."""
    page = Page(f"Audit of {audit.name}")
    spoiling = sum(one.spoils for one in findings)
    page.lead = (
        f"{len(audit):,} images in {len(audit.labels)} classes. "
        f"{len(findings)} {'finding' if len(findings) == 1 else 'findings'}, {spoiling} of which "
        f"{'spoils' if spoiling == 1 else 'spoil'} a training."
    )
    page.facts({**_facts(audit), "findings": len(findings), "spoil a training": spoiling})
    for note in audit.notes:
        page.text(note)
    if not findings:
        page.text("Nothing was found.", tone=GOOD)
    for finding in findings:
        _finding(page, audit, finding)
    _classes(page, audit)
    _sizes(page, audit)
    return page


def _facts(audit: Audit) -> dict[str, object]:
    return {f"{split} images": f"{len(part):,}" for split, part in audit.parts.items()}


def _finding(page: Page, audit: Audit, finding: Finding) -> None:
    page.heading(_capital(finding.text))
    words = "It spoils a training. " if finding.spoils else ""
    page.text(f"{words}{_capital(finding.fix)}.", tone=BAD if finding.spoils else PLAIN)
    if finding.kind == "unreadable":
        page.table(("file", "why"), _reasons(audit, finding.images))
        _cut(page, len(finding.images), _NAMES)
    elif finding.pairs:
        tone = BAD if finding.spoils else PLAIN
        shown = finding.pairs[:_PAIRS]
        pairs = ((beside(audit, pair), _pair_caption(audit, pair), tone) for pair in shown)
        page.sheet(pairs, wide=True)
        _cut(page, len(finding.pairs), _PAIRS)
    elif finding.images:
        shown_images = finding.images[:_SINGLES]
        page.sheet((single(audit, n), _caption(audit, n), PLAIN) for n in shown_images)
        _cut(page, len(finding.images), _SINGLES)


def _cut(page: Page, count: int, shown: int) -> None:
    if count > shown:
        page.text(f"{shown} of {count:,} are shown; --json names more.")


def _reasons(audit: Audit, numbers: Sequence[int]) -> Iterator[tuple[str, str]]:
    for number in numbers[:_NAMES]:
        one = audit.seen[number]
        if isinstance(one, Unreadable):
            yield audit.where(number), one.reason


def _caption(audit: Audit, number: int) -> str:
    one = audit.seen[number]
    size = "" if isinstance(one, Unreadable) else f", {one.size[0]} x {one.size[1]} {one.mode}"
    return f"{_place(audit, number)}{size}"


def _pair_caption(audit: Audit, pair: Pair) -> str:
    return f"{_place(audit, pair[0])}\n{_place(audit, pair[1])}"


def _place(audit: Audit, number: int) -> str:
    where = audit.where(number).replace("\\", "/").rpartition("/")[2]
    return f"{audit.split(number)} / {audit.label(number)}: {where}"


def _classes(page: Page, audit: Audit) -> None:
    page.heading("Classes")
    splits = [split for split in SPLITS if split in audit.parts]
    by_split = [audit.counts(split).tolist() for split in splits]
    rows = zip(audit.labels, zip(*by_split, strict=True), strict=True)
    page.bars(("class", *(f"{split} images" for split in splits)), rows)
    page.text("A few training images of each class:")
    for number, label in enumerate(audit.labels[:_CLASSES]):
        chosen = _few(audit, number)
        if chosen:
            page.picture(strip(audit, chosen), alt=f"images of {label}", caption=label)
    if len(audit.labels) > _CLASSES:
        page.text(f"{_CLASSES} of {len(audit.labels)} classes are shown.")


def _few(audit: Audit, number: int) -> list[int]:
    """Readable training images of a class, spread over all of them."""
    members = [
        n
        for n, _ in audit.readable()
        if audit.classes[n] == number and audit.ranks[n] == RANK["train"]
    ]
    return members[:: max(1, len(members) // _EACH)][:_EACH]


def _sizes(page: Page, audit: Audit) -> None:
    sizes = Counter(one.size for _, one in audit.readable())
    page.heading("Sizes")
    if len(sizes) <= _SIZES:
        rows = [(f"{w} x {h}", f"{count:,}") for (w, h), count in sizes.most_common()]
        page.table(("pixels", "images"), rows)
        return
    page.text(f"{len(sizes):,} sizes; by the longer side, each step twice the one before:")
    steps = Counter(max(size).bit_length() for size in sizes.elements())
    page.bars(("longer side", "images"), _histogram(steps))


def _histogram(steps: Counter[int]) -> Iterator[tuple[str, tuple[int]]]:
    for step in range(min(steps), max(steps) + 1):
        yield f"{1 << (step - 1)} to {(1 << step) - 1}", (steps[step],)


def _capital(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
