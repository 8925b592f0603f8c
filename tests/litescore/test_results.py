"""Reading records back: which of several holds, what they count to, and in how much memory."""

from __future__ import annotations

import gzip
import itertools
import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from litescore import results
from litescore.errors import ConfigurationError, PermanentError
from litescore.record import Record, Subject
from tests.litescore.conftest import Say
from tests.rig.stub_s3 import StubS3

EARLY, LATE = "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"


def record(name: str, status: str = "scored", at: str = EARLY, model: str = "m") -> Record:
    """A record of the image called so."""
    if status == "scored":
        row = np.array([0.25, 0.75], np.float32)
        made = Record.scored(Subject(name), row, labels=("ant", "bee"), model=model)
    else:
        made = Record.failed(Subject(name), PermanentError("corrupt", status), model=model)
    return made._replace(status=status, at=at)


def write(path: Path, records: Iterable[Record]) -> None:
    """Records as a file, gzipped by its name."""
    data = "".join(one.to_json() + "\n" for one in records).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def test_plain_and_gzipped_files_anywhere_below(tmp_path: Path) -> None:
    """Every .jsonl and .jsonl.gz, in order of name; other files are not looked at."""
    write(tmp_path / "dt=2026-01-02" / "b.jsonl", [record("two")])
    write(tmp_path / "dt=2026-01-01" / "a.jsonl.gz", [record("one"), record("three")])
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "c.json").write_text("{}")
    assert [one.source for one in results.read(tmp_path)] == ["one", "three", "two"]


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_one_file(tmp_path: Path, name: str) -> None:
    """A path to a single file."""
    write(tmp_path / name, [record("one"), record("two")])
    assert list(results.read(tmp_path / name)) == [record("one"), record("two")]
    assert list(results.read(str(tmp_path / name))) == [record("one"), record("two")]


LADDER = [
    record("x", "superseded", EARLY),
    record("x", "superseded", LATE),
    record("x", "failed", EARLY),
    record("x", "failed", LATE),
    record("x", "scored", EARLY),
    record("x", "scored", LATE),
]


PAIRS = list(itertools.combinations(range(len(LADDER)), 2))


@pytest.mark.parametrize(("lower", "higher"), PAIRS)
def test_the_better_of_two_holds(tmp_path: Path, lower: int, higher: int) -> None:
    """Scored over failed over superseded, then the latest: whichever file comes first."""
    for first, second in ((lower, higher), (higher, lower)):
        write(tmp_path / "1.jsonl", [LADDER[first]])
        write(tmp_path / "2.jsonl.gz", [LADDER[second]])
        assert list(results.read(tmp_path)) == [LADDER[higher]]


def test_other_images_and_models_are_kept_apart(tmp_path: Path) -> None:
    """Only equal ids are the same: an image under two models counts twice."""
    records = [record("x"), record("y"), record("x", model="n")]
    write(tmp_path / "1.jsonl", [*records, record("x")])
    assert list(results.read(tmp_path)) == records


def test_records_keep_the_place_of_their_first(tmp_path: Path) -> None:
    """A better record takes the place of the one it beats."""
    write(tmp_path / "1.jsonl", [record("x", "failed"), record("y"), record("x", at=LATE)])
    assert [(one.source, one.status) for one in results.read(tmp_path)] == [
        ("x", "scored"),
        ("y", "scored"),
    ]


def test_nothing_there(tmp_path: Path) -> None:
    """An empty folder holds no records; a missing one is an error."""
    assert list(results.read(tmp_path)) == []
    with pytest.raises(ConfigurationError, match="no such file or folder"):
        list(results.read(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("text.jsonl", b"hello\n", "not a litescore record of schema 1: b'hello'"),
        ("half.jsonl", record("x").to_json().encode()[:-5], "not a litescore record"),
        ("text.jsonl.gz", b"hello\n", "is not a whole gzip file"),
        ("empty.jsonl.gz", b"", ""),
        (
            "half.jsonl.gz",
            gzip.compress(record("x").to_json().encode(), mtime=0)[:40],
            "not a whole gzip",
        ),
        (
            "damaged.jsonl.gz",
            gzip.compress(b"x" * 99, mtime=0)[:12] + b"\xff" * 20,
            "not a whole gzip",
        ),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    """Which file, and what is wrong with it."""
    (tmp_path / name).write_bytes(content)
    if not said:
        assert list(results.read(tmp_path)) == []
        return
    with pytest.raises(ConfigurationError, match=said) as refused:
        list(results.read(tmp_path))
    assert str(tmp_path / name) in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("id", None), ("source", 7), ("model", ["m"]), ("at", None), ("at", 1795639974),
        ("label", 3), ("score", "0.5"), ("score", float("nan")), ("score", float("inf")),
        ("frame", "pi-1"), ("decision", [True]),
    ],
)  # fmt: skip
def test_fields_of_other_types_are_refused(tmp_path: Path, name: str, value: object) -> None:
    """A line that some other program wrote would break what counts them: which file, which field."""
    line = json.dumps(json.loads(record("x").to_json()) | {name: value})
    (tmp_path / "other.jsonl").write_text(line)
    with pytest.raises(ConfigurationError, match=rf"other\.jsonl: not .* of schema 1: {name} "):
        list(results.read(tmp_path))


