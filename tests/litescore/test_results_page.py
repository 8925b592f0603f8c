"""The page about records: its pictures are those that were scored; what cannot be shown says why."""

from __future__ import annotations

import base64
import html
import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from litescore import image, results, store
from litescore.errors import PermanentError
from litescore.record import Record, Subject
from litescore.results import page as results_page
from litescore.settings import Settings
from tests.litescore.conftest import Say, picture_bytes
from tests.rig.stub_s3 import StubS3, etag

LABELS = ("ant", "bee")


def scored(subject: Subject, bee: float = 0.75) -> Record:
    """A record of the subject."""
    row = np.array([1 - bee, bee], np.float32)
    return Record.scored(subject, row, labels=LABELS, model="m")


def tiles(page: str) -> list[tuple[Image.Image, str, str]]:
    """Picture, caption and tone of each tile."""
    found = re.findall(
        r'<figure class="(\w+)"><img alt="[^"]*" src="data:image/png;base64,([^"]+)">'
        r"<figcaption>([^<]*)</figcaption></figure>",
        page.replace("<wbr>", ""),
    )
    return [
        (Image.open(io.BytesIO(base64.b64decode(data))), html.unescape(caption), tone)
        for tone, data, caption in found
    ]


def build(*records: Record, pictures: int = 12) -> str:
    """The page about these records."""
    counts = results.count(records, pictures=pictures)
    return results_page.build(counts, "records/", Settings()).html()


def same(shown: Image.Image, data: bytes) -> bool:
    """Whether a tile has exactly the pixels of encoded bytes."""
    return shown.tobytes() == image.decode(data).tobytes()


def is_cross(shown: Image.Image) -> bool:
    """Whether the tile is the one for pictures that cannot be shown."""
    return shown.mode == "L" and shown.size == (32, 32)


def test_a_folder_that_was_scored(
    small_model: Path, photos: Path, tmp_path: Path, say: Say
) -> None:
    """Failed first, then the least sure, each with its picture; the page stands alone."""
    (photos / "bad.png").write_bytes(picture_bytes(0)[:90])
    out, page = tmp_path / "out", tmp_path / "page.html"
    say("score", photos, "--model", small_model, "--out", out)
    said = say("results", out, "--html", page)
    assert (said.code, said.err) == (0, "")
    assert said.out.splitlines()[-1] == f"pictures in {page}"

    text = page.read_text()
    assert text.index("Failed") < text.index("Least sure") < text.index("Some of each label")
    assert f"6 images, from the records at {out}; names are below {photos}/" in text
    assert not re.findall(r"(?:src|href)=\"(?!data:)", text)
    first, *others = tiles(text)
    assert is_cross(first[0])
    assert first[2] == "bad"
    assert "truncated" in first[1]
    assert first[1].endswith("bad.png")
    found = {record.source: record for record in results.read(out)}
    least = sorted((r for r in found.values() if r.score), key=lambda r: r.score or 0)
    for (shown, caption, tone), record in zip(others[:5], least, strict=True):
        assert same(shown, Path(record.source).read_bytes())
        assert caption == f"{record.label} {record.score:.3f}:\n{Path(record.source).name}"
        assert tone == "plain"


def test_a_failed_image_that_can_be_seen(tmp_path: Path) -> None:
    """One that was refused by its size, say, is shown all the same where today's limits allow."""
    path = tmp_path / "large.png"
    path.write_bytes(picture_bytes(1))
    subject = Subject(str(path), etag=store.file_etag(path))
    record = Record.failed(subject, PermanentError("too-large", "9 x 7 pixels"), model="m")
    ((shown, caption, tone),) = tiles(build(record))
    assert same(shown, path.read_bytes())
    assert (caption, tone) == ("9 x 7 pixels:\nlarge.png", "bad")


def test_names_lose_what_they_share() -> None:
    """One folder in the lead, whole names where there is none; labels stand side by side."""
    records = [scored(Subject(f"/none/in/{n}/x.png"), 0.3 + 0.3 * (n % 3)) for n in range(6)]
    text = build(*records, pictures=6)
    assert "; names are below /none/in/<" in text
    captions = [caption for _, caption, _ in tiles(text)]
    assert captions[0].startswith("bee 0.600:\n1/x.png (not shown")
    assert [caption.split()[0] for caption in captions[6:]] == ["bee"] * 4 + ["ant"] * 2
    apart = build(*records, scored(Subject("/other/y.png")))
    assert "names are below" not in apart
    assert any("bee 0.750:\n/other/y.png" in caption for _, caption, _ in tiles(apart))


