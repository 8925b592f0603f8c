"""A function that follows a channel, deployed: the plan, the parameters, and what is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.cloud.account import Account
from infra.package import build as package
from litescore import results
from litescore.record import Record
from litescore.releases import keys, publishing
from litescore.releases.keys import PrivateKey
from litescore.releases.publishing import Publisher
from litescore.releases.shelf import open_shelf
from tests.infra.cloud.conftest import MODEL, Say, write_zip
from tests.infra.cloud.test_deploy import settings
from tests.releases.conftest import key, key_file, make_model
from tests.rig.pngs import Pngs
from tests.rig.waiting import wait_until

__all__ = ["key", "key_file"]

CHANNEL = "s3://shelves/models/shoes@stable"


@pytest.fixture
def publish(
    empty: Account, key: PrivateKey, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[int], str]]:
    """`publish(number)` lets the channel `stable` hand out a model; its digest."""
    s3 = empty.client("s3")
    s3.create_bucket(Bucket="shelves")
    held = s3._request_signer._credentials
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.meta.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", held.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", held.secret_key)
    monkeypatch.setenv("AWS_REGION", empty.region)
    publisher = Publisher(open_shelf("s3://shelves/models/shoes"), key)

    def published(number: int) -> str:
        return publishing.publish(publisher, make_model(number), "stable").release.digest

    yield published
    for one in s3.list_objects_v2(Bucket="shelves").get("Contents", []):
        s3.delete_object(Bucket="shelves", Key=one["Key"])
    s3.delete_bucket(Bucket="shelves")


@pytest.fixture
def trust(key_file: Path) -> str:
    """The file of the public key."""
    return f"{key_file}.pub"


def test_a_channel_is_followed_until_a_model_is_named(
    empty: Account,
    say: Say,
    publish: Callable[[int], str],
    key: PrivateKey,
    trust: str,
    tmp_path: Path,
) -> None:
    """Nothing is pinned beside it; it stays when nothing is said of it, and `zip` goes back."""
    digest = publish(1)
    write_zip(tmp_path / "build" / "function.zip", **{"cryptography/__init__.py": b""})
    deploy = ("deploy", "--stack", "follows", "--yes")
    said = say(*deploy, "--model", CHANNEL, "--trust", trust, "--model-check", "7")
    assert said.code == 0, said.err
    assert f"the function follows {CHANNEL}, which hands out {digest[:12]} now" in said.out
    wanted = {
        "ModelShelf": "shelves/models/shoes",
        "ModelChannel": "stable",
        "ModelTrust": key.public.text,
        "ModelCheckMinutes": "7",
        "ModelPath": "",
        "ModelSha256": "",
    }
    assert wanted.items() <= settings(empty, "follows").items()
    said = say(*deploy, "--memory", "3008")
    assert f"the function follows {CHANNEL}, as it did" in said.out
    assert wanted.items() <= settings(empty, "follows").items()
    status = json.loads(say("status", "--stack", "follows", "--json").out)
    assert status["function"]["model"] == CHANNEL
    said = say(*deploy, "--model", "zip")
    assert said.code == 0, said.err
    found = settings(empty, "follows")
    assert (found["ModelShelf"], found["ModelTrust"]) == ("", "")
    assert found["ModelSha256"] == hashlib.sha256(MODEL).hexdigest()


def test_what_the_function_could_not_follow_is_refused(
    say: Say, publish: Callable[[int], str], trust: str, tmp_path: Path
) -> None:
    """Before anything is done: one line that says what to do."""
    plan = ("deploy", "--plan", "--model")
    said = say(*plan, CHANNEL, "--trust", trust)
    assert (said.code, "litescore package --follow" in said.err) == (3, True)
    write_zip(tmp_path / "build" / "function.zip", **{"cryptography/__init__.py": b""})
    said = say(*plan, CHANNEL, "--trust", trust)
    assert (said.code, "NoSuchKey" in said.err) == (3, True)
    publish(1)
    said = say(*plan, CHANNEL)
    assert (said.code, "no key is trusted" in said.err) == (3, True)
    keys.create(Path("other.key"))
    said = say(*plan, CHANNEL, "--trust", "other.key.pub")
    assert said.code == 3
    assert "channel 'stable' of shoes is not signed by a key" in said.err
    said = say(*plan, "folder/shoes@stable", "--trust", trust)
    assert (said.code, "follows s3://bucket/prefix@channel" in said.err) == (2, True)
    said = say(*plan, "zip", "--trust", trust)
    assert (said.code, "--trust is for a channel" in said.err) == (2, True)


def test_a_deployed_function_takes_the_next_release(
    empty: Account,
    say: Say,
    publish: Callable[[int], str],
    trust: str,
    pngs: Pngs,
    tmp_path: Path,
) -> None:
    """A zip with --follow, as it is built: an image after a publication is scored by the new model."""
    model = tmp_path / "model.tflite"
    model.write_bytes(make_model(0))
    built = package.build(model, tmp_path / "follow", follow=True)
    first = publish(1)
    words = ("--package", str(built.path), "--model", CHANNEL, "--trust", trust)
    said = say(
        *("deploy", "--stack", "takes", "--window", "1", "--model-check", "0", "--yes"), *words
    )
    assert said.code == 0, said.err
    where, s3 = f"{empty.number}-{empty.region}", empty.client("s3")

    def scored(name: str) -> str:
        """The model that scored an image put there now."""
        s3.upload_file(str(pngs.paths[0]), f"takes-input-{where}", name)
        found: list[Record] = []

        def is_there() -> bool:
            every = results.read(f"s3://takes-output-{where}/records/")
            found[:] = [one for one in every if one.source.endswith(name)]
            return bool(found)

        wait_until(is_there, 60)
        return found[0].model

    assert scored("a.png") == first
    second = publish(2)
    assert scored("b.png") == second
