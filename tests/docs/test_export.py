"""docs/EXPORT.md: what it says runs."""

from tests.docs.conftest import Walk


def test_export(walk: Walk) -> None:
    """A run, a foreign model, and the choice by what another machine measured."""
    walk("docs/EXPORT.md")
