"""What lies in a class folder: one folder a class, pictures inside."""

from __future__ import annotations

from pathlib import Path

from litescore import image


def class_folders(root: Path) -> list[Path]:
    """The folders in `root`, by name; none where there is no such folder."""
    if not root.is_dir():
        return []
    return sorted(p for p in root.iterdir() if p.is_dir() and not p.name.startswith("."))


def pictures(folder: Path) -> list[Path]:
    """The picture files in a folder and in those inside it, by path."""
    return sorted(path for path in folder.rglob("*") if _is_picture(path))


def has_pictures(folder: Path) -> bool:
    """Whether a picture file lies in the folder itself."""
    return any(_is_picture(path) for path in folder.iterdir())


def _is_picture(path: Path) -> bool:
    # Names with a dot in front are what systems leave beside pictures, such as macOS' `._a.jpg`.
    return path.suffix.lower() in image.SUFFIXES and not path.name.startswith(".")
