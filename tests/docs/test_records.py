"""The pages about records, releases, devices and cost: what they say runs."""

from __future__ import annotations

from pathlib import Path

from tests.docs.conftest import Walk


def test_batch(walk: Walk) -> None:
    """Folders, globs, shards, manifests and S3 scored; their records counted and reconciled."""
    printed = walk("docs/BATCH.md")
    assert any("0 missing, 0 double" in one for one in printed.values())


def test_cost(walk: Walk) -> None:
    """With the model's time from a bench, and as a picture; and a share of a manifest."""
    printed = walk("docs/COST.md")
    assert "Lambda" in next(iter(printed.values()))
    assert Path("cost.png").read_bytes()[:4] == b"\x89PNG"


def test_fleet(walk: Walk) -> None:
    """Published, tried, promoted, rolled back; followed by a device; its frames kept and shown."""
    walk("docs/FLEET.md")


def test_what_ran_where(walk: Walk) -> None:
    """Two releases and their records."""
    walk("docs/FLEET-RECORDS.md")
    assert "<html" in Path("ran.html").read_text(encoding="utf-8")


def test_edge(walk: Walk) -> None:
    """A camera with a preview."""
    walk("docs/EDGE.md")


def test_sinks(walk: Walk) -> None:
    """Frames kept in S3."""
    walk("docs/EDGE-SINKS.md")


def test_review(walk: Walk) -> None:
    """From a camera to the browser."""
    walk("docs/REVIEW.md")
