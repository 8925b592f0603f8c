"""Keys that releases are signed with: Ed25519 (RFC 8032), in the PEM files that OpenSSL reads.

The private key stays where releases are made; devices hold the public one.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from litescore.errors import ConfigurationError, MissingDependency, ReleaseError
from litescore.files import write_whole

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

PUBLIC_SUFFIX = ".pub"
_ID_DIGITS = 16
# How each Ed25519 public key begins (RFC 8410) in the base64 of its PEM file; no file is called so.
_BEGINNING = "MCowBQYDK2VwAyEA"
_TEXT_LETTERS, _KEY_BYTES = 60, 32


@dataclass(frozen=True)
class PublicKey:
    """What tells whether a signature is its owner's.

    id  the first 16 hexadecimal digits of the SHA-256 of the key's 32 bytes
    """

    id: str
    _key: Ed25519PublicKey = field(repr=False, compare=False)

    def holds(self, signature: bytes, message: bytes) -> bool:
        """Whether this key's owner signed these bytes."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def to_pem(self) -> bytes:
        """SubjectPublicKeyInfo (RFC 8410) as PEM."""
        serialization = _cryptography().serialization
        pem: bytes = self._key.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return pem

    @property
    def text(self) -> str:
        """The middle line of its PEM file: the key in one word."""
        return self.to_pem().decode().splitlines()[1]


@dataclass(frozen=True)
class PrivateKey:
    """What signs. Its representation shows the public half only."""

    public: PublicKey
    _key: Ed25519PrivateKey = field(repr=False, compare=False)

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(message)


def create(path: Path, passphrase: str | None = None) -> PublicKey:
    """Write a new private key to `path`, for its owner's eyes only, and the public one beside it
    with `.pub` behind its name.

    passphrase  encrypts the private key; None leaves it as it is

    Raises ConfigurationError where either file is there already: whoever trusts the old key would
    not trust the new one.
    """
    public_path = path.with_name(path.name + PUBLIC_SUFFIX)
    for there in (path, public_path):
        if there.exists():
            raise ConfigurationError(
                f"{there} is there already: name another file, or remove it if nothing trusts it"
            )
    primitives = _cryptography()
    serialization = primitives.serialization
    key = primitives.ed25519.Ed25519PrivateKey.generate()
    hidden: Any = serialization.NoEncryption()
    if passphrase:
        hidden = serialization.BestAvailableEncryption(passphrase.encode())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden)
    public = _public(key.public_key())
    write_whole(path, pem, mode=0o600)
    write_whole(public_path, public.to_pem())
    return public


def read_private(path: Path, passphrase: str | None = None) -> PrivateKey:
    """The private key in a PEM file.

    Raises ConfigurationError for a file that cannot be read, holds another kind of key, or is
    encrypted otherwise than with this passphrase.
    """
    primitives = _cryptography()
    try:
        key = primitives.serialization.load_pem_private_key(
            _content(path), passphrase.encode() if passphrase else None
        )
    except (ValueError, TypeError) as error:
        raise ConfigurationError(f"cannot use {path} as a private key: {_reason(error)}") from error
    if not isinstance(key, primitives.ed25519.Ed25519PrivateKey):
        raise ConfigurationError(f"{path} is no Ed25519 key: make one with `litescore keys new`")
    return PrivateKey(_public(key.public_key()), key)


def read_public(path: Path) -> PublicKey:
    """The public key in a PEM file.

    Raises ConfigurationError for a file that cannot be read or holds another kind of key.
    """
    primitives = _cryptography()
    content = _content(path)
    if b"PRIVATE KEY" in content:
        raise ConfigurationError(
            f"{path} is a private key: devices need the public one, {path.name}{PUBLIC_SUFFIX}, only"
        )
    try:
        key = primitives.serialization.load_pem_public_key(content)
    except ValueError as error:
        raise ConfigurationError(f"cannot use {path} as a public key: {_reason(error)}") from error
    if not isinstance(key, primitives.ed25519.Ed25519PublicKey):
        raise ConfigurationError(f"{path} is no Ed25519 key: make one with `litescore keys new`")
    return _public(key)


def trusted(paths: Iterable[Path], listed: str = "") -> tuple[PublicKey, ...]:
    """The public keys in these files; where no file is named, those of LITESCORE_TRUST.

    listed  its value

    Raises ReleaseError where there is none: nothing could be believed.
    """
    keys = tuple(read_public(path) for path in paths) or named(listed)
    if not keys:
        raise ReleaseError(
            "no key is trusted: name the public key with --trust FILE or LITESCORE_TRUST"
        )
    return keys


def named(listed: str) -> tuple[PublicKey, ...]:
    """The public keys of a text with `:` between: files, or keys in one word (see PublicKey.text).

    Raises ConfigurationError for what is neither.
    """
    words = (word for word in listed.split(os.pathsep) if word)
    return tuple(
        _of_text(word) if word.startswith(_BEGINNING) else read_public(Path(word)) for word in words
    )


def _of_text(word: str) -> PublicKey:
    """Without what reads files of keys, whose import takes as long as all else here."""
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    except ImportError as error:
        raise MissingDependency("cryptography", extra="release") from error
    try:
        raw = base64.b64decode(word, validate=True)[-_KEY_BYTES:]
        if len(word) != _TEXT_LETTERS:
            raise ValueError(f"{len(word)} letters, not {_TEXT_LETTERS}")
        return _public(Ed25519PublicKey.from_public_bytes(raw))
    except ValueError as error:
        raise ConfigurationError(f"{word} is no public key: {_reason(error)}") from error


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error


def _public(key: Ed25519PublicKey) -> PublicKey:
    # Debian's version of the library, which 32-bit devices have, knows no shorter way.
    serialization = _cryptography().serialization
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return PublicKey(hashlib.sha256(raw).hexdigest()[:_ID_DIGITS], key)


def _reason(error: Exception) -> str:
    return str(error).partition(". ")[0].rstrip(".") or type(error).__name__


def _cryptography() -> Any:
    """What of the library is used, as one thing. It takes a while to import."""
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise MissingDependency("cryptography", extra="release") from error
    return _Primitives(serialization, ed25519)


@dataclass(frozen=True)
class _Primitives:
    serialization: Any
    ed25519: Any
