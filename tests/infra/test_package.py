"""The function's zip: what is in it, that it is always the same, and that it works alone."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from infra.package import build as package
from infra.package.build import Package
from litescore import image
from litescore.errors import ConfigurationError, ModelError
from litescore.scorer import Scorer
from tests.rig.pngs import Pngs

# Without site-packages: all but the standard library comes from the zip.
ALONE = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import lambda_handler
from litescore.scorer import Scorer
from litescore import image
scorer = Scorer(os.path.join(sys.argv[1], "model.tflite"))
with open(sys.argv[2], "rb") as file:
    tensor = image.fit(image.decode(file.read()), scorer.contract)
import obstore.store
strangers = [name for name, module in sys.modules.items()
             if "site-packages" in (getattr(module, "__file__", None) or "")]
cached = lambda_handler.__spec__.cached
print(json.dumps([scorer.probabilities(tensor[None])[0].tolist(), strangers, cached,
                  str(scorer.runtime_used), callable(lambda_handler.handler)]))
"""


@pytest.fixture(scope="module")
def unpacked(built: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The zip, unpacked as Lambda does."""
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(built.path) as archive:
        archive.extractall(folder)
    return folder


def test_it_works_with_nothing_but_itself(unpacked: Path, int8_model: Path, pngs: Pngs) -> None:
    """A fresh interpreter imports the handler and scores an image as this one does."""
    words = [sys.executable, "-I", "-S", "-c", ALONE, str(unpacked), str(pngs.paths[0])]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    answer, strangers, cached, runtime, has_handler = json.loads(done.stdout)
    scorer = Scorer(int8_model, runtime="litert")
    tensor = image.fit(image.decode(pngs.paths[0].read_bytes()), scorer.contract)
    assert answer == scorer.probabilities(tensor[np.newaxis])[0].tolist()
    assert strangers == []
    assert has_handler
    assert runtime.startswith("litert ")
    assert Path(cached).exists()


def test_every_module_is_compiled_and_its_time_is_not_asked(unpacked: Path) -> None:
    """/var/task is read-only and its times are all 1980: unchecked bytecode, for each module."""
    modules = list(unpacked.rglob("*.py"))
    assert len(modules) > 100
    for module in modules:
        [compiled] = (module.parent / "__pycache__").glob(f"{module.stem}.cpython-*.pyc")
        # PEP 552: the second word's lowest bits are 1 for a hash, and 0 for one that is not checked.
        assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 0b01


def test_the_command_makes_the_same(built: Package, int8_model: Path, tmp_path: Path) -> None:
    """Two builds in two processes, byte by byte: a deployment of nothing new changes nothing.
    The command tells the file, its sizes, and which Python it is for.
    """
    words = [sys.executable, "-m", "litescore", "package", "--model", int8_model, "--out", tmp_path]
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "function.zip").read_bytes() == built.path.read_bytes()
    first, *parts, last = done.stdout.splitlines()
    assert first.startswith(f"{tmp_path / 'function.zip'}: ")
    assert first.endswith(" of 262.1 MB")
    assert "numpy" in parts[0]
    assert last.startswith(f"for Python {built.python}")


def test_it_holds_what_the_function_needs_and_no_more(built: Package) -> None:
    """The three of ours and what they import; licences; nothing for developers."""
    with zipfile.ZipFile(built.path) as archive:
        names = archive.namelist()
        assert sum(entry.file_size for entry in archive.infolist()) == built.unpacked
    assert names == sorted(names)
    tops = {name.split("/")[0] for name in names}
    assert {"litescore", "lambda_handler", "model.tflite", "numpy", "PIL", "obstore"} <= tops
    assert not tops & {"boto3", "botocore", "tensorflow", "keras", "trainer", "edge", "cv2"}
    assert not [name for name in names if "/tests/" in name]
    assert not [name for name in names if "WebGpu" in name or name.endswith((".pyi", ".h"))]
    assert [name for name in names if name.endswith("LICENSE")]


def test_it_tells_its_sizes(built: Package) -> None:
    """Zipped, unpacked, and by part, the biggest first."""
    assert built.zipped == built.path.stat().st_size < 50_000_000
    assert built.unpacked < 140_000_000
    assert sum(size for _, size in built.parts) == built.unpacked
    assert [size for _, size in built.parts] == sorted((s for _, s in built.parts), reverse=True)
    assert dict(built.parts)["numpy"] > 10_000_000


def test_what_lambda_would_refuse_is_refused(int8_model: Path, tmp_path: Path) -> None:
    """One line with the size, the limit and the biggest parts; no file."""
    with pytest.raises(ConfigurationError, match=r"Lambda takes 100: .*biggest: numpy") as caught:
        package.build(int8_model, tmp_path, limit=100_000_000)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_model_that_would_not_work_there_is_refused_here(tmp_path: Path) -> None:
    """Before anything is copied."""
    (tmp_path / "model.tflite").write_text("no model")
    with pytest.raises(ModelError, match="not a TFLite model"):
        package.build(tmp_path / "model.tflite", tmp_path / "out")
    assert not (tmp_path / "out").exists()
