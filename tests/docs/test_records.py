"""docs/BATCH.md and docs/EDGE*.md: what they say runs."""

from __future__ import annotations

from tests.docs.conftest import Walk


def test_batch(walk: Walk) -> None:
    """Folders, globs, shards, manifests and S3 scored; their records counted and reconciled."""
    printed = walk("docs/BATCH.md")
    assert any("0 missing, 0 double" in one for one in printed.values())


def test_edge(walk: Walk) -> None:
    """A camera with a preview."""
    walk("docs/EDGE.md")


def test_sinks(walk: Walk) -> None:
    """Frames kept in S3."""
    walk("docs/EDGE-SINKS.md")
