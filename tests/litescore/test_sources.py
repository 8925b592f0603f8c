"""What sources name: folders, globs, prefixes, manifests, and what patterns leave of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from litescore import store
from litescore.errors import ConfigurationError, UsageError
from litescore.sources import subjects
from tests.rig.stub_s3 import StubS3, etag

FILES = ("a.png", "cat/b.JPG", "cat/deep/c.png", "dog/d.png", "dog/e.zip", "dog/x-idx3-ubyte.gz")
OTHERS = ("notes.txt", "cat/.hidden.png", "labels.csv", "dog/model.tflite")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """FILES, and others that hold no images."""
    root = tmp_path / "photos"
    for name in (*FILES, *OTHERS):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    return root


def names(root: str | Path, *sources: str | Path, **patterns: tuple[str, ...]) -> list[str]:
    """Sources of the subjects, below the root."""
    found = subjects([str(source) for source in sources], **patterns)
    return [subject.source.removeprefix(f"{root}/") for subject in found]


def test_a_folder(folder: Path) -> None:
    """Pictures and shards in order of name, with what stands for their ETags."""
    assert names(folder, folder) == list(FILES)
    for subject in subjects([str(folder)]):
        assert subject.etag == store.file_etag(Path(subject.source))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.png", ["a.png"]),
        ("**/*.png", ["a.png", "cat/deep/c.png", "dog/d.png"]),
        ("cat/**/*", ["cat/b.JPG", "cat/deep/c.png"]),
        ("d*", ["dog/d.png", "dog/e.zip", "dog/x-idx3-ubyte.gz"]),
        ("*/[bd].*", ["cat/b.JPG", "dog/d.png"]),
        ("???/d*", ["cat/deep/c.png", "dog/d.png"]),
    ],
)
def test_globs(folder: Path, pattern: str, expected: list[str]) -> None:
    """In quotes the shell leaves them to us; each image once, by path and by URL."""
    assert names(folder, f"{folder}/{pattern}") == expected
    assert names(folder, f"file://{folder}/{pattern}") == expected


def test_a_file_that_looks_like_a_glob(folder: Path) -> None:
    """What exists is what is meant."""
    odd = folder / "a[1]*.png"
    odd.touch()
    assert names(folder, odd) == ["a[1]*.png"]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ({"include": ("*.png",)}, ["a.png", "cat/deep/c.png", "dog/d.png"]),
        ({"include": ("cat/*",)}, ["cat/b.JPG"]),
        ({"include": ("cat/**",)}, ["cat/b.JPG", "cat/deep/c.png"]),
        ({"include": ("a.*", "*.JPG")}, ["a.png", "cat/b.JPG"]),
        ({"exclude": ("dog/**", "a.png")}, ["cat/b.JPG", "cat/deep/c.png"]),
        ({"include": ("*.png",), "exclude": ("**/deep/*",)}, ["a.png", "dog/d.png"]),
        ({"exclude": ("?.png", "*.zip", "*-ubyte.gz")}, ["cat/b.JPG"]),
        (
            {"include": ("[a-c].*",), "exclude": ("[!a]/**",)},
            ["a.png", "cat/b.JPG", "cat/deep/c.png"],
        ),
        ({"include": ("[!a-c\\^].png",)}, ["dog/d.png"]),
    ],
)
def test_include_and_exclude(
    folder: Path, patterns: dict[str, tuple[str, ...]], expected: list[str]
) -> None:
    """Without a slash on the name, with one on the path below the source, also of a glob."""
    assert names(folder, folder, **patterns) == expected
    assert names(folder, f"{folder}/**/*", **patterns) == expected


def test_patterns_do_not_see_the_source(folder: Path) -> None:
    """The folder's own name is not below it; of a single file the name counts."""
    assert names(folder, folder / "cat", include=("*.JPG",), exclude=("cat/*",)) == ["cat/b.JPG"]
    assert names(folder, folder / "notes.txt", include=("*.txt",)) == ["notes.txt"]


