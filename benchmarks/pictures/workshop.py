"""The runs that the pictures are of. Each is made when it is asked for, once in a folder."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.pictures import samples
from infra.processes import Program
from litescore.errors import ConfigurationError

EPOCHS = 6
# Fashion-MNIST's first test images, as photographs.
PHOTOGRAPHS = 300
# Numbers of test images that a camera sees one after the other.
SEEN = (0, 5, 14, 18, 13, 19)
_SHIPPED = Path(__file__).parents[2] / "trainer" / "data" / "fashion-mnist"
_STARTED = 120


class Workshop:
    """A folder of runs. All commands run in it, so that the pages name places as a reader would.

    `say` is told each command before it runs. Methods that make something raise ConfigurationError
    where its command fails.
    """

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.folder, self.say = folder.resolve(), say
        (self.folder / "logs").mkdir(parents=True, exist_ok=True)
        self._link_data()

    def trained(self) -> Path:
        """A small residual network, trained."""
        run = self.folder / "cnn"
        if not (run / "report.html").exists():
            words = ("--data", "fashion-mnist", "--model", "cnn", "--epochs", str(EPOCHS))
            self.litescore("train", *words, "--out", run.name)
        return run

    def exported(self) -> Path:
        """The report of the export that tried all variants of it."""
        report = self.folder / "cnn.report.html"
        if not report.exists():
            self.trained()
            words = ("cnn", "--quantize", "auto", "--target", "litert", "--calibrate-confidence")
            self.litescore("export", *words, "--out", "cnn.tflite")
        return report

    def model(self) -> Path:
        """A model for what scores: the three epochs of `ran`."""
        model = self.folder / "model.tflite"
        if not model.exists():
            shutil.copy(self._release(3), model)
        return model

    def photographs(self) -> Path:
        """Class folders of test images."""
        folder = self.folder / "camera"
        if not folder.exists():
            samples.photographs(self.folder / "fashion-mnist", folder, PHOTOGRAPHS)
        return folder

    def audit(self) -> Path:
        """The audit of photographs with faults."""
        page = self.folder / "audit.html"
        if not page.exists():
            samples.photographs(self.folder / "fashion-mnist", self.folder / "photos", PHOTOGRAPHS)
            samples.spoil(self.folder / "photos")
            self.litescore("audit", "photos", "--out", page.name, allowed=(0, 1))
        return page

    def results(self) -> Path:
        """The page of the records of photographs with faults."""
        page = self.folder / "results.html"
        if not page.exists():
            self.model()
            self.audit()
            words = ("photos", "--model", "model.tflite", "--out", "records")
            self.litescore("score", *words, allowed=(0, 1))
            self.litescore("results", "records", "--html", page.name, "--pictures", "9")
        return page

    def ran(self) -> Path:
        """What two releases did on forty devices, by `python -m benchmarks.ran`."""
        page = self.folder / "ran" / "ran.html"
        if not page.exists():
            models = [self._release(epochs) for epochs in (1, 3)]
            words = ("-m", "benchmarks.ran", *models, "fashion-mnist", "ran")
            self._python("ran", *words)
        return page

    def demo(self) -> Path:
        """The report of `make demo`."""
        page = self.folder / "demo" / "report.html"
        if not page.exists():
            self._python("demo", "-m", "infra.demo", "--out", "demo")
        return page

    def kept(self) -> Path:
        """What a camera's collection kept."""
        folder = self.folder / "kept"
        if not folder.exists():
            self.model()
            self.photographs()
            words = ("collect", "--model", "model.tflite", "--source", "camera", "--to", "kept")
            pace = ("--per-day", "0", "--at-most-every", "0", "--least-sure", "0.7")
            self.litescore("edge", *words, *pace, "--random", "0.1")
        return folder

    def clip(self) -> Path:
        """A camera's clip."""
        clip = self.folder / "clothes.mp4"
        if not clip.exists():
            samples.clip(self.folder / "fashion-mnist", clip, SEEN)
        return clip

    def litescore(self, *words: str | Path, allowed: tuple[int, ...] = (0,)) -> None:
        """A litescore command that ends by itself."""
        self.say("litescore " + " ".join(map(str, words)))
        name = "-".join(Path(word).name for word in words[:2])
        self._python(name, "-m", "litescore", *words, allowed=allowed)

    @contextmanager
    def serving(self, ready: str, *words: str | Path) -> Iterator[str]:
        """A litescore command that serves a page until the block ends: what follows `ready` in the
        line of its output that has it.
        """
        self.say("litescore " + " ".join(map(str, words)))
        log = self._log("-".join(map(str, words[:2])))
        line = [sys.executable, "-m", "litescore", *map(str, words)]
        with Program(line, log=log, environ=_environ(), folder=self.folder) as program:
            end = time.monotonic() + _STARTED
            while ready not in (said := program.tail(100)):
                if program.exit_code is not None or time.monotonic() > end:
                    raise ConfigurationError(f"{words[0]} served nothing: {program.tail(3)}")
                time.sleep(0.1)
            yield said.split(ready)[1].split()[0]
            program.stop(20)

    def _release(self, epochs: int) -> Path:
        run, model = f"dense-{epochs}", self.folder / f"dense-{epochs}.tflite"
        if not model.exists():
            words = ("--preset", "fashion-basic", "--epochs", str(epochs), "--out", run)
            self.litescore("train", *words)
            words = (run, "--quantize", "int8", "--max-drop", "5", "--out", model.name)
            self.litescore("export", *words)
        return model

    def _python(self, name: str, *words: str | Path, allowed: tuple[int, ...] = (0,)) -> None:
        log = self._log(name)
        line = [sys.executable, *map(str, words)]
        with log.open("wb") as said:
            done = subprocess.run(
                line, cwd=self.folder, env=_environ(), stdout=said, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, check=False,
            )  # fmt: skip
        if done.returncode not in allowed:
            last = log.read_text(errors="replace").strip().rpartition("\n")[2]
            raise ConfigurationError(f"{name} ended with {done.returncode}: {last} (see {log})")

    def _log(self, name: str) -> Path:
        return self.folder / "logs" / f"{name}.log"

    def _link_data(self) -> None:
        """`fashion-mnist` in the folder, so that no page names where it lies on this machine."""
        link, root = self.folder / "fashion-mnist", os.environ.get("LITESCORE_DATA")
        if not link.exists():
            link.unlink(missing_ok=True)
            link.symlink_to(Path(root, "fashion-mnist").resolve() if root else _SHIPPED)


def _environ() -> dict[str, str]:
    """Ours, with this clone in front, a device's name, and the folder's data set by any name."""
    clone = str(Path(__file__).parents[2])
    return os.environ | {
        "PYTHONPATH": clone,
        "LITESCORE_DATA": ".",
        "LITESCORE_DEVICE": "pi-door",
        "TZ": "UTC",
        "COLUMNS": "120",
    }
