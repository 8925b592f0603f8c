"""What a deployment takes from outside of its zip: a model in S3, a bucket that was there before."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from urllib3 import HTTPResponse

from infra.cloud.account import Account
from infra.cloud.deployment import existing_bucket
from infra.cloud.deployment.existing_bucket import Notifications
from infra.package.build import Package
from litescore.errors import ConfigurationError
from tests.infra.cloud.conftest import MODEL, Say
from tests.infra.cloud.test_deploy import settings
from tests.rig.pngs import Pngs

NEWER = MODEL + b", newer"


@pytest.fixture
def models(empty: Account) -> Iterator[str]:
    """A versioned bucket with a model at model.tflite."""
    s3 = empty.client("s3")
    s3.create_bucket(Bucket="models")
    s3.put_bucket_versioning(Bucket="models", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket="models", Key="model.tflite", Body=MODEL)
    yield "models"
    for one in s3.list_object_versions(Bucket="models").get("Versions", []):
        s3.delete_object(Bucket="models", Key=one["Key"], VersionId=one["VersionId"])
    s3.delete_bucket(Bucket="models")


@pytest.fixture
def photos(empty: Account) -> Iterator[str]:
    """A bucket that somebody has, with notifications of their own."""
    s3, sqs = empty.client("s3"), empty.client("sqs")
    s3.create_bucket(Bucket="photos")
    anyone = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [anyone]})
    url = sqs.create_queue(QueueName="theirs", Attributes={"Policy": policy})["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    rules = {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "raw/"}]}}
    theirs = {
        "Id": "theirs",
        "QueueArn": arn["QueueArn"],
        "Events": ["s3:ObjectRemoved:*"],
        "Filter": rules,
    }
    s3.put_bucket_notification_configuration(
        Bucket="photos", NotificationConfiguration={"QueueConfigurations": [theirs]}
    )
    yield "photos"
    s3.delete_bucket(Bucket="photos")
    sqs.delete_queue(QueueUrl=url)


def notifications(account: Account, bucket: str) -> dict[str, Any]:
    """What a bucket notifies, as S3 says it."""
    answer = account.client("s3").get_bucket_notification_configuration(Bucket=bucket)
    return {name: part for name, part in answer.items() if name != "ResponseMetadata"}


def test_a_model_in_s3_is_pinned_and_stays_pinned(empty: Account, say: Say, models: str) -> None:
    """By version id and digest; a newer one counts when it is named again, and `zip` goes back."""
    s3, url = empty.client("s3"), f"s3://{models}/model.tflite"
    version = s3.head_object(Bucket=models, Key="model.tflite")["VersionId"]
    assert say("deploy", "--stack", "pinned", "--model", url, "--yes").code == 0
    pinned = {
        "ModelPath": f"{models}/model.tflite",
        "ModelVersion": version,
        "ModelSha256": hashlib.sha256(MODEL).hexdigest(),
    }
    assert pinned.items() <= settings(empty, "pinned").items()

    newer = s3.put_object(Bucket=models, Key="model.tflite", Body=NEWER)["VersionId"]
    said = say("deploy", "--stack", "pinned", "--memory", "3008", "--yes")
    assert f"Note: the model stays {url}" in said.out
    assert pinned.items() <= settings(empty, "pinned").items()

    assert say("deploy", "--stack", "pinned", "--model", url, "--yes").code == 0
    found = settings(empty, "pinned")
    assert found["ModelVersion"] == newer
    assert found["ModelSha256"] == hashlib.sha256(NEWER).hexdigest()

    assert say("deploy", "--stack", "pinned", "--model", "zip", "--yes").code == 0
    found = settings(empty, "pinned")
    assert (found["ModelPath"], found["ModelVersion"]) == ("", "")
    assert found["ModelSha256"] == hashlib.sha256(MODEL).hexdigest()


def test_the_built_zip_scores_with_the_pinned_version(
    empty: Account, say: Say, models: str, built: Package, int8_model: Path, pngs: Pngs
) -> None:
    """The real zip and a model in S3, over which something else lies by the time that it is loaded:
    an image becomes a record of the model that was deployed.
    """
    s3, data = empty.client("s3"), int8_model.read_bytes()
    s3.put_object(Bucket=models, Key="real.tflite", Body=data)
    words = ("--package", str(built.path), "--model", f"s3://{models}/real.tflite")
    assert say("deploy", "--stack", "scores", "--window", "1", "--yes", *words).code == 0
    s3.put_object(Bucket=models, Key="real.tflite", Body=b"no model")
    where = f"{empty.number}-{empty.region}"
    s3.upload_file(str(pngs.paths[0]), f"scores-input-{where}", "a.png")
    record = first_record(empty, f"scores-output-{where}")
    assert record["status"] == "scored"
    assert record["model"] == hashlib.sha256(data).hexdigest()


def first_record(account: Account, bucket: str) -> dict[str, Any]:
    """The record that comes to a bucket within a minute; the function's log is in the failure."""
    s3, end = account.client("s3"), time.monotonic() + 60
    while time.monotonic() < end:
        for entry in s3.list_objects_v2(Bucket=bucket, Prefix="records/").get("Contents", []):
            packed = s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            found: dict[str, Any] = json.loads(gzip.decompress(packed).splitlines()[0])
            return found
        time.sleep(0.2)
    events = account.client("logs").filter_log_events(logGroupName="/litescore/scores")["events"]
    pytest.fail("no record came: " + "".join(event["message"] for event in events)[-2000:])


