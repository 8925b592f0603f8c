"""What AWS's own checkers say of the template."""

from __future__ import annotations

from pathlib import Path

from infra.cloud.deployment import deploy
from tests.rig import cfnlint


def test_sam_finds_nothing_to_say(tmp_path: Path) -> None:
    """`sam validate --lint`, with cfn-lint in it: neither an error nor a warning."""
    done = cfnlint.validate(deploy.TEMPLATE, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is a valid SAM Template" in done.stdout
    assert not [line for line in done.stdout.splitlines() if line.startswith(("E", "W", "["))]


def test_sam_is_asked_at_all(tmp_path: Path) -> None:
    """It notices what it is for: a type and an attribute that do not exist."""
    text = deploy.TEMPLATE.read_text()
    for right, wrong in (("SQS::QueuePolicy", "SQS::QueuePolice"), ("Queue.Arn", "Queue.Urn")):
        assert right in text
        text = text.replace(right, wrong, 1)
    spoiled = tmp_path / "template.yaml"
    spoiled.write_text(text)
    done = cfnlint.validate(spoiled, tmp_path)
    assert done.returncode != 0
    assert "QueuePolice" in done.stdout + done.stderr
    assert "Urn" in done.stdout + done.stderr