def test_records_in_s3(stub: StubS3, monkeypatch: pytest.MonkeyPatch) -> None:
    """A prefix, over more than one page of the listing."""
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    stub.page = 2
    for number in range(5):
        data = gzip.compress(record(f"image {number}").to_json().encode())
        stub.objects["stub", f"records/dt=2026-01-01/{number}.jsonl.gz"] = data
    stub.objects["stub", "elsewhere/x.jsonl"] = b"not ours"
    found = [one.source for one in results.read("s3://stub/records/")]
    assert found == [f"image {number}" for number in range(5)]


def test_counts() -> None:
    """Of statuses, labels, kinds of failure and models."""
    records = [record("a"), record("b"), record("c", "failed"), record("d", model="n")]
    counts = results.count(records)
    assert counts.images == 4
    assert counts.statuses == {"scored": 3, "failed": 1}
    assert counts.labels == {"bee": 3}
    assert counts.kinds == {"corrupt": 1}
    assert counts.models == {"m": 3, "n": 1}


def sure(name: str, score: float, label: str = "bee") -> Record:
    """A scored record of this probability."""
    return record(name)._replace(label=label, score=score)


def unreadable(name: str, reason: str, kind: str = "corrupt") -> Record:
    """A failed record for this reason."""
    return record(name, "failed")._replace(reason=reason, kind=kind)


def test_how_sure() -> None:
    """Ten equal steps; 1 is in the last."""
    scores = (0.0, 0.05, 0.1, 0.55, 0.99, 1.0)
    counts = results.count([sure(str(score), score) for score in scores])
    assert counts.confidences == [2, 1, 0, 0, 0, 1, 0, 0, 0, 2]


def test_the_least_sure() -> None:
    """So many as asked for, lowest first, of equals the first met."""
    scores = np.random.default_rng(0).integers(1, 50, 400) / 50
    records = [sure(str(number), score) for number, score in enumerate(scores)]
    counts = results.count(records, pictures=30)
    assert counts.least_sure == sorted(records, key=lambda one: one.score or 0)[:30]
    assert results.count(records, pictures=0).least_sure == []


def test_errors_by_reason() -> None:
    """Numbers and the image's own name make no new reason; another kind does."""
    records = [
        *(unreadable(f"{n}.png", f"truncated ({n} bytes)") for n in range(5)),
        *(unreadable(f"s3://b/{n}", f"no object s3://b/{n}", "gone") for n in range(7)),
        unreadable("x", "truncated (3 bytes)", "unsupported"),
    ]
    counts = results.count(records)
    causes = counts.most_frequent_causes
    assert [(one.kind, one.reason, one.images) for one in causes] == [
        ("gone", "no object s3://b/0", 7),
        ("corrupt", "truncated (0 bytes)", 5),
        ("unsupported", "truncated (3 bytes)", 1),
    ]
    assert [one.source for one in causes[1].examples] == ["0.png", "1.png", "2.png"]
    firsts = [one.source for one in counts.failed]
    assert firsts == ["s3://b/0", "0.png", "x", "s3://b/1", "1.png", "s3://b/2", "2.png"]


def test_too_many_reasons_are_one() -> None:
    """A reader that puts the file's own words into each reason does not fill the memory."""
    words = ("".join(letters) for letters in itertools.product("abcdefgh", repeat=3))
    counts = results.count(unreadable(word, f"begins {word[::-1]}!") for word in words)
    assert len(counts.causes) <= 201
    assert counts.most_frequent_causes[0].reason == "other reasons"
    assert sum(cause.images for cause in counts.causes.values()) == 512


def test_some_of_each_label() -> None:
    """In turns, the most frequent label first."""
    records = [sure(f"{label}{n}", 0.5, label) for label in "abc" for n in range(ord(label) - 95)]
    counts = results.count(records, pictures=7)
    assert [one.source for one in counts.of_each_label] == [
        "c0",
        "b0",
        "a0",
        "c1",
        "b1",
        "a1",
        "c2",
    ]


