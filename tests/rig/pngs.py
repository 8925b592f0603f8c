"""Images of a data set as files, as a user has them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from litescore.dataset import Dataset
from litescore.image import encode_png


@dataclass(frozen=True)
class Pngs:
    """A folder of labelled images.

    folder   holds `0000.png`, `0001.png`, ..., in the order of the data set
    labels   the true class name of each, in that order
    """

    folder: Path
    labels: tuple[str, ...]

    @property
    def paths(self) -> list[Path]:
        return sorted(self.folder.glob("*.png"))


def write_pngs(data: Dataset, folder: Path) -> Pngs:
    """Each image of `data` as a PNG file in `folder`."""
    for index in range(len(data)):
        (folder / f"{index:04d}.png").write_bytes(encode_png(data.pixels(index)))
    return Pngs(folder, tuple(data.labels[number] for number in data.classes))
