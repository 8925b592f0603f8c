"""A statement and who signed it: DSSE, the envelope of in-toto and Sigstore.

https://github.com/secure-systems-lab/dsse/blob/master/protocol.md (version 1). What is signed are the
bytes themselves with their type in front, so that no two readers of JSON can differ about them, and
no statement of one kind passes for one of another.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from typing import Any

from litescore.errors import ReleaseError
from litescore.releases.keys import PrivateKey, PublicKey


def seal(kind: str, statement: Mapping[str, Any], key: PrivateKey) -> bytes:
    """JSON of an envelope that holds the statement of this kind, signed."""
    payload = json.dumps(statement, indent=2, ensure_ascii=False).encode()
    signature = {
        "keyid": key.public.id,
        "sig": _text(key.sign(_signed(kind, payload))),
    }
    envelope = {"payload": _text(payload), "payloadType": kind, "signatures": [signature]}
    return json.dumps(envelope, indent=2).encode() + b"\n"


def opened(
    data: bytes, kind: str, trusted: Iterable[PublicKey], *, what: str
) -> tuple[Mapping[str, Any], str]:
    """The statement, and the id of the trusted key that signed it.

    what  names the statement to a person

    Raises ReleaseError for what is no envelope, of another kind, or signed by nobody who is trusted.
    """
    payload, found, signatures = _taken_apart(data, what)
    if found != kind:
        raise ReleaseError(f"{what} is of another kind: {found!r}, not {kind!r}")
    message = _signed(kind, payload)
    for key in trusted:
        if any(key.holds(signature, message) for signature in signatures):
            return _statement(payload, what), key.id
    if not signatures:
        raise ReleaseError(f"{what} is not signed")
    raise ReleaseError(
        f"{what} is not signed by a key that is trusted here: {_signers(data)} signed it"
    )


def claimed(data: bytes, kind: str, *, what: str) -> Mapping[str, Any]:
    """The statement, whoever made it: to be shown, and nothing else.

    Raises ReleaseError for what is no envelope or of another kind.
    """
    payload, found, _ = _taken_apart(data, what)
    if found != kind:
        raise ReleaseError(f"{what} is of another kind: {found!r}, not {kind!r}")
    return _statement(payload, what)


def _taken_apart(data: bytes, what: str) -> tuple[bytes, str, list[bytes]]:
    try:
        envelope = json.loads(data)
        payload = base64.b64decode(envelope["payload"], validate=True)
        signatures = [base64.b64decode(one["sig"]) for one in envelope["signatures"]]
        return payload, str(envelope["payloadType"]), signatures
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ReleaseError(f"{what} is broken or cut short ({type(error).__name__})") from error


def _statement(payload: bytes, what: str) -> Mapping[str, Any]:
    try:
        statement = json.loads(payload)
    except (ValueError, RecursionError) as error:
        raise ReleaseError(f"{what} holds no JSON: {error}") from error
    if not isinstance(statement, dict):
        raise ReleaseError(f"{what} holds no JSON object")
    return statement


def _signers(data: bytes) -> str:
    """Ids as the envelope claims them, for a person to look up; nothing hangs on them."""
    claimed = [str(one.get("keyid"))[:64] for one in json.loads(data)["signatures"]]
    return ", ".join(claimed)


def _signed(kind: str, payload: bytes) -> bytes:
    """The protocol's pre-authentication encoding."""
    name = kind.encode()
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(payload), payload)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
