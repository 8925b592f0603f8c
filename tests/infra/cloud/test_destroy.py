"""`litescore destroy` against a local cloud: what it says, what it asks, what goes and what stays."""

from __future__ import annotations

import json
from typing import Any

import pytest

from infra.cloud.account import Account
from tests.infra.cloud.conftest import Say
from tests.infra.cloud.test_deploy import stacks


def buckets(account: Account, stack: str) -> set[str]:
    """Which of the stack's buckets are there: input, output."""
    found = account.client("s3").list_buckets()["Buckets"]
    names = {bucket["Name"] for bucket in found}
    return {kind for kind in ("input", "output") if name(account, stack, kind) in names}


def name(account: Account, stack: str, kind: str) -> str:
    """A bucket's name."""
    return f"{stack}-{kind}-{account.number}-{account.region}"


def keys(account: Account, bucket: str) -> list[str]:
    """What is in a bucket."""
    listed = account.client("s3").list_objects_v2(Bucket=bucket)
    return [entry["Key"] for entry in listed.get("Contents", [])]


def test_records_and_images_outlive_the_stack(empty: Account, say: Say) -> None:
    """They are told and kept; a stack of that name takes them over; then they go where they are
    named, with all their versions.
    """
    s3, output = empty.client("s3"), name(empty, "outlived", "output")
    assert say("deploy", "--stack", "outlived", "--yes").code == 0
    for text in (b"old", b"new"):
        s3.put_object(Bucket=output, Key="records/a.jsonl", Body=text)
    s3.put_object(Bucket=name(empty, "outlived", "input"), Key="a.png", Body=b"png")

    said = say("destroy", "--stack", "outlived", "--yes")
    assert said.code == 0, said.err
    assert f"keeps    {output}: 1 object, " in said.out
    assert "2 SQS::Queue" in said.out
    assert "litescore destroy --stack outlived --local --records --images" in said.out
    assert "outlived" not in stacks(empty)
    assert buckets(empty, "outlived") == {"input", "output"}

    said = say("deploy", "--stack", "outlived", "--yes")
    assert said.code == 0, said.err
    assert f"Note: bucket {output} is there from an earlier stack: taken over" in said.out
    assert "Import  OutputBucket" in said.out
    assert keys(empty, output) == ["records/a.jsonl"]

    said = say("destroy", "--stack", "outlived", "--yes", "--records", "--json")
    assert json.loads(said.out)["deleted_buckets"] == [output]
    assert buckets(empty, "outlived") == {"input"}

    said = say("destroy", "--stack", "outlived", "--yes")
    assert said.code == 2
    assert "is left: remove it with --records, --images" in said.err
    assert say("destroy", "--stack", "outlived", "--yes", "--images").code == 0
    assert buckets(empty, "outlived") == set()


def watched(account: Account, bucket: str) -> list[str]:
    """The prefixes of keys that a bucket tells its queue of."""
    found = account.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    entries = found["QueueConfigurations"]
    rules = [entry.get("Filter", {}).get("Key", {}).get("FilterRules", []) for entry in entries]
    return [rule[0]["Value"] if rule else "" for rule in rules]


def ended(account: Account, bucket: str) -> dict[str, int]:
    """Lifecycle rule -> the days after which it ends objects."""
    found = account.client("s3").get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    return {rule["ID"]: rule["Expiration"]["Days"] for rule in found if "Expiration" in rule}


def lives_of(**days: int) -> dict[str, Any]:
    """A lifecycle as CloudFormation makes it of the template's; the local cloud makes none."""
    rules = [
        {"ID": one, "Status": "Enabled", "Filter": {"Prefix": f"{one}/"}, "Expiration": {"Days": n}}
        for one, n in days.items()
    ]
    return {"Rules": rules}


def test_buckets_that_are_taken_over_are_brought_up_to_date(empty: Account, say: Say) -> None:
    """CloudFormation takes them as they are: what the earlier stack said of its prefix and of the
    days of records must not go on.
    """
    into, out = name(empty, "heir", "input"), name(empty, "heir", "output")
    words = ("deploy", "--stack", "heir", "--yes", "--input-prefix")
    assert say(*words, "old/", "--record-days", "30").code == 0
    empty.client("s3").put_bucket_lifecycle_configuration(
        Bucket=out, LifecycleConfiguration=lives_of(backfills=30, records=30)
    )
    assert watched(empty, into) == ["old/"]
    assert say("destroy", "--stack", "heir", "--yes").code == 0

    assert say(*words, "new/").code == 0
    assert (watched(empty, into), ended(empty, out)) == (["new/"], {"backfills": 30})
    assert say("destroy", "--stack", "heir", "--yes").code == 0

    assert say(*words, "", "--record-days", "7").code == 0
    assert (watched(empty, into), ended(empty, out)) == ([""], {"backfills": 30, "records": 7})
    assert say("destroy", "--stack", "heir", "--yes", "--records", "--images").code == 0


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("other\n", ()),
        ("careful\nn\n", ("--records",)),
        ("careful\ny\nn\n", ("--records", "--images")),
    ],
)
def test_a_wrong_answer_removes_nothing(
    empty: Account, say: Say, typed: str, words: tuple[str, ...]
) -> None:
    """The stack's name has to be typed, and each bucket agreed to."""
    assert say("deploy", "--stack", "careful", "--yes").code == 0
    said = say("destroy", "--stack", "careful", *words, typed=typed)
    assert said.code == 2
    assert "nothing was removed" in said.err.splitlines()[-1]
    assert "careful" in stacks(empty)
    assert buckets(empty, "careful") == {"input", "output"}


def test_the_name_typed_removes_it(empty: Account, say: Say) -> None:
    """And the bucket that was agreed to."""
    assert say("deploy", "--stack", "typed", "--yes").code == 0
    said = say("destroy", "--stack", "typed", "--records", typed="typed\ny\n")
    assert said.code == 0, said.err
    assert "typed" not in stacks(empty)
    assert buckets(empty, "typed") == {"input"}


def test_what_is_not_there_is_said(say: Say) -> None:
    """One plain line, exit 3."""
    said = say("destroy", "--stack", "nowhere", "--yes")
    assert said.code == 3
    [line] = said.err.splitlines()
    assert line.startswith("Error: no stack nowhere in the local cloud at http")


def test_nobody_to_ask_is_wrong_usage(say: Say) -> None:
    """Without a terminal and without --yes."""
    said = say("destroy", "--stack", "unasked")
    assert said.code == 2
    assert "litescore destroy asks first" in said.err


def test_images_of_others_cannot_be_named(empty: Account, say: Say) -> None:
    """A bucket that was there before is never removed."""
    empty.client("s3").create_bucket(Bucket="others-photos")
    assert say("deploy", "--stack", "guest", "--input-bucket", "others-photos", "--yes").code == 0
    said = say("destroy", "--stack", "guest", "--images", "--yes")
    assert said.code == 2
    assert "bucket others-photos was there before the stack" in said.err
    assert "guest" in stacks(empty)
