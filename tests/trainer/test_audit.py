"""`litescore audit`: what it finds in a folder where all is wrong, and the manifest it leaves."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray
from PIL import Image

from litescore import dataset
from litescore.errors import ConfigurationError, MissingDependency, UsageError
from litescore.idx import read_pair
from tests.trainer.pictures import write_idx_set
from trainer.audit.cli import audit, verdict
from trainer.audit.near import near_pairs
from trainer.audit.perceptual import hash_of

LABELS = ("ash", "oak")


def scene(number: int, side: int = 64) -> Image.Image:
    """A picture with a look of its own; finer shapes have less contrast, as in photographs."""
    generator = np.random.default_rng(number)
    mixed = np.full((side, side, 3), 128.0)
    for cells in (3, 6, 12, 24, 48):
        noise = Image.fromarray(generator.integers(0, 256, (cells, cells, 3), dtype=np.uint8))
        shapes = np.asarray(noise.resize((side, side), Image.Resampling.BICUBIC), float) - 128
        mixed += shapes * 1.5 / cells**0.5
    return Image.fromarray(np.clip(mixed, 0, 255).astype(np.uint8))


@pytest.fixture
def trees(tmp_path: Path) -> Path:
    """A clean data set: 24 training and 6 test pictures of each of two classes."""
    root, number = tmp_path / "trees", 0
    for split, count in (("train", 24), ("test", 6)):
        for label in LABELS:
            (root / split / label).mkdir(parents=True)
            for index in range(count):
                scene(number).save(root / split / label / f"{index:02}.png")
                number += 1
    return root


def said(*words: object) -> Result:
    """The command, run here."""
    return CliRunner().invoke(audit, [str(word) for word in words], standalone_mode=False)


def found(root: Path, *words: object) -> dict[str, dict[str, object]]:
    """Findings by kind."""
    facts = json.loads(said(root, "--size", 64, "--json", *words).stdout)
    return {one["kind"]: one for one in facts["findings"]}


def rows(path: Path) -> dict[str, tuple[str, str]]:
    """A manifest: path -> label and split."""
    with path.open(newline="") as file:
        return {row["path"]: (row["label"], row["split"]) for row in csv.DictReader(file)}


def test_clean_data_set(trees: Path) -> None:
    """Nothing is found where nothing is wrong, and the exit code says so."""
    done = said(trees, "--size", 64)
    assert done.return_value == 0
    assert done.stdout.splitlines()[-1] == "nothing found"


def test_all_unreadable_files_with_reasons(trees: Path) -> None:
    """Each broken file is named with what is wrong with it; the rest is audited."""
    (trees / "train/ash/00.png").write_bytes(b"")
    (trees / "train/oak/03.png").write_bytes(b"hello, I am no picture")
    whole = (trees / "test/oak/01.png").read_bytes()
    (trees / "test/oak/01.png").write_bytes(whole[: len(whole) // 2])
    one = found(trees)["unreadable"]
    assert (one["count"], one["spoils"]) == (3, True)
    told = str(one["examples"])
    assert "0 bytes" in told
    assert "not an image" in told
    assert "truncated" in told


def test_leak_of_the_same_file_and_of_the_same_pixels(trees: Path) -> None:
    """A copied file, and the same pixels in another format, are both the same picture."""
    shutil.copy(trees / "train/ash/00.png", trees / "test/ash/copy.png")
    Image.open(trees / "train/oak/05.png").save(trees / "test/oak/other.bmp")
    one = found(trees)["leak"]
    assert (one["count"], one["spoils"]) == (2, True)
    assert "there in another split too" in str(one["text"])


@pytest.mark.parametrize(
    "altered",
    [
        lambda one: one.resize((40, 40), Image.Resampling.LANCZOS),
        lambda one: one.point(lambda value: min(255, int(value * 1.1))),
        lambda one: one.resize((160, 160), Image.Resampling.BICUBIC),
    ],
    ids=["smaller", "brighter", "larger"],
)
def test_near_duplicate(trees: Path, altered: Callable[[Image.Image], Image.Image]) -> None:
    """A scaled or brightened copy looks alike and is not equal."""
    altered(scene(3)).save(trees / "train/ash/again.jpg", quality=85)
    kinds = found(trees)
    assert kinds["near-duplicate"]["count"] == 1
    assert "duplicate" not in kinds


def test_other_color_is_another_picture(trees: Path) -> None:
    """Red and blue of one shape are not alike, though their shades of gray are."""
    gray = scene(100).convert("L")
    nothing = gray.point(lambda _value: 30)
    Image.merge("RGB", (gray, nothing, nothing)).save(trees / "train/ash/red.png")
    Image.merge("RGB", (nothing, nothing, gray)).save(trees / "train/oak/blue.png")
    assert "near-conflict" not in found(trees)


def test_conflicting_labels(trees: Path) -> None:
    """One picture under two labels is told, and neither stays in the manifest."""
    shutil.copy(trees / "train/ash/02.png", trees / "train/oak/copy.png")
    clean = trees.parent / "clean.csv"
    one = found(trees, "--manifest", clean)["conflict"]
    assert (one["count"], one["spoils"]) == (2, True)
    assert {"trees/train/ash/02.png", "trees/train/oak/copy.png"}.isdisjoint(rows(clean))
    assert len(rows(clean)) == 59


def test_manifest(trees: Path) -> None:
    """Unreadable files go, the first of equal ones stays, a leak stays in test; no file changes."""
    (trees / "train/ash/00.png").write_bytes(b"no picture")
    shutil.copy(trees / "train/ash/01.png", trees / "train/ash/99.png")
    shutil.copy(trees / "test/oak/01.png", trees / "train/oak/98.png")
    before = sorted(trees.rglob("*"))
    clean = trees.parent / "clean.csv"
    done = said(trees, "--manifest", clean)
    assert "59 images, left out: 1 unreadable, 1 duplicate, 1 leak;" in done.stdout
    kept = rows(clean)
    gone = {"trees/train/ash/00.png", "trees/train/ash/99.png", "trees/train/oak/98.png"}
    assert gone.isdisjoint(kept)
    assert kept["trees/test/oak/01.png"] == ("oak", "test")
    assert kept["trees/train/ash/01.png"] == ("ash", "train")
    assert sorted(trees.rglob("*")) == before


def test_manifest_is_data(trees: Path) -> None:
    """What training reads of the manifest are the images that were kept, in their splits."""
    shutil.copy(trees / "test/oak/01.png", trees / "train/oak/98.png")
    clean = trees.parent / "clean.csv"
    said(trees, "--manifest", clean)
    assert [len(dataset.load(clean, split)) for split in ("train", "test")] == [48, 12]
    assert found(clean) == {}


def test_near_in_manifest(trees: Path) -> None:
    """What only looks alike stays, until it is asked to go; JSON lines hold the same."""
    scene(3).resize((50, 50)).save(trees / "train/ash/again.png")
    clean = trees.parent / "clean.jsonl"
    said(trees, "--manifest", clean)
    assert len(clean.read_text().splitlines()) == 61
    said(trees, "--manifest", clean, "--near", "drop")
    kept = [json.loads(line) for line in clean.read_text().splitlines()]
    assert len(kept) == 60
    assert kept[0] == {"path": "trees/train/ash/00.png", "label": "ash", "split": "train"}


def test_blank_modes_sizes(trees: Path) -> None:
    """One-colour pictures, alpha, CMYK and pictures of another shape are told."""
    Image.new("RGB", (64, 64), (9, 200, 9)).save(trees / "train/ash/blank.png")
    scene(200).convert("RGBA").save(trees / "train/oak/alpha.png")
    scene(201).convert("CMYK").save(trees / "train/oak/cmyk.jpg")
    scene(202).resize((640, 40)).save(trees / "train/oak/banner.png")
    kinds = found(trees)
    assert kinds["blank"]["count"] == 1
    assert kinds["odd-size"]["count"] == 1
    assert kinds["small"]["count"] == 1
    assert "1 color with alpha, 1 CMYK" in str(kinds["color-mode"]["text"])
    assert not any(one["spoils"] for one in kinds.values())


def test_tiny_and_uneven_classes(trees: Path) -> None:
    """A class of 4 beside one of 24."""
    for path in sorted((trees / "train/oak").iterdir())[4:]:
        path.unlink()
    kinds = found(trees)
    assert "oak (4)" in str(kinds["tiny"]["text"])
    assert "ash has 6.0 times the training images of oak" in str(kinds["imbalance"]["text"])


def test_page(trees: Path) -> None:
    """The page holds its pictures, names what is wrong, and needs no network."""
    (trees / "train/ash/00.png").write_bytes(b"<script>alert(1)</script>")
    shutil.copy(trees / "test/oak/01.png", trees / "train/oak/98.png")
    out = trees.parent / "audit.html"
    done = said(trees, "--out", out)
    text = out.read_text()
    assert done.return_value == 1
    assert "1 image cannot be read" in text.lower()
    assert text.count("data:image/png") >= 3
    assert "http" not in text
    assert "<script" not in text


def test_arrays(tmp_path: Path) -> None:
    """IDX files are audited; a manifest cannot name their images, and that is said at once."""
    root = write_idx_set(tmp_path / "noise")
    images, _ = read_pair(root, "train")
    assert len(images) == 20
    assert said(root).return_value == 0
    refused = said(root, "--manifest", tmp_path / "clean.csv").exception
    assert isinstance(refused, UsageError)
    assert "arrays have no paths" in str(refused)


def noisy(hashes: NDArray[np.uint8], flips: int, seed: int) -> NDArray[np.uint8]:
    """The hashes with so many bits turned each."""
    generator = np.random.default_rng(seed)
    bits = np.unpackbits(hashes, axis=1)
    for row in bits:
        row[generator.permutation(256)[:flips]] ^= 1
    return np.packbits(bits, axis=1)


@pytest.mark.parametrize("flips", [0, 5, 12, 13])
def test_search_is_exact(flips: int) -> None:
    """Of 500 hashes and copies some bits away just the pairs within 12 bits are found."""
    hashes = np.random.default_rng(1).integers(0, 256, (500, 32), dtype=np.uint8)
    both = np.concatenate([hashes, noisy(hashes, flips, 2)])
    colors, kinds = np.zeros((1000, 3), np.uint8), np.zeros(1000, np.int64)
    pairs = near_pairs(both, colors, 12, kinds).tolist()
    assert pairs == ([[n, n + 500] for n in range(500)] if flips <= 12 else [])


def test_search_of_a_series_takes_no_square() -> None:
    """8,000 frames of one scene: each is near another, and pairs stay few."""
    base = np.random.default_rng(1).integers(0, 256, (1, 32), dtype=np.uint8)
    frames = noisy(np.repeat(base, 8_000, axis=0), 3, 3)
    colors, kinds = np.zeros((8_000, 3), np.uint8), np.zeros(8_000, np.int64)
    pairs = near_pairs(frames, colors, 12, kinds)
    assert len(np.unique(pairs)) == 8_000
    assert len(pairs) < 50 * 8_000


def test_hash_hardly_knows_the_size() -> None:
    """A picture and itself at a third of its size are within a few bits; another one is far."""
    large = scene(1, 600)
    distance = np.unpackbits(hash_of(large) ^ hash_of(large.resize((200, 200)))).sum()
    assert distance <= 6
    assert np.unpackbits(hash_of(large) ^ hash_of(scene(2, 600))).sum() > 60


def test_what_is_not_installed_is_no_picture_s_fault(
    trees: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without ImageHash the audit ends with the way to it; no picture is told to be unreadable."""
    monkeypatch.setitem(sys.modules, "imagehash", None)
    clean = trees.parent / "clean.csv"
    asked = CliRunner().invoke(audit, [str(trees), "--manifest", str(clean)])
    assert isinstance(asked.exception, MissingDependency), asked.output
    assert not clean.exists()


@pytest.mark.parametrize("option", ["--out", "--manifest"])
def test_a_place_that_cannot_be_written_is_told_before_the_work(
    trees: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    """By name, and no picture is read for it."""
    monkeypatch.setattr("trainer.audit.whole.audit", None)
    place = trees / "train/ash/00.png/x.csv"
    asked = CliRunner().invoke(audit, [str(trees), option, str(place)])
    assert isinstance(asked.exception, ConfigurationError)
    assert str(asked.exception).startswith(f"cannot write {place}: ")


@pytest.mark.parametrize(
    ("found", "bad", "words"),
    [
        (1, 1, "1 of 1 finding spoils a training"),
        (4, 1, "1 of 4 findings spoils a training"),
        (4, 2, "2 of 4 findings spoil a training"),
    ],
)
def test_the_verdict_is_a_sentence(found: int, bad: int, words: str) -> None:
    """One of many, some of many, one of one."""
    assert verdict(found, bad) == words


def test_needs_no_tensorflow() -> None:
    """The command does not reach TensorFlow."""
    program = (
        "import sys, trainer.audit.cli, trainer.audit.page, trainer.audit.manifest;"
        "sys.exit('tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
