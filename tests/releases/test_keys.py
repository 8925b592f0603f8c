"""Keys in files that OpenSSL reads too."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from litescore.errors import ConfigurationError, ReleaseError
from litescore.releases import keys


def test_what_one_signs_the_other_knows(key_file: Path) -> None:
    """The public half tells its owner's signatures from those of others, and of other bytes."""
    key, public = keys.read_private(key_file), keys.read_public(Path(f"{key_file}.pub"))
    assert public == key.public
    signature = key.sign(b"shoes")
    assert public.holds(signature, b"shoes")
    assert not public.holds(signature, b"shoes!")
    assert not public.holds(signature[:-1], b"shoes")


def test_openssl_knows_the_signature(key_file: Path, tmp_path: Path) -> None:
    """Another program, which shares no code with ours, holds it to be good."""
    message, signature = tmp_path / "message", tmp_path / "signature"
    message.write_bytes(b"shoes")
    signature.write_bytes(keys.read_private(key_file).sign(b"shoes"))
    words = ["pkeyutl", "-verify", "-pubin", "-inkey", f"{key_file}.pub", "-rawin"]
    words += ["-in", str(message), "-sigfile", str(signature)]
    done = subprocess.run(["openssl", *words], capture_output=True, text=True)
    assert "Signature Verified Successfully" in done.stdout, done.stderr


def test_only_its_owner_reads_the_private_key(tmp_path: Path) -> None:
    """Whatever the umask; and an old key is not written over."""
    path = tmp_path / "factory.key"
    keys.create(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = path.read_bytes()
    with pytest.raises(ConfigurationError, match="is there already"):
        keys.create(path)
    assert path.read_bytes() == content


def test_a_passphrase_encrypts_it(tmp_path: Path) -> None:
    """Without it, or with another, the key is not to be had."""
    path = tmp_path / "factory.key"
    public = keys.create(path, "correct horse")
    assert b"ENCRYPTED" in path.read_bytes()
    assert keys.read_private(path, "correct horse").public == public
    for passphrase in (None, "battery staple"):
        with pytest.raises(ConfigurationError, match=r"factory\.key as a private key"):
            keys.read_private(path, passphrase)


def test_a_private_key_is_no_device_s(key_file: Path) -> None:
    """A device that was given it could sign releases for all others."""
    with pytest.raises(ConfigurationError, match=r"devices need the public one, factory\.key\.pub"):
        keys.read_public(key_file)


def test_what_is_no_key_of_ours(tmp_path: Path, key_file: Path) -> None:
    """Another kind, another file, none at all: each named."""
    other = tmp_path / "other.pem"
    made = ec.generate_private_key(ec.SECP256R1())
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    other.write_bytes(made.private_bytes(serialization.Encoding.PEM, *plain))
    with pytest.raises(ConfigurationError, match=r"other\.pem is no Ed25519 key"):
        keys.read_private(other)
    other.write_bytes(b"no key")
    with pytest.raises(ConfigurationError, match=r"cannot use .*other\.pem as a public key"):
        keys.read_public(other)
    with pytest.raises(ConfigurationError, match=r"cannot read .*gone\.pem"):
        keys.read_public(tmp_path / "gone.pem")
    with pytest.raises(ReleaseError, match="no key is trusted"):
        keys.trusted([])


def test_keys_in_one_word(key_file: Path) -> None:
    """As LITESCORE_TRUST may hold them, beside files: the middle line of the file."""
    public = keys.read_private(key_file).public
    assert public.text in Path(f"{key_file}.pub").read_text().splitlines()
    assert keys.named(f"{public.text}:{key_file}.pub:") == (public, public)
    assert keys.trusted([], public.text) == (public,)
    assert keys.trusted([Path(f"{key_file}.pub")], "not looked at") == (public,)
    signed = keys.read_private(key_file).sign(b"shoes")
    (found,) = keys.named(public.text)
    assert found.holds(signed, b"shoes")
    assert not found.holds(signed, b"boots")
    for spoiled in (public.text[:-4], public.text[:-2] + "!="):
        with pytest.raises(ConfigurationError, match="is no public key"):
            keys.named(spoiled)
