"""The balance of inputs against records: what is missing, what is double, what stands beside."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from litescore.errors import PermanentError, SupersededError
from litescore.record import Record, Subject
from litescore.results import read, written
from litescore.results.reconcile import Balance, balance
from tests.litescore.recorded import write

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
