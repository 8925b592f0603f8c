"""README.md: what it says runs."""

from tests.docs.conftest import Walk


def test_readme(walk: Walk) -> None:
    """All of it that needs neither an account nor the whole day."""
    walk("README.md")
