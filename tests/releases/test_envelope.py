"""The envelope: what it keeps out."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from litescore.errors import ReleaseError
from litescore.releases import envelope, keys
from litescore.releases.keys import PrivateKey

KIND = "application/vnd.litescore.test+json"


def test_a_statement_comes_out_as_it_went_in(key: PrivateKey) -> None:
    """With the id of who signed it."""
    sealed = envelope.seal(KIND, {"name": "Schuhe, größer"}, key)
    found = envelope.opened(sealed, KIND, [key.public], what="it")
    assert found == ({"name": "Schuhe, größer"}, key.public.id)


def test_it_is_dsse(key: PrivateKey) -> None:
    """The bytes that are signed are those of the protocol's own example."""
    assert envelope._signed("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    sealed = json.loads(envelope.seal(KIND, {}, key))
    assert sealed.keys() == {"payload", "payloadType", "signatures"}
    assert sealed["signatures"][0].keys() == {"keyid", "sig"}


def changed(change: Callable[[Any], Any]) -> Callable[[bytes], bytes]:
    def apply(sealed: bytes) -> bytes:
        values = json.loads(sealed)
        change(values)
        return json.dumps(values).encode()

    return apply


def other_payload(values: Any) -> None:
    payload = base64.b64decode(values["payload"]).replace(b"shoes", b"boots")
    values["payload"] = base64.b64encode(payload).decode()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda sealed: sealed[:-40], "is broken or cut short"),
        (lambda _: b"", "is broken or cut short"),
        (lambda _: b"[" * 100_000, "is broken or cut short"),
        (changed(other_payload), "is not signed by a key that is trusted here: "),
        (changed(lambda v: v["signatures"].clear()), "is not signed"),
        (changed(lambda v: v["signatures"][0].update(sig="AAAA")), "is not signed by a key"),
        (changed(lambda v: v.update(payloadType="other")), "is of another kind: 'other'"),
    ],
    ids=["cut short", "empty", "deep", "changed", "unsigned", "wrongly signed", "other kind"],
)
def test_what_is_refused(spoil: Callable[[bytes], bytes], said: str, key: PrivateKey) -> None:
    """Each by name, whatever was done to it."""
    sealed = envelope.seal(KIND, {"model": "shoes"}, key)
    with pytest.raises(ReleaseError, match=f"^it {said}"):
        envelope.opened(spoil(sealed), KIND, [key.public], what="it")


def test_a_kind_is_signed_too(key: PrivateKey) -> None:
    """A statement of another kind does not pass by its label alone."""
    relabelled = changed(lambda values: values.update(payloadType=KIND))
    sealed = relabelled(envelope.seal("other", {}, key))
    with pytest.raises(ReleaseError, match="is not signed by a key"):
        envelope.opened(sealed, KIND, [key.public], what="it")


def test_another_s_key_is_not_trusted(key: PrivateKey, tmp_path: Path) -> None:
    """The keyid in the envelope is a claim: nothing hangs on it."""
    keys.create(tmp_path / "other.key")
    other = keys.read_private(tmp_path / "other.key")
    claim = changed(lambda values: values["signatures"][0].update(keyid=key.public.id))
    sealed = claim(envelope.seal(KIND, {}, other))
    with pytest.raises(ReleaseError, match=f"trusted here: {key.public.id} signed it"):
        envelope.opened(sealed, KIND, [key.public], what="it")
    assert (
        envelope.opened(sealed, KIND, [key.public, other.public], what="it")[1] == other.public.id
    )
