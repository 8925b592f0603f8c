"""A page about records that shows their pictures: the failed and the least sure first.

Pictures are read where the records say they are. One that is gone, changed or unreadable by now
has a tile that says so: a page is made in any case.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from PIL import Image, ImageDraw

from litescore import image, store
from litescore.counts import STEPS, Counts, place
from litescore.errors import LitescoreError, PermanentError, SupersededError
from litescore.page import BAD, PLAIN, Page
from litescore.record import Record, Subject
from litescore.s3 import is_s3
from litescore.settings import Settings

_SIDE = 160


def build(counts: Counts, location: str, settings: Settings) -> Page:
    """The page about the records at `location`; `settings` bound each picture's size."""
    images = f"{counts.images:,} image{'' if counts.images == 1 else 's'}"
    page = Page("What the records say", f"{images}, from the records at {location}")
    page.facts(
        {"images": f"{counts.images:,}"}
        | {status: f"{number:,}" for status, number in counts.statuses.items()}
        | {"labels": len(counts.labels), "models": len(counts.models)}
    )
    for title, records in (
        ("Failed", counts.failed),
        ("Least sure", counts.least_sure),
        ("Some of each label", counts.of_each_label),
    ):
        if records:
            page.heading(title)
            page.sheet(_tiles(records, settings))
    _add_tables(page, counts)
    return page


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


def _tiles(records: Iterable[Record], settings: Settings) -> Iterator[tuple[bytes, str, str]]:
    for record in records:
        tone = BAD if record.status == "failed" else PLAIN
        said = record.reason if record.label is None else f"{record.label} {record.score:.3f}"
        caption = f"{said}: {place(record)}"
        try:
            yield _thumbnail(record, settings), caption, tone
        except LitescoreError as error:
            told = "" if str(record.reason) in str(error) else f" (not shown: {error})"
            yield _NO_PICTURE, caption + told, tone


def _thumbnail(record: Record, settings: Settings) -> bytes:
    """The record's picture as a PNG of at most _SIDE pixels a side."""
    data = _bytes_of(record, settings.max_bytes)
    picture = image.decode(data, max_pixels=settings.max_pixels, max_bytes=settings.max_bytes)
    picture.thumbnail((_SIDE, _SIDE))
    return image.encode_png(picture)


def _bytes_of(record: Record, max_bytes: int) -> bytes:
    if record.member is not None:
        raise PermanentError("unsupported", "it is inside another file")
    if not is_s3(record.source) and not store.local_path(record.source).is_file():
        # A camera would be opened by reading its device.
        raise PermanentError("gone", "it is no file here")
    subject = Subject(record.source, etag=record.etag, version=record.version)
    blob = store.read(subject, max_bytes=max_bytes)
    if record.etag is not None and blob.etag != record.etag:
        raise SupersededError("it changed after it was scored")
    return blob.data


def _cross() -> bytes:
    picture = Image.new("L", (32, 32), 235)
    pen = ImageDraw.Draw(picture)
    pen.line((4, 4, 27, 27), fill=170)
    pen.line((4, 27, 27, 4), fill=170)
    return image.encode_png(picture)


_NO_PICTURE = _cross()
