"""The balance of inputs against records: what is missing, what is double, what stands beside."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from litescore.errors import PermanentError, SupersededError
from litescore.record import Record, Subject
from litescore.results import read, written
from litescore.results.reconcile import Balance, balance
from tests.litescore.conftest import Say, picture_bytes
from tests.rig.stub_s3 import Fault, StubS3, etag

ONE, TWO = Subject("s3://in/one.png", etag="e1"), Subject("s3://in/two.png", etag="e2")
ROW = np.array([0.25, 0.75], np.float32)
GONE = PermanentError("gone", "no object")


def scored(subject: Subject, model: str = "m") -> Record:
    """A record of the subject."""
    return Record.scored(subject, ROW, labels=("ant", "bee"), model=model)


def failed(subject: Subject) -> Record:
    """A record of a subject that cannot be scored."""
    return Record.failed(subject, GONE, model="m")


def superseded(subject: Subject) -> Record:
    """A record of a subject that changed."""
    return Record.superseded(subject, SupersededError("changed"), model="m")


def told(found: Balance) -> tuple[int, int, int, int, int]:
    """Its numbers."""
    return found.listed, found.missing, found.double, found.superseded, found.unlisted


def test_scored_and_failed_account_alike() -> None:
    """Each image one record of either kind: it balances."""
    found = balance([ONE, TWO], [failed(TWO), scored(ONE)])
    assert told(found) == (2, 0, 0, 0, 0)
    assert found.holds
    assert (found.first_missing, found.first_double) == ((), ())


def test_what_is_missing_is_named() -> None:
    """By source and ETag; a record of another ETag does not stand for it."""
    older = ONE._replace(etag="e0")
    found = balance([TWO, ONE], [scored(older)])
    assert told(found) == (2, 2, 0, 0, 1)
    assert not found.holds
    assert found.first_missing == (ONE, TWO)


def test_superseded_accounts_for_nothing() -> None:
    """It is told beside; the image it names is missing until something is known of it."""
    found = balance([ONE, TWO], [superseded(ONE), scored(TWO)])
    assert told(found) == (2, 1, 0, 1, 0)
    assert found.first_missing == (ONE,)
    later = balance([ONE], [superseded(ONE._replace(etag="e0")), scored(ONE)])
    assert told(later) == (1, 0, 0, 1, 0)
    assert later.holds


def test_two_ids_of_one_image_are_double() -> None:
    """An id that was made another way names the same image again."""
    wrong = scored(ONE)._replace(id="f" * 64)
    found = balance([ONE, TWO], [scored(ONE), wrong, scored(TWO)])
    assert told(found) == (2, 0, 1, 0, 0)
    (double,) = found.first_double
    assert double.subject == ONE
    assert double.ids == tuple(sorted((scored(ONE).id, wrong.id)))


def test_a_failed_record_without_etag_stands_where_no_other_does() -> None:
    """An object denied before its ETag was known: accounted for; no double once it is scored."""
    denied = failed(ONE._replace(etag=None))
    assert balance([ONE], [denied]).holds
    assert told(balance([ONE], [denied, scored(ONE)])) == (1, 0, 0, 0, 0)
    assert told(balance([ONE], [scored(ONE), denied])) == (1, 0, 0, 0, 0)
    # What was scored is another image by now: the denied one may be this.
    older = scored(ONE._replace(etag="e0"))
    assert told(balance([ONE], [denied, older])) == (1, 0, 0, 0, 1)
    # Two that differ are double all the same, and it is they that are named.
    found = balance([ONE], [denied, scored(ONE), scored(ONE)._replace(id="0")])
    assert told(found) == (1, 0, 1, 0, 0)
    assert found.first_double[0].ids == ("0", scored(ONE).id)


def test_a_scored_record_without_etag_stands_for_any() -> None:
    """A server that names none: a second record under one is another statement."""
    bare = scored(ONE._replace(etag=None))
    assert balance([ONE], [bare]).holds
    assert told(balance([ONE], [bare, scored(ONE)])) == (1, 0, 1, 0, 0)


def test_a_listing_without_etags() -> None:
    """Any record of the source will do; overwritten between, the two are two images."""
    bare = ONE._replace(etag=None)
    assert balance([bare], [scored(ONE)]).holds
    assert balance([bare], [scored(ONE), scored(ONE._replace(etag="e0"))]).holds
    assert balance([bare], [scored(ONE), failed(bare)]).holds
    assert told(balance([bare], [scored(ONE), scored(ONE)._replace(id="0")])) == (1, 0, 1, 0, 0)
    assert told(balance([bare], [])) == (1, 1, 0, 0, 0)


def test_two_models_are_not_double() -> None:
    """Two models each say something of the image."""
    assert balance([ONE], [scored(ONE), scored(ONE, model="n")]).holds


def test_an_image_listed_twice_is_one() -> None:
    """Inputs may overlap; with and without ETags."""
    bare = TWO._replace(etag=None)
    found = balance([ONE, bare, ONE, bare], [scored(ONE), scored(TWO)])
    assert told(found) == (2, 0, 0, 0, 0)


def test_names_of_every_kind() -> None:
    """Blanks, quotes, emoji, bytes that are not UTF-8, 1,024 letters: each its own image."""
    names = [
        "a b.png",
        "a+b.png",
        "a%2Bb.png",
        "\u00e9.png",
        "e\u0301.png",
        "🐝",
        "'; --",
        "\udcff",
        "x" * 1024,
    ]
    subjects = [Subject(name, etag="e") for name in names]
    found = balance(subjects, map(scored, subjects[1:]))
    assert told(found) == (len(names), 1, 0, 0, 0)
    assert found.first_missing == (subjects[0],)
    lost = balance(subjects, [])
    assert {one.source for one in lost.first_missing} == set(names)


def test_few_are_named_and_all_counted() -> None:
    """`show` bounds what is listed, in order of name."""
    subjects = [Subject(f"{number:04}", etag="e") for number in range(300)]
    doubles = [scored(one)._replace(id=f"{way}{one.source}") for one in subjects for way in "ab"]
    found = balance(reversed(subjects), doubles[200:], show=2)
    assert (found.missing, found.double) == (100, 200)
    assert [one.source for one in found.first_missing] == ["0000", "0001"]
    assert [one.subject.source for one in found.first_double] == ["0100", "0101"]


def test_equal_ids_are_no_double(tmp_path: Path) -> None:
    """Batches regrouped by a queue leave the same records in two files: they count once."""
    older = TWO._replace(etag="e0")
    files = {"a": [scored(ONE), scored(TWO), superseded(older)], "b": [failed(ONE), scored(older)]}
    for name, records in files.items():
        write(tmp_path / f"{name}.jsonl.gz", [*records, records[-1]])
    assert told(balance([ONE, TWO], written(tmp_path))) == (2, 0, 0, 0, 1)
    assert told(balance([ONE, TWO], read(tmp_path))) == (2, 0, 0, 0, 1)
    assert told(balance([ONE, TWO], [superseded(older)] * 2)) == (2, 2, 0, 1, 0)


def write(path: Path, records: Iterable[Record]) -> None:
    """Records as a gzipped file."""
    path.write_bytes(gzip.compress("".join(f"{one.to_json()}\n" for one in records).encode()))


@pytest.fixture
def out(small_model: Path, photos: Path, tmp_path: Path, say: Say) -> Path:
    """Records of the photos, one of which is no picture."""
    (photos / "0.png").write_text("no picture")
    place = tmp_path / "out"
    assert say("score", photos, "--model", small_model, "--out", place).code == 1
    return place


def test_the_command_balances(photos: Path, out: Path, say: Say) -> None:
    """What was scored is all there: exit code 0, one line."""
    said = say("reconcile", photos, out)
    assert (said.code, said.out, said.err) == (0, "5 listed: 0 missing, 0 double\n", "")
    assert json.loads(say("reconcile", photos, out, "--json").out) == {
        "balanced": True,
        "listed": 5,
        "missing": 0,
        "double": 0,
        "superseded": 0,
        "unlisted": 0,
        "unopened": 0,
        "missing_images": [],
        "double_images": [],
        "unopened_shards": [],
    }


def test_the_command_names_what_is_missing(photos: Path, out: Path, say: Say) -> None:
    """A picture that came later and one that changed since: exit code 1."""
    (photos / "5.png").write_bytes(picture_bytes(5))
    (photos / "1.png").write_bytes(picture_bytes(6) + b"changed")
    said = say("reconcile", photos, out)
    assert said.code == 1
    assert said.out.splitlines() == [
        f"missing  {photos / '1.png'}",
        f"missing  {photos / '5.png'}",
        "6 listed: 2 missing, 0 double, 1 not listed",
    ]
    held = json.loads(say("reconcile", photos, out, "--json", "--show", "1").out)
    assert (held["balanced"], held["missing"]) == (False, 2)
    assert [one["source"] for one in held["missing_images"]] == [str(photos / "1.png")]


def test_the_command_names_what_is_double(photos: Path, out: Path, say: Say) -> None:
    """The ids of each, shortened."""
    record = next(read(out))
    write(out / "other.jsonl.gz", [record._replace(id="0123456789abcdef")])
    said = say("reconcile", photos, out)
    assert said.code == 1
    ids = f"0123456789ab, {record.id[:12]}"
    assert said.out.splitlines()[0] == f"double   {record.source}: {ids}"
    (double,) = json.loads(say("reconcile", photos, out, "--json").out)["double_images"]
    assert (double["source"], double["etag"]) == (record.source, record.etag)
    assert sorted(double["ids"]) == sorted(["0123456789abcdef", record.id])


def test_other_words_for_the_same_inputs(
    photos: Path, out: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder named another way than it was scored: nothing fits, and the line says why."""
    monkeypatch.chdir(photos.parent)
    said = say("reconcile", photos.name, out)
    assert said.code == 1
    assert said.out.splitlines()[-1].endswith("name the inputs as they were scored")