def test_a_bucket_without_versions_is_told(empty: Account, say: Say, photos: str) -> None:
    """The digest alone pins the model there."""
    empty.client("s3").put_object(Bucket=photos, Key="m.tflite", Body=MODEL)
    said = say("deploy", "--model", f"s3://{photos}/m.tflite", "--plan", "--json")
    plan = json.loads(said.out)
    empty.client("s3").delete_object(Bucket=photos, Key="m.tflite")
    assert "keeps no versions" in plan["notes"][0]
    new = {part["name"]: part["new"] for part in plan["parameters"]}
    assert new["ModelVersion"] == ""
    assert new["ModelSha256"] == hashlib.sha256(MODEL).hexdigest()


def test_a_model_that_is_none_is_refused(empty: Account, say: Say, models: str) -> None:
    """Another file, a missing one and a missing bucket: one line that names it, exit 3."""
    empty.client("s3").put_object(Bucket=models, Key="cat.png", Body=b"\x89PNG, not a model")
    for url, reason in {
        f"s3://{models}/cat.png": "is no .tflite file",
        f"s3://{models}/none.tflite": "NoSuchKey",
        "s3://no-such-bucket/m.tflite": "NoSuchBucket",
    }.items():
        said = say("deploy", "--model", url, "--plan")
        assert said.code == 3
        last = said.err.splitlines()[-1]
        assert url in last
        assert reason in last


def test_an_existing_bucket_keeps_its_notifications(empty: Account, say: Say, photos: str) -> None:
    """They are shown, EventBridge is turned on beside them when that is agreed to, and off again
    when the stack goes; nothing else of them changes.
    """
    before = notifications(empty, photos)
    words = ("deploy", "--stack", "taker", "--input-bucket", photos, "--input-prefix", "shoes/")
    said = say(*words, typed="y\nn\n")
    assert "nothing was changed" in said.err
    assert notifications(empty, photos) == before

    said = say(*words, typed="y\ny\n")
    assert said.code == 0, said.err
    assert "theirs  s3:ObjectRemoved:*  (prefix raw/)" in said.out
    assert "+ EventBridge  all events; all of the above stays" in said.out
    assert f"Turn EventBridge on for bucket {photos}" in said.err
    assert notifications(empty, photos) == {**before, "EventBridgeConfiguration": {}}
    assert f"aws s3 cp image.png s3://{photos}/shoes/" in said.out

    said = say("deploy", "--stack", "taker", "--yes")
    assert said.err.splitlines()[-1] == "nothing to change"

    said = say("destroy", "--stack", "taker", "--yes")
    assert f"keeps    {photos}: it was there before the stack" in said.out
    assert f"turns EventBridge of bucket {photos} off" in said.out
    assert notifications(empty, photos) == before


def test_eventbridge_that_others_need_stays_on(empty: Account, say: Say, photos: str) -> None:
    """Where it was on before, and where another rule may wait for the bucket's events."""
    s3, events = empty.client("s3"), empty.client("events")
    assert say("deploy", "--stack", "polite", "--input-bucket", photos, "--yes").code == 0
    events.put_rule(Name="others", EventPattern=json.dumps({"source": ["aws.s3"]}))
    said = say("destroy", "--stack", "polite", "--yes")
    events.delete_rule(Name="others")
    assert f"leaves EventBridge of bucket {photos} on: other rules may need it: others" in said.out
    held = notifications(empty, photos)
    assert "EventBridgeConfiguration" in held

    assert say("deploy", "--stack", "after", "--input-bucket", photos, "--yes").code == 0
    said = say("destroy", "--stack", "after", "--yes")
    assert f"leaves EventBridge of bucket {photos} on: it was on before" in said.out
    assert notifications(empty, photos) == held
    s3.put_bucket_notification_configuration(Bucket=photos, NotificationConfiguration={})