def test_large_pictures_become_small(tmp_path: Path) -> None:
    """At most 160 pixels a side, in their shape."""
    path = tmp_path / "wide.png"
    path.write_bytes(image.encode_png(np.zeros((400, 1600, 3), np.uint8)))
    (shown, *_), _ = tiles(build(scored(Subject(str(path)))))
    assert shown.size == (160, 40)


def test_as_many_pictures_as_asked_for(photos: Path) -> None:
    """`pictures` bounds each part; with none there are the counts alone."""
    records = [scored(Subject(str(path)), 0.9) for path in sorted(photos.iterdir())]
    assert len(tiles(build(*records, pictures=3))) == 6
    assert tiles(build(*records, pictures=0)) == []


def test_what_cannot_be_shown_says_why(tmp_path: Path) -> None:
    """Gone, changed, a clip's frame, a camera's device, a bucket nobody answers for."""
    changed = tmp_path / "changed.png"
    changed.write_bytes(picture_bytes(1))
    subjects = {
        "it changed after it was scored": Subject(str(changed), etag="1-1"),
        "it is no file here": Subject(str(tmp_path / "none.png")),
        "it is part of a clip": Subject(str(changed), member="17"),
        "it is no file": Subject("/dev/zero"),
        "not an S3 URL": Subject("s3://b d/x.png"),
    }
    for said, subject in subjects.items():
        for shown, caption, _ in tiles(build(scored(subject))):
            assert is_cross(shown), said
            assert said in caption


def test_words_are_text_not_markup(tmp_path: Path) -> None:
    """A file name and a reason with angle brackets stay what they are."""
    name = f"{tmp_path}/<script>&.png"
    record = Record.failed(Subject(name), PermanentError("corrupt", "<b>"), model="m")
    text = build(record)
    assert "<script>" not in text
    assert "<b>" not in text
    assert tiles(text)[0][1].startswith("<b>:\n<script>&.png")


def test_in_s3(stub: StubS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read under the ETag that was scored; one that was overwritten since is not shown."""
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    for number in range(2):
        stub.objects["stub", f"in/{number}.png"] = picture_bytes(number)
    tags = [etag(picture_bytes(0)), etag(b"what was there before")]
    records = [
        scored(Subject(f"s3://stub/in/{number}.png", etag=tag), 0.6 + number / 10)
        for number, tag in enumerate(tags)
    ]
    (held, *_), (overwritten, caption, _), *_ = tiles(build(*records))
    assert same(held, picture_bytes(0))
    assert is_cross(overwritten)
    assert "changed after it was named" in caption


def test_members_of_shards(small_model: Path, photos: Path, tmp_path: Path, say: Say) -> None:
    """Pictures inside a zip, and rows of an array; one that is not in there any more says so."""
    shard, arrays = tmp_path / "photos.zip", tmp_path / "test.npz"
    with zipfile.ZipFile(shard, "w") as archive:
        for path in sorted(photos.iterdir()):
            archive.write(path, path.name)
    pixels = np.random.default_rng(0).integers(0, 256, (3, 5, 4), np.uint8)
    np.savez(arrays, x_test=pixels)
    out, page = tmp_path / "out", tmp_path / "page.html"
    assert say("score", shard, arrays, "--model", small_model, "--out", out).code == 0
    assert say("results", out, "--html", page).code == 0
    shown = {caption.partition(":\n")[2]: tile for tile, caption, _ in tiles(page.read_text())}
    for path in photos.iterdir():
        assert same(shown[f"{path.name} in photos.zip"], path.read_bytes())
    for number, row in enumerate(pixels):
        assert shown[f"x_test[{number}] in test.npz"].tobytes() == row.tobytes()

    lost = Subject(str(shard), member="nosuch.png")
    (first, caption, _), *_ = tiles(build(scored(lost)))
    assert is_cross(first)
    assert "no such member" in caption
