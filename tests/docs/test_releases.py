"""docs/FLEET*.md and docs/COST.md: what they say runs."""

from tests.docs.conftest import Walk


def test_releases(walk: Walk) -> None:
    """Keys, publishing, the way forward and back; a device that follows; what became of it."""
    walk("docs/FLEET.md")


def test_records(walk: Walk) -> None:
    """What ran where."""
    walk("docs/FLEET-RECORDS.md")


def test_cost(walk: Walk) -> None:
    """By figures given, and by figures measured."""
    walk("docs/COST.md")
