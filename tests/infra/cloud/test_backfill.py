"""`litescore backfill` on the local cloud: the template's state machine, the real zip."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from infra.cloud import account
from infra.cloud.backfills import following, price, scope
from infra.cloud.backfills.following import Pace
from infra.cloud.backfills.runs import Progress
from infra.local.cloud import LocalCloud
from infra.package.build import Package
from litescore import image
from litescore.errors import UsageError
from litescore.scorer import Scorer
from tests.infra.cloud.quiet import Said, begin, deployed, keep, records_of, runs, say
from tests.rig.pngs import Pngs

IMAGES = 12


@pytest.fixture(scope="module")
def cloud(
    cloud: LocalCloud, built: Package, pngs: Pngs, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalCloud]:
    """A stack with images that were there before any event: `old/` holds 12, a broken one and a
    folder marker.
    """
    with deployed(cloud, built, "backfill", tmp_path_factory.mktemp("home")) as found:
        s3 = found.client("s3")
        for path in pngs.paths[:IMAGES]:
            s3.upload_file(str(path), found.input_bucket, f"old/ü+ {path.name}")
        s3.put_object(Bucket=found.input_bucket, Key="old/broken.png", Body=b"\x89PNG and no more")
        s3.put_object(Bucket=found.input_bucket, Key="old/", Body=b"")
        yield found


@pytest.fixture
def spoken(cloud: LocalCloud, capsys: pytest.CaptureFixture[str]) -> Any:
    """`spoken("s3://...", "--yes")`: a backfill of that stack."""

    def speak(*words: str) -> Said:
        return say(cloud, capsys, ["backfill", *words])

    return speak


def test_what_was_there_before_is_scored(
    cloud: LocalCloud, spoken: Any, pngs: Pngs, int8_model: Path, tmp_path: Path
) -> None:
    """Each image under the prefix, to the digit, as in this process, with the same id as if an event
    had named it; the broken one fails alone, and is told by the exit code.
    """
    done = spoken(f"s3://{cloud.input_bucket}/old/", "--yes", "--json")
    told = json.loads(done.out)
    assert done.code == 1, done
    assert told["status"] == "SUCCEEDED"
    assert told["images"] == {"total": 14, "succeeded": 14, "failed": 0}
    assert told["records"] == {"scored": IMAGES, "failed": 1, "superseded": 0}
    assert told["failed_kinds"] == {"corrupt": 1}
    assert told["dollars"] > 0
    assert "14 images, about $" in done.err

    records = records_of(cloud, tmp_path)
    assert records.pop("old/broken.png").kind == "corrupt"
    scorer = Scorer(int8_model, runtime="litert")
    expected = {}
    for path in pngs.paths[:IMAGES]:
        tensor = image.fit(image.decode(path.read_bytes()), scorer.contract)
        [row] = scorer.probabilities(tensor[None])
        label = scorer.contract.labels[row.argmax()]
        expected[f"old/ü+ {path.name}"] = (label, float(row.max()))
    assert {key: (record.label, record.score) for key, record in records.items()} == expected


def test_a_second_time_changes_nothing(cloud: LocalCloud, spoken: Any, tmp_path: Path) -> None:
    """The same objects have the same ids and the same names: nothing is written twice. In words now,
    with the cost by what was measured.
    """
    before = cloud.download(tmp_path)
    done = spoken(f"s3://{cloud.input_bucket}/old/", "--yes")
    assert cloud.download(tmp_path) == before
    assert before
    assert "as measured" in done.err
    assert "12 scored, 1 failed (1 corrupt)" in done.out
    assert "14 done, 0 failed of 14" in done.out


def test_a_list_names_what_is_scored(
    cloud: LocalCloud, spoken: Any, pngs: Pngs, tmp_path: Path
) -> None:
    """A CSV of this machine: one that is there, one that is gone, one that changed since, and no more
    than asked for.
    """
    key = f"old/ü+ {pngs.paths[0].name}"
    rows = ["bucket,key,etag", f"{cloud.input_bucket},{key},"]
    rows += [f"{cloud.input_bucket},gone.png,", f'{cloud.input_bucket},{key},"0123"']
    path = tmp_path / "list.csv"
    path.write_text("\n".join([*rows, f"{cloud.input_bucket},left-out.png,"]))
    done = spoken(str(path), "--yes", "--json", "--max-images", "3")
    told = json.loads(done.out)
    assert told["images"]["total"] == 3, done
    assert told["records"] == {"scored": 1, "failed": 1, "superseded": 1}
    assert told["failed_kinds"] == {"gone": 1}


def test_an_inventory_is_read_here(cloud: LocalCloud, spoken: Any, pngs: Pngs) -> None:
    """One in S3, of a bucket where the state machine may not read: with encoded keys, older versions
    and delete markers.
    """
    s3, bucket = cloud.client("s3"), cloud.stack.outputs["OutputBucket"]
    key = f"old/%C3%BC%2B+{pngs.paths[1].name}"
    rows = [(key, "true", "false"), (key, "false", "false"), ("old/x.png", "true", "true")]
    table = "".join(f'"{cloud.input_bucket}","{k}","{new}","{off}"\n' for k, new, off in rows)
    held = {
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, IsLatest, IsDeleteMarker",
        "destinationBucket": f"arn:aws:s3:::{bucket}",
        "files": [{"key": "lists/data/rows.csv"}],
    }
    s3.put_object(Bucket=bucket, Key="lists/data/rows.csv", Body=table.encode())
    s3.put_object(Bucket=bucket, Key="lists/manifest.json", Body=json.dumps(held).encode())
    done = spoken(f"s3://{bucket}/lists/manifest.json", "--yes", "--json")
    assert (done.code, json.loads(done.out)["records"]) == (
        0,
        {"scored": 1, "failed": 0, "superseded": 0},
    ), done


def test_the_state_machine_reads_an_inventory_that_it_may(cloud: LocalCloud) -> None:
    """On AWS, of the output bucket: nothing of it is read here, it may list millions."""
    aws = replace(account.at(cloud.endpoint), local=False)
    bucket = cloud.stack.outputs["OutputBucket"]
    work = scope.named(
        aws, cloud.stack, f"s3://{bucket}/inventory/shoes/2026-03-04/manifest.json", max_images=5
    )
    assert json.loads(work.input()) == {
        "from": "inventory",
        "bucket": cloud.input_bucket,
        "prefix": "",
        "manifest": {"bucket": bucket, "key": "inventory/shoes/2026-03-04/manifest.json"},
        "max_images": 5,
    }
    assert work.expected is None


def test_a_part_of_the_bucket_is_all_that_is_read(cloud: LocalCloud, tmp_path: Path) -> None:
    """Where the stack is for a prefix: no other prefix, and no image of a list outside."""
    part = replace(cloud.stack, outputs={**cloud.stack.outputs, "InputPrefix": "old/"})
    path = tmp_path / "list.jsonl"
    path.write_text(json.dumps({"bucket": cloud.input_bucket, "key": "new/a.png"}))
    for what in (f"s3://{cloud.input_bucket}/", str(path)):
        with pytest.raises(UsageError, match=f"s3://{cloud.input_bucket}/old/ only"):
            scope.named(account.at(cloud.endpoint), part, what)
    assert scope.changed(part).prefix == "old/"


def test_what_the_function_may_not_read_is_refused_with_the_fix(
    cloud: LocalCloud, spoken: Any, tmp_path: Path
) -> None:
    """Before anything starts: another bucket, in a list too, an empty prefix, a missing file."""
    path = tmp_path / "list.jsonl"
    path.write_text('{"source": "s3://another-bucket/a.png"}\n')
    refused = {
        "s3://another-bucket/old/": f"reads s3://{cloud.input_bucket}/ only",
        str(
            path
        ): f"image 1 is s3://another-bucket/a.png, and the function of this stack reads s3://{cloud.input_bucket}/ only",
        f"s3://{cloud.input_bucket}/nothing/": "there is no object under",
        str(tmp_path / "none.csv"): "no such file",
        str(tmp_path): "litescore score",
    }
    for what, why in refused.items():
        done = spoken(what, "--yes")
        assert (done.code, why in done.err) == (2, True), done
    both = spoken(f"s3://{cloud.input_bucket}/old/", "--changed")
    assert both.code == 2


def test_money_bounds_the_images(cloud: LocalCloud, spoken: Any) -> None:
    """By the measured time; what is not enough for one image starts nothing."""
    where = f"s3://{cloud.input_bucket}/old/"
    rate = price.rate(account.at(cloud.endpoint), cloud.stack)
    assert rate.measured
    done = spoken(where, "--yes", "--json", "--max-cost", f"{rate.dollars(6):.9f}")
    total = json.loads(done.out)["images"]["total"]
    assert 0 < total < 14, done
    assert spoken(where, "--yes", "--max-cost", "0.000000001").code == 2


def test_without_a_yes_nothing_starts(
    cloud: LocalCloud, spoken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked, and no one answers."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    count = len(runs(cloud))
    done = spoken(f"s3://{cloud.input_bucket}/old/")
    assert (done.code, "say --yes" in done.err) == (2, True), done
    assert len(runs(cloud)) == count


def test_no_is_no(cloud: LocalCloud, spoken: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Declined, nothing starts, and that is no failure."""
    monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
    count = len(runs(cloud))
    done = spoken(f"s3://{cloud.input_bucket}/old/")
    assert (done.code, done.out) == (0, "")
    assert done.err.endswith("nothing was started\n")
    assert len(runs(cloud)) == count


