"""One closed object fails alone; all closed is an error of the set-up; else they are tried again."""

from __future__ import annotations

from pathlib import Path

import pytest

from litescore import access, results
from litescore.batch import Outcome
from litescore.errors import ConfigurationError, PermanentError, TransientError
from litescore.record import Record, Subject
from tests.litescore.conftest import Say, picture_bytes
from tests.rig.stub_s3 import Fault, StubS3

MODEL = "ab" * 32


def failed(name: str, kind: str, *, bucket: str = "b") -> Outcome:
    """An image that failed so; `corrupt` proves that it was read."""
    subject = Subject(f"s3://{bucket}/{name}")
    return Outcome(subject, Record.failed(subject, PermanentError(kind, "as told"), model=MODEL))


def left(name: str) -> Outcome:
    """An image that S3 could not give."""
    return Outcome(Subject(f"s3://b/{name}"), retry=TransientError("slow down"))


def kinds(outcomes: list[Outcome], proofs: access.Proofs | None = None) -> list[str | None]:
    """The kind of each outcome that passes, `again` where it is to be tried again."""
    passed = access.refuse_all_denied(outcomes, {} if proofs is None else proofs)
    return [one.record.kind if one.record else "again" for one in passed]


@pytest.mark.parametrize("order", [1, -1])
def test_one_denied_beside_one_that_was_read(order: int) -> None:
    """Whichever comes first: one closed key is a record, and order is kept."""
    outcomes = [failed("a", "forbidden"), failed("b", "corrupt")][::order]
    assert kinds(outcomes) == ["forbidden", "corrupt"][::order]


def test_all_denied() -> None:
    """Names the first object and the permission that is missing."""
    with pytest.raises(ConfigurationError, match=r"s3://b/a first .as told.: grant s3:GetObject"):
        kinds([failed("a", "forbidden"), failed("b", "forbidden")])


@pytest.mark.parametrize("other", [failed("x", "gone"), failed("//x", "unaddressable"), left("x")])
def test_denied_beside_what_proves_nothing_is_tried_again(other: Outcome) -> None:
    """No record is made that might be wrong; the other's stands."""
    found = kinds([failed("a", "forbidden"), other])
    assert found == ["again", other.record.kind if other.record else "again"]


def test_one_image_alone_goes_by_what_could_be_read_lately(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In its own bucket and not long ago; a whole batch denied is an error all the same."""
    proofs: access.Proofs = {}
    with pytest.raises(ConfigurationError):
        kinds([failed("a", "forbidden")], proofs)
    kinds([failed("b", "corrupt")], proofs)
    assert kinds([failed("a", "forbidden")], proofs) == ["forbidden"]
    with pytest.raises(ConfigurationError):
        kinds([failed("a", "forbidden", bucket="other")], proofs)
    with pytest.raises(ConfigurationError):
        kinds([failed("a", "forbidden"), failed("b", "forbidden")], proofs)
    monkeypatch.setattr(access, "_LATELY", 0.0)
    with pytest.raises(ConfigurationError):
        kinds([failed("a", "forbidden")], proofs)


def test_closed_files_of_this_machine_fail_alone() -> None:
    """Permissions of a folder are its owner's to see; nothing is held back."""
    subject = Subject("/photos/a.png")
    record = Record.failed(subject, PermanentError("forbidden", "closed"), model=MODEL)
    assert kinds([Outcome(subject, record)]) == ["forbidden"]


def test_nothing_is_held_once_something_was_read() -> None:
    """Memory stays flat: outcomes pass one by one from the first that proves it."""
    taken = 0

    def many() -> list[Outcome]:
        return [failed(str(n), "corrupt") for n in range(100)]

    def counted() -> object:
        nonlocal taken
        for one in many():
            taken += 1
            yield one

    passed = access.refuse_all_denied(counted(), {})  # type: ignore[arg-type]
    next(passed)
    assert taken == 1


def test_the_command_says_so_and_goes_on_when_it_is_mended(
    stub: StubS3, small_model: Path, tmp_path: Path, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No records of a closed bucket; one closed key is a record, and is tried again the next time."""
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    stub.objects = {("stub", f"{n}.png"): picture_bytes(n) for n in range(4)}
    stub.faults = [Fault(status=403, method="GET", key=f"{n}.png") for n in range(4)]
    words = ("score", "s3://stub/", "--model", small_model, "--out", tmp_path / "out")
    said = say(*words)
    assert (said.code, "every object is denied, s3://stub/0.png first" in said.refusal()) == (
        3, True,
    )  # fmt: skip
    assert not (tmp_path / "out").exists()
    stub.faults = stub.faults[:1]
    assert say(*words).out.startswith("3 scored, 1 failed: ")
    stub.faults = []
    assert say(*words).out.startswith("1 scored, 0 failed, 3 done before: ")
    assert {record.status for record in results.read(tmp_path / "out")} == {"scored"}
