"""`litescore audit` of every form that a data set has, of arrays, and stopped half way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from litescore.errors import UsageError
from tests.litescore.labelled import csv_of, rows_of, tarred, zipped
from tests.rig.stub_s3 import StubS3
from tests.trainer.test_audit import said, scene


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """Four pictures of each of two classes in two splits; one is broken, one in both splits, two are
    alike, and a class is called as nobody writes a name in a sentence.
    """
    root = tmp_path / "pets"
    for number in range(16):
        split, label = ("train", "test")[number % 2], ("iMac", "ödland")[number // 2 % 2]
        (root / split / label).mkdir(parents=True, exist_ok=True)
        scene(number).save(root / split / label / f"{number}.png")
    scene(1).save(root / "train" / "iMac" / "leak.png")
    scene(0).resize((40, 40)).save(root / "train" / "iMac" / "alike.png")
    (root / "train" / "iMac" / "broken.png").write_bytes(b"no picture")
    return root


def kinds(place: object, *words: object) -> dict[str, int]:
    """How many images each finding has."""
    facts = json.loads(said(place, "--size", 64, "--json", *words).stdout)
    return {one["kind"]: one["count"] for one in facts["findings"]}


def test_every_form_is_the_same_data_set(pets: Path, tmp_path: Path) -> None:
    """A folder, archives and a manifest: the same is found."""
    wanted = kinds(pets)
    assert wanted.items() >= {"unreadable": 1, "leak": 1, "near-duplicate": 1}.items()
    for place in (
        zipped(pets, tmp_path / "pets.zip", "pets"),
        tarred(pets, tmp_path / "pets.tar.gz"),
        csv_of(rows_of(pets, "pets/"), tmp_path / "pets.csv"),
    ):
        assert kinds(place) == wanted, place


def test_pictures_in_a_bucket(
    pets: Path, tmp_path: Path, stub: StubS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same is found, and the manifest names what stays by its URL."""
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    for path in pets.rglob("*.png"):
        stub.objects["stub", f"p/{path.relative_to(pets).as_posix()}"] = path.read_bytes()
    clean, wanted = tmp_path / "clean.csv", kinds(pets)
    assert kinds("s3://stub/p/", "--manifest", clean) == wanted
    lines = clean.read_text().splitlines()
    assert len(lines) == 1 + 17
    assert all(line.startswith("s3://stub/p/") for line in lines[1:])
    assert set(kinds(clean)) == set(wanted) - {"unreadable", "leak"}


def test_arrays_in_one_file(tmp_path: Path) -> None:
    """An .npz archive; a picture that is there twice is found."""
    pixels = np.random.default_rng(0).integers(0, 256, (60, 8, 8, 3), dtype=np.uint8)
    pixels[59] = pixels[57]
    classes = np.arange(60) % 2
    both = {"x_train": pixels[:50], "y_train": classes[:50], "x_test": pixels[50:]}
    np.savez(tmp_path / "noise.npz", **both, y_test=classes[50:])
    assert kinds(tmp_path / "noise.npz", "--out", tmp_path / "a.html")["duplicate"] == 1
    assert (tmp_path / "a.html").read_text().count("data:image/png") >= 1


def test_a_manifest_of_an_archive_is_refused_at_once(pets: Path, tmp_path: Path) -> None:
    """A manifest cannot name what is inside; nothing is read before that is said."""
    place = zipped(pets, tmp_path / "pets.zip")
    refused = said(place, "--manifest", tmp_path / "clean.csv")
    assert isinstance(refused.exception, UsageError)
    assert "inside of an archive, which a manifest cannot name" in str(refused.exception)
    assert not (tmp_path / "clean.csv").exists()


def test_names_are_shown_as_they_are(pets: Path, tmp_path: Path) -> None:
    """In headings, too; their counts are drawn as bars, and what is alike stands side by side."""
    for number in range(20, 40):
        scene(number).save(pets / "train" / "ödland" / f"{number}.png")
    said(pets, "--out", tmp_path / "audit.html")
    text = (tmp_path / "audit.html").read_text()
    assert "<h2>Class ödland has 3.4 times the training images of iMac" in text
    assert "IMac" not in text
    assert "Ödland" not in text
    assert '<tr><th scope="row">iMac</th><td><span class="bar"' in text
    assert '<div class="sheet pairs">' in text
    assert "train / iMac: 0.png\ntrain / iMac: alike.png" in text


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipe has a name on Windows")
def test_ctrl_c_leaves_nothing(pets: Path, tmp_path: Path) -> None:
    """One line, the shell's exit code, and neither a page nor a manifest. A pipe among the pictures
    tells when it is being read.
    """
    os.mkfifo(pets / "train" / "iMac" / "pipe.png")
    words = ["--out", str(tmp_path / "a.html"), "--manifest", str(tmp_path / "a.csv")]
    with subprocess.Popen(
        [sys.executable, "-m", "litescore", "audit", str(pets), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        with (pets / "train" / "iMac" / "pipe.png").open("wb"):
            child.send_signal(signal.SIGINT)
        said_there, errors = child.communicate(timeout=60)
    assert (child.returncode, said_there, errors.strip()) == (130, "", "stopped")
    assert not list(tmp_path.glob("*.html")) + list(tmp_path.glob("*.csv"))
