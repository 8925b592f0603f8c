"""Texts that the template takes: a wrong one is refused before anything is asked of AWS."""

from __future__ import annotations

import re
from typing import Any

import click
import pytest
import yaml

from infra.cloud.deployment.deploy_options import SETTINGS
from infra.cloud.deployment.option_types import Text
from infra.cloud.deployment.parameters import TEMPLATE

TEXTS = {option: kind for option, (_, kind, *_) in SETTINGS.items() if isinstance(kind, Text)}


def convert(option: str, value: str) -> Any:
    return TEXTS[option].convert(value, None, None)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--nightly", "0 2 * * *"),
        ("--nightly", "cron(0 2 * * *)"),
        ("--nightly", "cron(0 2 * * * *)"),
        ("--nightly", "cron(0 2 ? * ? *)"),
        ("--nightly", "rate(day)"),
        ("--input-bucket", "s3://photos"),
        ("--input-prefix", "shoes/*"),
        ("--output-prefix", "records"),
        ("--output-prefix", "manifests/"),
        ("--alarm-email", "me"),
        ("--permissions-boundary", "shoes-boundary"),
    ],
)
def test_a_wrong_text_is_wrong_usage(option: str, value: str) -> None:
    """Named with what it should be."""
    with pytest.raises(click.BadParameter) as refused:
        convert(option, value)
    assert refused.value.message == f"{value!r}: give {TEXTS[option].needs}"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--nightly", ""),
        ("--nightly", "cron(0 2 * * ? *)"),
        ("--nightly", "cron(0/15 8-17 ? * MON-FRI 2026-2030)"),
        ("--nightly", "cron(0 10 L * ? *)"),
        ("--nightly", "rate(1 day)"),
        ("--nightly", "rate(12 hours)"),
        ("--input-bucket", "photos.of-mine"),
        ("--input-prefix", "shoes/"),
        ("--output-prefix", "records/shoes/"),
        ("--alarm-email", "me@example.com"),
        ("--permissions-boundary", "arn:aws:iam::123456789012:policy/shoes-boundary"),
    ],
)
def test_a_right_one_is_what_the_template_takes_too(option: str, value: str) -> None:
    """Nothing passes here that CloudFormation would refuse by the template's own pattern."""
    assert convert(option, value) == value
    parameter = SETTINGS[option][0]
    assert re.fullmatch(PATTERNS[parameter], value)


def _patterns() -> dict[str, str]:
    class Loader(yaml.SafeLoader):
        """The template's short functions are of no interest here."""

    Loader.add_multi_constructor("!", lambda _loader, _suffix, _node: None)
    read = yaml.load(TEMPLATE.read_bytes(), Loader)
    return {
        name: one["AllowedPattern"]
        for name, one in read["Parameters"].items()
        if "AllowedPattern" in one
    }


PATTERNS = _patterns()


def test_each_pattern_of_the_template_is_asked_here() -> None:
    """Else a wrong value is a regular expression in AWS's error, after the upload."""
    asked = {SETTINGS[option][0] for option in TEXTS}
    users = {parameter for parameter, *_ in SETTINGS.values()}
    assert PATTERNS.keys() & users == asked