@pytest.fixture
def bucket(stub: StubS3, monkeypatch: pytest.MonkeyPatch) -> StubS3:
    """FILES and others in `s3://stub/in/`."""
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    for name in (*FILES, *OTHERS):
        stub.objects["stub", f"in/{name}"] = name.encode()
    stub.objects["stub", "photos [1]/é +.png"] = b""
    return stub


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("s3://stub/in/", list(FILES)),
        ("s3://stub/in/*.png", ["a.png"]),
        ("s3://stub/in/**/*.png", ["a.png", "cat/deep/c.png", "dog/d.png"]),
        ("s3://stub/in/?at/*", ["cat/b.JPG"]),
        ("s3://stub/i*/cat/", ["cat/b.JPG"]),
        ("s3://stub/in/notes.txt", ["notes.txt"]),
        ("s3://stub/photos [1]/", ["s3://stub/photos [1]/é +.png"]),
    ],
)
def test_prefixes_and_globs_in_a_bucket(bucket: StubS3, source: str, expected: list[str]) -> None:
    """`*` stops at a slash there too; brackets are part of a name."""
    assert names("s3://stub/in", source) == expected


def test_a_whole_bucket(bucket: StubS3) -> None:
    """Named without a slash; patterns fit from its top."""
    found = list(subjects(["s3://stub"], include=("in/*",)))
    assert [subject.source for subject in found] == ["s3://stub/in/a.png"]
    assert found[0].etag == etag(b"a.png")


def test_patterns_in_a_bucket(bucket: StubS3) -> None:
    """On the path below the prefix, or below a glob's fixed part."""
    assert names("s3://stub/in", "s3://stub/in/", include=("cat/*",)) == ["cat/b.JPG"]
    found = names("s3://stub/in", "s3://stub/in/**", exclude=("dog/*", "*.png"))
    assert found == ["cat/b.JPG"]


def test_a_manifest_among_sources(folder: Path, tmp_path: Path) -> None:
    """What it lists, whatever the name; paths get what stands for their ETag."""
    listed = tmp_path / "m.jsonl"
    rows = [
        {"source": f"{folder}/notes.txt"},
        {"source": f"{folder}/gone.png"},
        {"bucket": "b", "key": "deep/x.png", "etag": "e"},
        {"bucket": "b", "key": "deep/y.gif"},
    ]
    listed.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = list(subjects([str(folder / "a.png"), f"@{listed}"], exclude=("*.gif",)))
    assert [one.source for one in found] == [
        f"{folder}/a.png", f"{folder}/notes.txt", f"{folder}/gone.png", "s3://b/deep/x.png",
    ]  # fmt: skip
    assert [one.etag for one in found[1:]] == [store.file_etag(folder / "notes.txt"), None, "e"]
    (only,) = subjects([f"@{listed}"], include=("deep/*",), exclude=("deep/*.gif",))
    assert only.source == "s3://b/deep/x.png"


def test_sources_that_name_nothing(folder: Path, tmp_path: Path) -> None:
    """Each says which one, and why."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "m.jsonl").touch()
    for source in (tmp_path / "empty", f"{folder}/*.gif", f"{folder}/no/*.png"):
        with pytest.raises(UsageError, match=r"^no images at .*: files ending in \.jpg"):
            list(subjects([str(source)]))
    with pytest.raises(UsageError, match=r"that --include and --exclude leave: files"):
        list(subjects([str(folder)], include=("*.gif",)))
    with pytest.raises(UsageError, match=r"^'\[z-a\]' is no glob: bad character range z-a$"):
        list(subjects([str(folder)], include=("[z-a]",)))
    with pytest.raises(UsageError, match=r"^no images in manifest .*m\.jsonl$"):
        list(subjects([f"@{tmp_path}/m.jsonl"]))
    with pytest.raises(ConfigurationError, match="no such file or folder"):
        list(subjects([str(tmp_path / "nowhere")]))
    with pytest.raises(ConfigurationError, match="cannot read manifest"):
        list(subjects([f"@{tmp_path}/no.csv"]))
