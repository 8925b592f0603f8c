"""Pictures in S3: what did not change is not downloaded to learn that."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from litescore.dataset import Dataset, Picture
from litescore.dataset.bucket import Bucket
from litescore.looks import Look
from tests.rig import proxy as rig
from tests.rig.proxy import Proxy
from tests.rig.seaweed import S3
from tests.trainer.pictures import photograph
from trainer.images.known import Facts, Known
from trainer.images.splits import Splits, load

LABELS = ("blue", "red")


@pytest.fixture
def proxy(s3: S3, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """A real server, and who counts what it is asked for."""
    with rig.serve(s3.endpoint) as found:
        for name, value in found.environ(s3.environ).items():
            monkeypatch.setenv(name, value)
        yield found


def put(s3: S3, bucket: str, label: str, number: int, seed: int) -> None:
    photograph(label, seed, (14, 14)).save(held := io.BytesIO(), "PNG")
    key = f"photos/{label}/{number}.png"
    s3.client.put_object(Bucket=bucket, Key=key, Body=held.getvalue())


@pytest.fixture
def photos(s3: S3, bucket: str) -> str:
    """The prefix of 12 photographs."""
    for label in LABELS:
        for number in range(6):
            put(s3, bucket, label, number, number)
    return f"s3://{bucket}/photos/"


def downloaded(proxy: Proxy) -> list[str]:
    """Objects that were asked for since, by name."""
    asked = [one.target.partition("?")[0] for one in proxy.asked if one.method == "GET"]
    proxy.asked.clear()
    return sorted("/".join(path.split("/")[-2:]) for path in asked if path.endswith(".png"))


def tensors(parts: Splits) -> np.ndarray:
    return np.concatenate([parts.train.tensors, parts.test.tensors])


def test_only_what_changed_is_downloaded(
    s3: S3, bucket: str, photos: str, proxy: Proxy, tmp_path: Path
) -> None:
    """The second time nothing, another object alone; and the training is the same one."""
    root = tmp_path / "cache"
    first = load(photos, 0, seed=0, cache=root)
    assert set(downloaded(proxy)) == {f"{label}/{n}.png" for label in LABELS for n in range(6)}
    again = load(photos, 0, seed=0, cache=root)
    assert downloaded(proxy) == []
    assert (again.digest(), again.contract) == (first.digest(), first.contract)
    np.testing.assert_array_equal(tensors(again), tensors(first))
    put(s3, bucket, "red", 3, seed=99)
    changed = load(photos, 0, seed=0, cache=root)
    assert set(downloaded(proxy)) == {"red/3.png"}
    assert changed.digest() != first.digest()
    fresh = load(photos, 0, seed=0, cache=tmp_path / "another")
    np.testing.assert_array_equal(tensors(changed), tensors(fresh))
    assert changed.digest() == fresh.digest()


FACTS = (Facts(Look(3, 4, False), bytes(32)), Facts(Look(5, 6, True), bytes([1]) * 32))


def listed(*etags: str) -> tuple[Picture, ...]:
    return tuple(Picture(Bucket("s3://b/p/"), f"{n}/a.png", tag) for n, tag in enumerate(etags))


def known(root: Path, pictures: tuple[Picture, ...]) -> list[Facts | None]:
    """What is known of these pictures."""
    found = Known(root, [Dataset("p", "all", LABELS, np.arange(len(pictures)), pictures)])
    return [found.of(one) for one in pictures]


def keep(root: Path) -> None:
    """The facts of two pictures whose ETags are a and b."""
    pictures = listed("a", "b")
    data = Dataset("p", "all", LABELS, np.arange(2), pictures)
    Known(root, [data]).keep(zip(pictures, FACTS, strict=True))


def test_what_is_known_goes_by_url_and_etag(tmp_path: Path) -> None:
    """The same URL under another ETag is another picture."""
    keep(tmp_path)
    assert known(tmp_path, listed("a", "b")) == list(FACTS)
    assert known(tmp_path, listed("a", "a")) == [FACTS[0], None]


@pytest.mark.parametrize("damage", ["a bit", "empty", "cut", "of other code"])
def test_what_is_known_may_be_damaged(
    tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then nothing is, and it is written anew."""
    keep(tmp_path)
    (path,) = tmp_path.glob("known/*.npz")
    whole = path.read_bytes()
    if damage == "of other code":
        monkeypatch.setattr("trainer.images.known._CODE", ())
    turned = whole.replace(bytes([1]) * 32, bytes([1]) * 31 + b"\0")
    path.write_bytes({"a bit": turned, "empty": b"", "cut": whole[:-9]}.get(damage, whole))
    assert known(tmp_path, listed("a", "b")) == [None, None]
    keep(tmp_path)
    assert known(tmp_path, listed("a", "b")) == list(FACTS)


def test_what_is_known_need_not_be_kept(tmp_path: Path) -> None:
    """It saves time only: a folder that cannot be written is no error here."""
    (tmp_path / "known").write_text("in the way")
    keep(tmp_path)
    assert known(tmp_path, listed("a", "b")) == [None, None]
