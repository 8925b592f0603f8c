"""The local cloud end to end: the template, the real zip, real events; and its end by signals."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import boto3
import psutil
import pytest

from infra.cloud import account
from infra.cloud.deployment import deploy
from infra.local import cloud as local
from infra.local.cloud import LocalCloud
from infra.package.build import Package
from litescore import image, results
from litescore.errors import ConfigurationError, UsageError
from litescore.record import Record
from litescore.scorer import Scorer
from tests.rig.pngs import Pngs

# A handler that tries what its role should and should not let it do.
PROBE = """
import os, boto3
from botocore.exceptions import ClientError
def handler(event, context):
    s3 = boto3.client("s3")
    bucket, prefix = os.environ["LITESCORE_OUTPUT"].removeprefix("s3://").split("/", 1)
    found = {}
    def attempt(name, call, **words):
        try:
            call(**words)
            found[name] = "allowed"
        except ClientError as error:
            found[name] = error.response["Error"]["Code"]
    there, here = {"Bucket": bucket, "Key": prefix + "x"}, {"Bucket": event["input"], "Key": "x"}
    attempt("write record", s3.put_object, **there, Body=b"x")
    attempt("read record", s3.get_object, **there)
    attempt("read image", s3.get_object, **here)
    attempt("look for an image that is gone", s3.get_object, Bucket=event["input"], Key="gone")
    attempt("write image", s3.put_object, **here, Body=b"x")
    attempt("delete image", s3.delete_object, **here)
    attempt("delete record", s3.delete_object, **there)
    attempt("list buckets", s3.list_buckets)
    return found
"""


def eventually(found: Callable[[], Any], wanted: object, cloud: LocalCloud) -> None:
    """Wait until `found` answers `wanted`; the function's log is in the failure."""
    end = time.monotonic() + 60
    while (answer := found()) != wanted:
        troubles = cloud.troubles()
        if troubles or time.monotonic() > end:
            pytest.fail(f"{answer} instead of {wanted}\n{troubles}\n{cloud.log_tail()}")
        time.sleep(0.2)


def records_of(cloud: LocalCloud, folder: Path) -> dict[str, Record]:
    """Key below "a b/" -> record, of all that came so far."""
    cloud.download(folder)
    start = f"s3://{cloud.input_bucket}/a b/"
    records = results.read(folder)
    return {one.source.removeprefix(start): one for one in records if one.source.startswith(start)}


def test_images_become_records(
    cloud: LocalCloud, pngs: Pngs, int8_model: Path, tmp_path: Path
) -> None:
    """Each image of the bucket is scored, to the digit, as in this process; a broken one fails
    alone; keys with letters that URLs encode come back as they are.
    """
    s3 = cloud.client("s3")
    scorer = Scorer(int8_model, runtime="litert")
    expected = {}
    for path in pngs.paths[:20]:
        key = f"ü+{path.name}"
        s3.upload_file(str(path), cloud.input_bucket, f"a b/{key}")
        tensor = image.fit(image.decode(path.read_bytes()), scorer.contract)
        [row] = scorer.probabilities(tensor[None])
        expected[key] = (scorer.contract.labels[row.argmax()], float(row.max()))
    s3.put_object(Bucket=cloud.input_bucket, Key="a b/broken.png", Body=b"\x89PNG and no more")

    eventually(lambda: len(records_of(cloud, tmp_path)), 21, cloud)
    records = records_of(cloud, tmp_path)
    broken = records.pop("broken.png")
    assert (broken.status, broken.kind) == ("failed", "corrupt")
    assert {key: (record.label, record.score) for key, record in records.items()} == expected
    assert {record.model for record in records.values()} == {scorer.digest}


def test_what_was_downloaded_is_not_fetched_again(cloud: LocalCloud, tmp_path: Path) -> None:
    """Output objects never change, so a file that is there holds."""
    paths = cloud.download(tmp_path)
    assert paths
    paths[0].write_text("kept")
    assert cloud.download(tmp_path) == paths
    assert paths[0].read_text() == "kept"


def test_a_second_deployment_of_the_same_changes_nothing(cloud: LocalCloud, built: Package) -> None:
    """The change set is empty, is thrown away, and the outputs are the same."""
    assert deploy.deploy(cloud.client, built.path, name=local.STACK) == cloud.stack
    client = cloud.client("cloudformation")
    left = client.list_change_sets(StackName=local.STACK)["Summaries"]
    assert not [one for one in left if one["ExecutionStatus"] == "AVAILABLE"]
    assert not [one for one in left if one["Status"] == "FAILED"]


