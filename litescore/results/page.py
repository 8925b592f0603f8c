"""A page about records that shows their pictures: the failed and the least sure first.

Pictures are read where the records say they are. One that is gone, changed or unreadable by now
has a tile that says so: a page is made in any case.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from PIL import Image, ImageDraw

from litescore import image, pictures
from litescore.errors import LitescoreError
from litescore.page import BAD, PLAIN, Page
from litescore.record import Record, Subject
from litescore.results.counts import STEPS, Counts, place
from litescore.settings import Settings


def build(counts: Counts, location: str, settings: Settings) -> Page:
    """The page about the records at `location`; `settings` bound each picture's size."""
    parts = {
        "Failed": counts.failed,
        "Least sure": counts.least_sure,
        "Some of each label": _by_label(counts),
    }
    asked = {pictures.of(record): None for records in parts.values() for record in records}
    folder = _common_folder([subject.source for subject in asked])
    images = f"{counts.images:,} image{'' if counts.images == 1 else 's'}"
    names = f"; names are below {folder}" if folder else ""
    page = Page("What the records say", f"{images}, from the records at {location}{names}")
    page.facts(
        {"images": f"{counts.images:,}"}
        | {status: f"{number:,}" for status, number in counts.statuses.items()}
        | {"labels": len(counts.labels), "models": len(counts.models)}
    )
    shown = pictures.thumbnails(asked, settings)
    for title, records in parts.items():
        if records:
            page.heading(title)
            page.sheet(_tiles(records, shown, folder))
    _add_tables(page, counts)
    return page


def _by_label(counts: Counts) -> list[Record]:
    """The examples of each label side by side, the most frequent label first."""
    place_of = {label: number for number, (label, _) in enumerate(counts.labels.most_common())}
    return sorted(counts.of_each_label, key=lambda record: place_of[record.label or ""])


def _common_folder(sources: Sequence[str]) -> str:
    """What all of them begin with, up to a `/`; empty where that says nothing."""
    # Keys and URLs are no paths: `a//b` is not `a/b`.
    shared = os.path.commonprefix(sources)  # noqa: RUF071
    folder = shared[: shared.rfind("/") + 1]
    return "" if folder in ("/", "s3://") else folder


def _add_tables(page: Page, counts: Counts) -> None:
    if counts.causes:
        page.heading("Why images failed")
        page.table(
            ("reason", "images"),
            ((f"{c.kind}: {c.reason}", f"{c.images:,}") for c in counts.most_frequent_causes),
        )
    if counts.labels:
        total = counts.labels.total()
        page.heading("Labels")
        page.table(
            ("label", "images", "share"),
            ((name, f"{n:,}", f"{n / total:.1%}") for name, n in counts.labels.most_common()),
        )
        page.heading("How sure the model was")
        page.table(
            ("probability", "images", "share"),
            (
                (f"{step / STEPS:.1f} to {(step + 1) / STEPS:.1f}", f"{n:,}", f"{n / total:.1%}")
                for step, n in enumerate(counts.confidences)
            ),
        )


def _tiles(
    records: Sequence[Record], shown: Mapping[Subject, bytes | LitescoreError], folder: str
) -> Iterator[tuple[bytes, str, str]]:
    for record in records:
        tone = BAD if record.status == "failed" else PLAIN
        said = record.reason if record.label is None else f"{record.label} {record.score:.3f}"
        named = record._replace(source=record.source.removeprefix(folder))
        caption = f"{said}:\n{place(named)}"
        picture = shown[pictures.of(record)]
        if isinstance(picture, bytes):
            yield picture, caption, tone
        elif str(said) in str(picture):
            yield _NO_PICTURE, caption, tone
        else:
            yield _NO_PICTURE, f"{caption} (not shown: {picture})", tone


def _cross() -> bytes:
    picture = Image.new("L", (32, 32), 235)
    pen = ImageDraw.Draw(picture)
    pen.line((4, 4, 27, 27), fill=170)
    pen.line((4, 27, 27, 4), fill=170)
    return image.encode_png(picture)


_NO_PICTURE = _cross()