def test_the_command_tells_all(tmp_path: Path, say: Say) -> None:
    """Counts, probabilities, the least sure and the errors, in lines and as JSON."""
    member = sure("c.zip", 0.31)._replace(id="c", member="3.png")
    records = [sure("a.png", 0.97), sure("b.png", 0.92), member, unreadable("d.png", "truncated")]
    write(tmp_path / "1.jsonl.gz", [*records, records[0]])
    said = say("results", tmp_path)
    assert (said.code, said.err) == (0, "")
    rows = [line.split() for line in said.out.splitlines()]
    assert ["sure", "0.9", "to", "1.0", "2", "#" * 24] in rows
    assert ["sure", "0.3", "to", "0.4", "1", "#" * 12] in rows
    least = [row[-1] for row in rows if row[:2] == ["least", "sure"]]
    assert least == ["c.zip", "b.png", "a.png"]
    assert "least sure bee                         0.3100  3.png in c.zip" in said.out
    assert said.out.endswith("  1 corrupt: truncated (such as d.png)\n")

    held = json.loads(say("results", tmp_path, "--json").out)
    assert held["confidence"][9] == {"from": 0.9, "to": 1.0, "images": 2}
    assert held["least_sure"][0] == {
        "source": "c.zip",
        "member": "3.png",
        "label": "bee",
        "score": 0.31,
    }
    assert held["errors"] == [
        {
            "kind": "corrupt",
            "reason": "truncated",
            "images": 1,
            "examples": [{"source": "d.png", "member": None}],
        }
    ]


def test_odd_names_come_back(tmp_path: Path) -> None:
    """Blanks, emoji and bytes that are not UTF-8, in sources and in ids."""
    records = [record(name)._replace(id=name) for name in ("a b", "\U0001f41d", "\udcff", "\x00")]
    write(tmp_path / "1.jsonl", records)
    assert list(results.read(tmp_path)) == records


def test_names_do_not_move_the_cursor(tmp_path: Path, say: Say) -> None:
    """A name, label or reason that a terminal would take for a command is shown with a sign. (Colours
    click takes out by itself where nobody looks; these it does not.)
    """
    hostile = "s3://in/\x1b]52;c;eA==\x07.png"
    label = sure(hostile, 0.3)._replace(label="bee\x07")
    records = tmp_path / "records"
    write(records / "1.jsonl", [label, unreadable("d.png", "bell \x07")])
    listed = tmp_path / "list.jsonl"
    listed.write_text(json.dumps({"source": hostile.replace("in", "other", 1)}) + "\n")
    for words in (["results", records], ["reconcile", f"@{listed}", records]):
        said = say(*words)
        assert "\N{REPLACEMENT CHARACTER}]52;c;eA==\N{REPLACEMENT CHARACTER}.png" in said.out
        assert said.out.replace("\n", "").isprintable()


_PEAK = """
import resource, sys
from litescore import results
counts = results.count(results.read(sys.argv[1]))
print(counts.images, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_is_flat(tmp_path: Path) -> None:
    """Four times as many records, each there twice: at most 1.1 times the memory."""
    peaks = []
    for images in (15_000, 60_000):
        place = tmp_path / str(images)
        plain = record("x").to_json().replace('"source":"x"', '"source":"s3://bucket/NAME.png"')
        for half in range(2):
            with gzip.open(place.with_suffix(f".{half}.jsonl.gz"), "wb", 1) as file:
                for number in range(images):
                    digest = f"{number * 2654435761 % 2**32:064x}"
                    line = plain.replace(record("x").id, digest).replace("NAME", digest)
                    file.write(f"{line}\n".encode())
        place.mkdir()
        for path in tmp_path.glob(f"{images}.*.gz"):
            path.rename(place / path.name)
        command = [sys.executable, "-c", _PEAK, str(place)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found, peak = map(int, done.stdout.split())
        assert found == images
        peaks.append(peak)
    assert peaks[1] <= 1.1 * peaks[0], peaks


def test_a_full_disk_is_one_line(tmp_path: Path) -> None:
    """No room for what was read: which folder it is about, and the way out; exit code 3."""
    write(tmp_path / "1.jsonl.gz", (record(str(number)) for number in range(60_000)))
    # The limit is on what the process writes to a file: the system's own "no space left".
    code = (
        "import resource, signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))\n"
        f"from litescore import cli; cli.run(cli.litescore, ['results', {str(tmp_path)!r}])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (3, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: cannot keep what was read in the temporary folder: ")
    assert line.endswith("TMPDIR")