def test_the_function_may_do_what_its_role_says_only(cloud: LocalCloud, tmp_path: Path) -> None:
    """ministack enforces the role, so a probe in the function's place finds its limits."""
    package = tmp_path / "probe.zip"
    with zipfile.ZipFile(package, "w") as archive:
        archive.writestr("lambda_handler/__init__.py", PROBE)
    probe = cloud.deploy(package, name="probe")
    cloud.client("s3").put_object(Bucket=probe.input_bucket, Key="x", Body=b"x")
    answer = cloud.client("lambda").invoke(
        FunctionName=probe.stack.outputs["FunctionName"],
        Payload=json.dumps({"input": probe.input_bucket}),
    )
    assert json.loads(answer["Payload"].read()) == {
        "write record": "allowed",
        "read record": "allowed",
        "read image": "allowed",
        "look for an image that is gone": "NoSuchKey",
        "write image": "AccessDenied",
        "delete image": "AccessDenied",
        "delete record": "AccessDenied",
        "list buckets": "AccessDenied",
    }


def test_a_deployment_that_fails_says_why(cloud: LocalCloud, built: Package) -> None:
    """The first resource that failed, in one line; here a parameter that the template forbids."""
    with pytest.raises(ConfigurationError, match="stack wrong") as caught:
        deploy.deploy(
            cloud.client, built.path, name="wrong", parameters={"MaximumConcurrency": "1"}
        )
    assert "MaximumConcurrency" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "Upper", "under_score", "1st", "x" * 30])
def test_a_stack_name_that_no_bucket_could_begin_with_is_refused(name: str) -> None:
    """Before anything is uploaded."""
    with pytest.raises(UsageError, match="stack name"):
        deploy.check_name(name)


def test_a_broken_profile_of_the_user_does_not_matter(
    cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does a proxy: this cloud is on this machine and has credentials of its own."""
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    s3 = account.local_clients(cloud.endpoint)("s3")
    names = [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]
    assert cloud.input_bucket in names


def test_up_takes_everything_with_it(int8_model: Path, pngs: Pngs, tmp_path: Path) -> None:
    """`litescore local up`, a function at work, then a signal: no process is left, and no file
    either, where the signal could be heard. Two clouds that start at once, one for each signal.
    """
    ends = {signal.SIGTERM: 0, signal.SIGKILL: -signal.SIGKILL}
    with ExitStack() as clouds:
        ups = {
            number: clouds.enter_context(up(int8_model, tmp_path / str(number))) for number in ends
        }
        for number, process in ups.items():
            upload(spoken(process), pngs.paths[0])
            family = psutil.Process(process.pid).children(recursive=True)
            try:
                assert [one for one in family if "_worker.py" in " ".join(one.cmdline())]
                os.kill(process.pid, number)
                assert process.wait(20) == ends[number]
                _, alive = psutil.wait_procs(family, timeout=5)
                assert alive == []
            finally:
                for one in family:
                    if one.is_running():
                        one.kill()
    assert list((tmp_path / str(signal.SIGTERM)).iterdir()) == []


@contextmanager
def up(model: Path, scratch: Path) -> Iterator[subprocess.Popen[str]]:
    """`litescore local up`, started; ended with the block should it still run."""
    scratch.mkdir()
    words = [sys.executable, "-m", "litescore", "local", "up", "--model", str(model)]
    environ = os.environ | {"TMPDIR": str(scratch)}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environ) as process:
        try:
            yield process
        finally:
            process.terminate()


def spoken(process: subprocess.Popen[str]) -> str:
    """What it says until it is up."""
    assert process.stdout is not None
    said = ""
    while "Ctrl-C stops" not in said:
        line = process.stdout.readline()
        assert line, said
        said += line
    return said


def upload(said: str, path: Path) -> None:
    """Put an image where `litescore local up` said, with what it said to export, and wait until
    something is where the records are said to be.
    """
    exported = dict(re.findall(r"(AWS_\w+)=(\S+)", said))
    s3 = boto3.client(
        "s3",
        endpoint_url=exported["AWS_ENDPOINT_URL"],
        region_name=exported["AWS_REGION"],
        aws_access_key_id=exported["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=exported["AWS_SECRET_ACCESS_KEY"],
    )
    buckets = dict(re.findall(r"^(images|records) +s3://([^/]+)/", said, re.MULTILINE))
    s3.upload_file(str(path), buckets["images"], "image.png")
    end = time.monotonic() + 60
    while not s3.list_objects_v2(Bucket=buckets["records"]).get("KeyCount"):
        assert time.monotonic() < end, "no record came"
        time.sleep(0.1)