def test_no_records_at_all(photos: Path, tmp_path: Path, say: Say) -> None:
    """An empty place: everything is missing. A place that is not there: it could not run."""
    (tmp_path / "empty").mkdir()
    said = say("reconcile", photos, tmp_path / "empty")
    assert (said.code, said.out.splitlines()[-1]) == (1, "5 listed: 5 missing, 0 double")
    refused = say("reconcile", photos, tmp_path / "none")
    assert (refused.code, refused.refusal()) == (3, f"no such file or folder: {tmp_path / 'none'}")


def test_in_s3(small_model: Path, stub: StubS3, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """Prefixes on both sides, over more than one page of the listing."""
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    stub.page = 2
    for number in range(5):
        stub.objects["stub", f"in/a b+{number}.png"] = picture_bytes(number)
    words = ("s3://stub/in/", "--model", small_model, "--out", "s3://stub/out/")
    assert say("score", *words).code == 0
    assert say("reconcile", "s3://stub/in/", "s3://stub/out/").code == 0
    stub.objects["stub", "in/a b+5.png"] = picture_bytes(5)
    said = say("reconcile", "s3://stub/in/", "s3://stub/out/")
    assert said.code == 1
    assert said.out.splitlines()[0] == "missing  s3://stub/in/a b+5.png"


def test_a_manifest_and_patterns(small_model: Path, photos: Path, tmp_path: Path, say: Say) -> None:
    """Inputs are named as for scoring: what was left out then is not missing now."""
    manifest = tmp_path / "images.jsonl"
    names = sorted(map(str, photos.iterdir()))
    manifest.write_text("".join(json.dumps({"source": name}) + "\n" for name in names))
    words = (f"@{manifest}", "--exclude", "3.png")
    place = tmp_path / "out"
    assert say("score", *words, "--model", small_model, "--out", place).code == 0
    assert say("reconcile", *words, place).out == "4 listed: 0 missing, 0 double\n"
    said = say("reconcile", f"@{manifest}", place)
    assert (said.code, said.out.splitlines()[0]) == (1, f"missing  {names[3]}")


def test_denied_and_healed(
    small_model: Path, stub: StubS3, say: Say, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A 403 before the ETag was known, scored later under it: no double; denied again, no record."""
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    for number in range(3):
        stub.objects["stub", f"in/{number}.png"] = picture_bytes(number)
    manifest = tmp_path / "images.csv"
    manifest.write_text("source\n" + "".join(f"s3://stub/in/{n}.png\n" for n in range(3)))
    stub.faults.append(Fault(status=403, method="GET", key="in/1.png", times=1))
    words = ("--model", small_model, "--out", "s3://stub/out/")
    assert say("score", f"@{manifest}", *words).out.startswith("2 scored, 1 failed")
    for inputs in (f"@{manifest}", "s3://stub/in/"):
        assert say("reconcile", inputs, "s3://stub/out/").out == "3 listed: 0 missing, 0 double\n"
    assert say("score", "s3://stub/in/", *words).out.startswith("1 scored, 0 failed, 2 done before")
    assert {one.etag for one in read("s3://stub/out/") if one.source.endswith("1.png")} == {
        None,
        etag(picture_bytes(1)),
    }
    for inputs in (f"@{manifest}", "s3://stub/in/"):
        assert say("reconcile", inputs, "s3://stub/out/").out == "3 listed: 0 missing, 0 double\n"
    stub.objects["stub", "in/1.png"] = picture_bytes(9)
    stub.objects.pop(("stub", "in/2.png"))
    said = say("reconcile", "s3://stub/in/", "s3://stub/out/")
    # Overwritten, it may be what was denied; gone, its record is of nothing that is listed.
    assert said.out == "2 listed: 0 missing, 0 double, 2 not listed\n"