def test_events_that_were_left_off_are_turned_on_by_another_deployment(
    empty: Account, say: Say, photos: str
) -> None:
    """A stack whose bucket was not turned on has that one thing to do."""
    assert say("deploy", "--stack", "again", "--input-bucket", photos, "--yes").code == 0
    shown = existing_bucket.read(empty, photos)
    existing_bucket.put(empty, shown, shown.turned(on=False))
    said = say("deploy", "--stack", "again", "--yes")
    assert said.code == 0, said.err
    assert "no resource changes" in said.out
    assert existing_bucket.read(empty, photos) == shown


def test_the_stack_goes_to_an_existing_bucket_and_back(
    empty: Account, say: Say, photos: str
) -> None:
    """Its own bucket leaves it and stays; the way back would take it up again, and EventBridge of
    the other stays on. A plan only: ministack's change sets are blind for conditions, and do not
    import what an update brings back.
    """
    own, s3 = f"wanders-input-{empty.number}-{empty.region}", empty.client("s3")
    assert say("deploy", "--stack", "wanders", "--yes").code == 0
    s3.put_object(Bucket=own, Key="a.png", Body=b"png")
    said = say("deploy", "--stack", "wanders", "--yes", "--input-bucket", photos)
    assert said.code == 0, said.err
    said = say("deploy", "--stack", "wanders", "--plan", "--input-bucket", "")
    assert said.code == 0, said.err
    assert f"Note: EventBridge of bucket {photos}, turned on by an earlier" in said.out
    assert f"Note: bucket {own} is there from an earlier stack: taken over" in said.out
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=own)["Contents"]] == ["a.png"]


def test_notifications_that_changed_meanwhile_are_left_alone(empty: Account, photos: str) -> None:
    """Somebody else's change between the plan and the deed must not be undone."""
    shown = Notifications(photos, {})
    before = notifications(empty, photos)
    with pytest.raises(ConfigurationError, match="changed since they were shown"):
        existing_bucket.put(empty, shown, shown.turned(on=True))
    assert notifications(empty, photos) == before


def test_any_prefix_of_an_existing_bucket_will_do(empty: Account, say: Say, photos: str) -> None:
    """EventBridge takes it as it is, where a filter of notifications would want it encoded."""
    said = say(
        "deploy", "--input-bucket", photos, "--input-prefix", "year=2026/my photos/", "--plan"
    )
    assert said.code == 0, said.err


def test_a_bucket_of_another_account_is_refused(empty: Account, photos: str) -> None:
    """Though it may be read: its events go to the other account's EventBridge. S3's answer is put
    in by hand, for the local cloud does not look at the owner that it is told to expect.
    """

    def refused(request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        expected = request.headers.get("x-amz-expected-bucket-owner")
        theirs = expected == b"999999999999"
        body = HTTPResponse(io.BytesIO(), preload_content=False)
        return AWSResponse(request.url, 403, {}, body) if theirs else None

    events, name = empty.client("s3").meta.events, "before-send.s3.HeadBucket"
    events.register(name, refused)
    try:
        with pytest.raises(ConfigurationError, match="bucket photos: it is another account's"):
            existing_bucket.read(replace(empty, number="999999999999"), photos)
    finally:
        events.unregister(name, refused)


def test_a_bucket_that_cannot_be_used_is_told(empty: Account, say: Say) -> None:
    """One that is not there, and one in another region."""
    said = say("deploy", "--input-bucket", "no-such-bucket", "--plan")
    assert said.code == 3
    assert "no bucket no-such-bucket" in said.err
    place = {"LocationConstraint": "eu-west-1"}
    empty.client("s3").create_bucket(Bucket="far-away", CreateBucketConfiguration=place)
    said = say("deploy", "--input-bucket", "far-away", "--plan")
    assert said.code == 3
    assert "bucket far-away is in eu-west-1" in said.err
    assert "--region eu-west-1" in said.err


@pytest.mark.parametrize(
    ("pattern", "may"),
    [
        (None, False),
        ({"source": ["aws.ec2"]}, False),
        ({"source": ["aws.s3"], "detail": {"bucket": {"name": ["other"]}}}, False),
        ({"source": ["aws.s3"], "detail": {"bucket": {"name": ["photos", "other"]}}}, True),
        ({"source": ["aws.s3"], "detail": {"bucket": {"name": [{"prefix": "ph"}]}}}, True),
        ({"source": ["aws.s3"], "detail": {"object": {"key": ["a"]}}}, True),
        ({"source": [{"prefix": "aws."}]}, True),
        ({"detail-type": ["Object Created"]}, True),
        ({"source": ["aws.s3"], "$or": [{"detail": {}}, {"account": ["1"]}]}, True),
    ],
)
def test_a_rule_needs_the_events_unless_it_plainly_does_not(
    pattern: dict[str, Any] | None, may: bool
) -> None:
    """When in doubt EventBridge stays on."""
    text = json.dumps(pattern) if pattern else None
    assert existing_bucket.may_match(text, "photos") is may
