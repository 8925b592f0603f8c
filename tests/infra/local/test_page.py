"""What the page's server answers, and whom."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from dataclasses import replace
from email.message import Message

import pytest

from infra.local import page
from infra.local.cloud import LocalCloud
from infra.local.page import queues
from litescore import image
from litescore.errors import ConfigurationError
from tests.infra.local.conftest import LETTER, until
from tests.rig.pngs import Pngs


def ask(url: str, method: str = "GET", **headers: str) -> tuple[int, Message, bytes]:
    """Status, headers and body."""
    request = urllib.request.Request(url, method=method, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_it_tells_what_is_in_the_cloud(job: LocalCloud, url: str) -> None:
    """Buckets, queues, dead letters, invocations and records; a picture of each that has one."""
    state = json.loads(ask(f"{url}state.json")[2])
    assert state["problem"] is None
    assert state["input"]["bucket"] == job.input_bucket
    assert state["input"]["objects"] >= 9
    assert state["output"]["objects"] >= 1
    assert (state["queue"]["visible"], state["queue"]["in_flight"]) == (0, 0)
    assert state["dead"]["visible"] == 1
    assert [one["about"] for one in state["dead"]["letters"]] == ["s3://b/a letter.png"]
    assert state["log"]["totals"]["images"] >= 9
    assert 1 <= state["log"]["totals"]["cold"] <= state["log"]["totals"]["invocations"]
    records = {one["key"]: one for one in state["records"]}
    assert state["model"] == job.stack.outputs["ModelSha256"]
    broken, whole = records["test_page/broken.png"], records["test_page/0000.png"]
    assert (broken["status"], broken["kind"]) == ("failed", "corrupt")
    assert whole["label"] == whole["top"][0]["label"]
    status, headers, png = ask(f"{url}picture/{whole['id']}")
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert image.decode(png).size == (28, 28)
    assert ask(f"{url}picture/{broken['id']}")[0] == 404


def test_a_stack_that_was_destroyed_is_told(job: LocalCloud) -> None:
    """Not as an error of AWS's about a queue."""
    outputs = {
        name: f"{value}-gone" if name == "QueueUrl" else value
        for name, value in job.stack.outputs.items()
    }
    with page.shown(job.account, replace(job.stack, outputs=outputs)) as url:
        problem = json.loads(ask(f"{url}state.json")[2])["problem"]
    assert (
        problem
        == f"stack {job.stack.name} is not there any more: end this cloud and start it again"
    )


def test_looking_at_a_dead_letter_does_not_take_it(job: LocalCloud, url: str) -> None:
    """It was delivered to nobody, and can be received at once."""
    for _ in range(2):
        ask(f"{url}state.json")
    dead = job.stack.outputs["DeadLetterQueueUrl"]
    [message] = queues.peeked(job.endpoint, dead)
    assert message["ReceiveCount"] == 0
    [received] = job.client("sqs").receive_message(QueueUrl=dead, VisibilityTimeout=0)["Messages"]
    assert received["Body"] == LETTER


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
    ],
    ids=str,
)
def test_a_page_of_the_web_gets_nothing(url: str, headers: dict[str, str]) -> None:
    """Neither by a name that it points at 127.0.0.1, nor by a script of its own."""
    status, _, body = ask(f"{url}state.json", **headers)
    assert status == 403
    assert b"bucket" not in body


def test_it_changes_nothing(url: str) -> None:
    """Any method but GET is refused, whatever the path."""
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert ask(f"{url}state.json", method)[0] == 405


def test_nothing_foreign_is_loaded_or_run(url: str) -> None:
    """The page names no other address, and its policy lets only what stands in it run."""
    _, headers, body = ask(url)
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert b"http" not in body.replace(b"http://www.w3.org/2000/svg", b"")
    assert ask(f"{url}../etc/passwd")[0] == 404


def test_a_port_in_use_is_one_line(job: LocalCloud, url: str) -> None:
    """With what to do about it."""
    port = int(url.rsplit(":", 1)[1].strip("/"))
    with (
        pytest.raises(ConfigurationError, match="--page-port") as caught,
        page.shown(job.account, job.stack, port),
    ):
        pass
    assert "\n" not in str(caught.value)


def test_an_image_that_is_overwritten_has_no_picture_any_more(
    job: LocalCloud, url: str, pngs: Pngs
) -> None:
    """Its record is about what was there before; the new one has a record and picture of its own."""
    state = json.loads(ask(f"{url}state.json")[2])
    [before] = [one for one in state["records"] if one["key"] == "test_page/0003.png"]
    job.client("s3").upload_file(str(pngs.paths[30]), job.input_bucket, before["key"])
    assert ask(f"{url}picture/{before['id']}")[0] == 404

    def after() -> list[str]:
        records = json.loads(ask(f"{url}state.json")[2])["records"]
        named = [one["id"] for one in records if one["key"] == before["key"]]
        return [identity for identity in named if identity != before["id"]]

    [now] = until(after)
    assert ask(f"{url}picture/{now}")[0] == 200
