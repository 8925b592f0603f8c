"""A small model with its contract, and litescore's command line without a process of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from litescore import Model, cli, contract, image
from litescore.contract import Contract
from tests.litescore import tiny

LABELS = ("ant", "bee", "cat")


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    def refusal(self) -> str:
        """The one line of an error. Fails for anything longer, and for a traceback."""
        assert self.out == ""
        (line,) = self.err.splitlines()
        assert line.startswith("Error: ")
        return line.removeprefix("Error: ")


Say = Callable[..., Said]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """`say("score", folder, ...)`: the command as `litescore` runs it, in this process."""

    def run(*words: str | Path) -> Said:
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            cli.run(cli.litescore, list(map(str, words)))
        printed = capsys.readouterr()
        return Said(int(str(left.value.code)), printed.out, printed.err)

    return run


@pytest.fixture(scope="session")
def small_contract() -> Contract:
    """Of `small_model`: three animals, gray, four pixels high and three wide."""
    return Contract(LABELS, "gray", 4, 3, variant="int8")


@pytest.fixture(scope="session")
def small_model(small_contract: Contract, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real model that takes uint8 pixels, with its contract."""
    path = tmp_path_factory.mktemp("small") / "small.tflite"
    path.write_bytes(contract.append(tiny.build((4, 3, 1), dtype="uint8"), small_contract))
    return path


@pytest.fixture
def bare_model(tmp_path: Path) -> Path:
    """The same model as another tool would have left it: without a contract."""
    path = tmp_path / "bare.tflite"
    path.write_bytes(tiny.build((4, 3, 1), dtype="uint8"))
    return path


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of five small colour pictures."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(5):
        (folder / f"{number}.png").write_bytes(picture_bytes(number))
    return folder


def picture_bytes(seed: int) -> bytes:
    """A noisy colour PNG, 9 x 7."""
    pixels = np.random.default_rng(seed).integers(0, 256, (7, 9, 3), np.uint8)
    return image.encode_png(pixels)


@pytest.fixture
def names(tmp_path: Path) -> Path:
    """The class names in a file."""
    path = tmp_path / "names.txt"
    path.write_text("ant\nbee\ncat\n")
    return path


@pytest.fixture(scope="module")
def model(small_model: Path) -> Model:
    """Three animals, gray, whole numbers inside."""
    return Model(small_model)