def test_failures_are_named(cloud: LocalCloud, spoken: Any, pngs: Pngs) -> None:
    """A run that someone else started, attached to; one batch in thirty fails for good, which is
    tolerated, and is told with its image and the function's words.
    """
    good = {"Bucket": cloud.input_bucket, "Key": f"old/ü+ {pngs.paths[0].name}", "Etag": ""}
    bad = {"Bucket": "no/bucket", "Key": "a.png", "Etag": ""}
    name = begin(cloud, keep(cloud, "mixed", bad, *[good] * 29))
    done = spoken("--attach", name)
    assert done.code == 1
    assert "29 done, 1 failed of 30" in done.out
    assert "failed   s3://no/bucket/a.png: " in done.out
    assert "bucket 'no/bucket', key 'a.png': no object has this name" in done.out
    assert f"s3://{cloud.stack.outputs['OutputBucket']}/backfills/" in done.out
    assert "FAILED_0.json" in done.out


def test_a_run_that_scores_nothing_says_why(cloud: LocalCloud, spoken: Any) -> None:
    """Every batch failed: the function's words; the list cannot be read: the state machine's."""
    name = begin(cloud, keep(cloud, "bad", {"Bucket": "no/bucket", "Key": "a.png", "Etag": ""}))
    done = spoken("--attach", name)
    assert (done.code, "bucket 'no/bucket'" in done.err) == (3, True), done
    missing = keep(cloud, "gone")
    missing["manifest"]["key"] = "manifests/never.jsonl"
    done = spoken("--attach", begin(cloud, missing))
    assert (done.code, "States.ItemReaderFailed" in done.err) == (3, True), done


