"""docs/TRAIN*.md and docs/REVIEW.md: what they say runs."""

from tests.docs.conftest import Walk


def test_training(walk: Walk) -> None:
    """From a folder of pictures to a model at the edge, a model of one's own, a camera's view."""
    walk("docs/TRAIN.md")


def test_data(walk: Walk) -> None:
    """The forms of a data set; the audit of the shipped slice, with its output."""
    walk("docs/TRAIN-DATA.md")


def test_presets(walk: Walk) -> None:
    """Presets, the script behind one, the three functions, a digit on paper."""
    walk("docs/TRAIN-PRESETS.md")


def test_review(walk: Walk) -> None:
    """Collected, and reviewed."""
    walk("docs/REVIEW.md")
