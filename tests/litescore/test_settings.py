"""The environment: read once, validated, and told in --help."""

from __future__ import annotations

import re

import pytest

from litescore import image, settings
from litescore.errors import UsageError
from litescore.settings import TABLE, Settings

GOOD = {
    "LITESCORE_MODEL": ("s3://b/m.tflite", "s3://b/m.tflite"),
    "LITESCORE_MODEL_VERSION": (
        "3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY",
        "3sL4kqtJlcpXroDTDmJ+rmSpXd3dIbrHY",
    ),
    "LITESCORE_MODEL_SHA256": ("AB" * 32, "ab" * 32),
    "LITESCORE_MODEL_CHECK": ("0", 0),
    "LITESCORE_OUTPUT": ("s3://b/out/", "s3://b/out/"),
    "LITESCORE_INPUT": ("s3://b/in/", "s3://b/in/"),
    "LITESCORE_DATA": ("datasets", "datasets"),
    "LITESCORE_CACHE": ("images", "images"),
    "LITESCORE_RUNTIME": ("tflite-runtime", "tflite-runtime"),
    "LITESCORE_THREADS": ("256", 256),
    "LITESCORE_BATCH": ("1", 1),
    "LITESCORE_TOP": ("5", 5),
    "LITESCORE_MAX_BYTES": ("1000", 1000),
    "LITESCORE_MAX_SHARD_BYTES": ("5000000000", 5_000_000_000),
    "LITESCORE_MAX_PIXELS": ("89478485", 89_478_485),
    "LITESCORE_RELEASES": ("s3://b/models/shoes", "s3://b/models/shoes"),
    "LITESCORE_TRUST": ("factory.key.pub", "factory.key.pub"),
    "LITESCORE_SIGNING_KEY": ("factory.key", "factory.key"),
    "LITESCORE_SIGNING_PASSPHRASE": ("correct horse", "correct horse"),
}


def test_nothing_set_is_the_defaults() -> None:
    """Unset and empty are the same."""
    assert Settings.read({}) == Settings()
    assert Settings.read(dict.fromkeys(GOOD, "")) == Settings()


def test_every_variable_is_read() -> None:
    """Each into its field; the table knows them all."""
    found = Settings.read({name: text for name, (text, _) in GOOD.items()})
    for field, (variable, _, _) in TABLE.items():
        assert getattr(found, field) == GOOD[variable][1]
    assert set(TABLE) == {*Settings._fields}


def test_the_process_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument it is the process' own."""
    monkeypatch.setenv("LITESCORE_TOP", "7")
    assert Settings.read().top == 7


@pytest.mark.parametrize(
    ("variable", "text", "allowed"),
    [
        ("LITESCORE_MODEL_SHA256", "ab", "64 hexadecimal digits"),
        ("LITESCORE_MODEL_SHA256", "g" * 64, "64 hexadecimal digits"),
        ("LITESCORE_RUNTIME", "tensorrt", "litert or tflite-runtime"),
        ("LITESCORE_THREADS", "0", r"a whole number 1\.\.256"),
        ("LITESCORE_THREADS", "257", r"a whole number 1\.\.256"),
        ("LITESCORE_BATCH", "1.5", r"a whole number 1\.\.4096"),
        ("LITESCORE_TOP", "three", r"a whole number 1\.\.1000"),
        ("LITESCORE_MODEL_CHECK", "1441", r"a whole number 0\.\.1440"),
        ("LITESCORE_MAX_BYTES", "-1", "a whole number"),
        ("LITESCORE_MAX_PIXELS", "89478486", r"a whole number 1\.\.89478485"),
    ],
)
def test_a_bad_value_names_itself(variable: str, text: str, allowed: str) -> None:
    """The variable, its value and what it may be; wrong usage."""
    with pytest.raises(UsageError, match=f"{variable}={text!r} is not {allowed}"):
        Settings.read({variable: text})


def test_settings_are_frozen() -> None:
    """What was read stays."""
    with pytest.raises(AttributeError):
        Settings().top = 4  # type: ignore[misc]


def test_the_limits_are_those_of_decoding() -> None:
    """The defaults of two modules that must not differ."""
    assert Settings().max_pixels == image.MAX_PIXELS
    assert Settings().max_bytes == image.MAX_BYTES


def test_the_table_for_help() -> None:
    """Every variable with its meaning, and its default where it has one; or only those named."""
    lines = settings.table().splitlines()
    assert lines[:2] == ["\b", "Environment:"]
    assert [line.split()[0] for line in lines[2:]] == list(GOOD)
    assert settings.table("top").splitlines()[2:] == [
        "  LITESCORE_TOP  labels a record lists, best first [3]"
    ]
    assert not re.search(r"\[None\]", settings.table())