def test_it_goes_on_without_the_command(
    cloud: LocalCloud, spoken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Started only, or left by Ctrl-C, which says how to go on; then stopped, and attached to."""
    where = f"s3://{cloud.input_bucket}/old/"
    started = json.loads(spoken(where, "--yes", "--json", "--no-follow").out)

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # In the place of Ctrl-C, at the one moment that is sure to come.
        patch.setattr(following.time, "sleep", interrupted)
        left = spoken("--attach", started["name"])
    assert left.code == 130
    assert f"--attach {started['name']} --stack backfill --local" in left.err
    assert spoken("--stop", started["name"]).code == 0
    ended = spoken("--attach", started["arn"], "--json")
    assert (ended.code, json.loads(ended.out)["status"]) == (1, "ABORTED")
    again = spoken("--stop", started["name"])
    assert (again.code, "has ended already: aborted" in again.err) == (2, True), again
    assert spoken("--attach", "never").code == 2


def test_what_changed_is_scored_and_no_more(
    cloud: LocalCloud, spoken: Any, pngs: Pngs, tmp_path: Path
) -> None:
    """What has no record; then nothing; then the one that holds another image since, however often
    the state machine has to ask.
    """
    s3 = cloud.client("s3")
    for path in pngs.paths[20:22]:
        s3.upload_file(str(path), cloud.input_bucket, f"new/{path.name}")
    before = set(records_of(cloud, tmp_path))
    first = spoken("--changed", "--yes", "--json")
    after = set(records_of(cloud, tmp_path))
    assert {f"new/{path.name}" for path in pngs.paths[20:22]} <= after - before
    assert json.loads(first.out)["images"]["total"] == len(after - before), first

    again = spoken("--changed", "--yes")
    assert (again.code, "nothing to score" in again.out) == (0, True), again

    s3.upload_file(str(pngs.paths[23]), cloud.input_bucket, f"new/{pngs.paths[20].name}")
    third = spoken("--changed", "--yes", "--json")
    assert third.code == 0, third
    assert json.loads(third.out)["records"] == {"scored": 1, "failed": 0, "superseded": 0}


def test_a_night_starts_it(cloud: LocalCloud, built: Package) -> None:
    """The template's schedule, at a moment instead of at night: the state machine runs with the input
    that the template gives it.
    """
    from infra.cloud.deployment import deploy

    client = cloud.client("scheduler")
    nightly = deploy.deploy(
        cloud.client,
        built.path,
        name="nights",
        parameters={"NightlySchedule": "cron(0 3 * * ? *)", "NightlyMaximumImages": "7"},
    )
    found = client.get_schedule(Name="nights-nightly")
    client.update_schedule(
        Name=found["Name"],
        ScheduleExpression=time.strftime("at(%Y-%m-%dT%H:%M:%S)", time.gmtime()),
        Target=found["Target"],
        FlexibleTimeWindow=found["FlexibleTimeWindow"],
    )
    machine, executions = nightly.outputs["BackfillArn"], []
    end = time.monotonic() + 30
    states = cloud.client("stepfunctions")
    while not executions and time.monotonic() < end:
        time.sleep(0.5)
        executions = states.list_executions(stateMachineArn=machine)["executions"]
    [one] = executions
    given = json.loads(states.describe_execution(executionArn=one["executionArn"])["input"])
    assert given == {
        "from": "changes",
        "bucket": nightly.outputs["InputBucket"],
        "prefix": "",
        "manifest": {"bucket": "", "key": ""},
        "max_images": 7,
    }


def test_the_pace_is_of_what_was_seen_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attached to a run that is far already, its images do not count as done in a second."""
    moment = 100.0
    monkeypatch.setattr(following.time, "monotonic", lambda: moment)
    pace = Pace()
    moment = 110.0
    assert pace.rate(Progress("RUNNING", total=900, succeeded=500)) == 0
    assert pace.left(Progress("RUNNING", total=900, succeeded=500)) is None
    moment = 120.0
    assert pace.rate(Progress("RUNNING", total=900, succeeded=700)) == 10
    assert pace.left(Progress("RUNNING", total=900, succeeded=700)) == 20
