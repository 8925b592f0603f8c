"""Floor, handler and edge on Python 3.13 in a Debian trixie root, against this Python's LiteRT.

Python 3.13 with its own wheels is what Lambda's python3.13 and the newest Raspberry Pi OS have.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from litescore import results
from litescore.comparison import compare
from litescore.image import decode, fit
from litescore.record import Record
from litescore.scorer import Probabilities, Scorer
from tests.rig import trixie
from tests.rig.pngs import Pngs
from tests.rig.readings import readings
from tests.rig.seaweed import S3
from tests.rig.trixie import Trixie

# One runtime on both sides, and records that list every class.
SETTINGS = {"LITESCORE_RUNTIME": "litert", "LITESCORE_TOP": "10"}

FLOOR = """
import json, pathlib, numpy
from litescore.image import decode, fit
from litescore.scorer import Scorer
scorer = Scorer("model.tflite", runtime="litert")
paths = sorted(pathlib.Path("pngs").glob("*.png"))
tensors = numpy.stack([fit(decode(path.read_bytes()), scorer.contract) for path in paths])
print(json.dumps([numpy.__version__, scorer.probabilities(tensors).tolist()]))
"""
HANDLER = """
import sys
from lambda_handler import handler
print(handler({"prefix": sys.argv[1]}, None)["scored"])
"""


@pytest.fixture(scope="module")
def root(wheel: Path, int8_model: Path, pngs: Pngs) -> Iterator[Trixie]:
    """The root, with litescore's wheel unpacked, `model.tflite` and `pngs/` in its folder."""
    with trixie.enter() as entered:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(entered.folder)
        shutil.copy(int8_model, entered.folder / "model.tflite")
        shutil.copytree(pngs.folder, entered.folder / "pngs")
        yield entered


@pytest.fixture(scope="module")
def expected(int8_model: Path, pngs: Pngs) -> Probabilities:
    """What LiteRT on this Python says to the same images."""
    scorer = Scorer(int8_model, runtime="litert")
    tensors = [fit(decode(path.read_bytes()), scorer.contract) for path in pngs.paths]
    return scorer.probabilities(np.stack(tensors))


def test_the_root_is_another_python_with_the_locks_wheels(root: Trixie) -> None:
    """Python 3.13 and numpy 2, where the tests' own environment may have neither."""
    code = (
        "import sys, numpy, PIL, obstore, cv2, click, paho.mqtt.client, ai_edge_litert\n"
        "import litescore; print(sys.version_info[:2], numpy.__version__[0], litescore.__file__)"
    )
    said = said_by(root, "-c", code)
    assert said == f"(3, 13) 2 {root.inside(root.folder)}/litescore/__init__.py\n"


def test_the_floor_scores_the_same(root: Trixie, expected: Probabilities) -> None:
    """Decoded, fitted and scored by `Scorer` there and here: identical."""
    version, scored = json.loads(said_by(root, "-c", FLOOR))
    assert version.startswith("2.")
    found = compare(np.array(scored, np.float32), expected, step=1 / 256)
    assert found.verdict == "identical", found


def test_the_golden_samples_agree(root: Trixie) -> None:
    """`litescore verify` finds there what export recorded here."""
    said_by(root, "-m", "litescore", "verify", "model.tflite")


def test_the_edge_loop_scores_the_same(root: Trixie, expected: Probabilities) -> None:
    """`litescore edge run` over the folder, as records: identical."""
    words = ["edge", "run", "--model", "model.tflite", "--source", "pngs"]
    records = map(Record.from_json, said_by(root, "-m", "litescore", *words).splitlines())
    found = compare(readings(records, labels_of(root)), expected, step=1 / 256)
    assert found.verdict == "identical", found


def test_the_handler_scores_the_same(
    root: Trixie,
    expected: Probabilities,
    s3: S3,
    bucket: str,
    pngs: Pngs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The handler there, over S3, writes the records that the handler here writes: ids and all."""
    for path in pngs.paths:
        s3.client.upload_file(str(path), bucket, f"in/{path.name}")
    for name, value in s3.environ.items():
        monkeypatch.setenv(name, value)
    there, here = (f"s3://{bucket}/{name}/" for name in ("there", "here"))
    environ = {**SETTINGS, **s3.environ, "LITESCORE_MODEL": "model.tflite"}

    root_says = root.python(
        *("-c", HANDLER, f"s3://{bucket}/in/"), environ=environ | {"LITESCORE_OUTPUT": there}
    )
    assert root_says.stdout == f"{len(pngs.paths)}\n", root_says.stderr
    subprocess.run(
        [sys.executable, "-c", HANDLER, f"s3://{bucket}/in/"],
        env=os.environ | environ | {"LITESCORE_OUTPUT": here},
        cwd=root.folder,
        check=True,
        capture_output=True,
    )

    written = [{record.id: record for record in results.read(place)} for place in (there, here)]
    assert written[0].keys() == written[1].keys()
    assert len(written[0]) == len(pngs.paths)
    found = compare(readings(written[0].values(), labels_of(root)), expected, step=1 / 256)
    assert found.verdict == "identical", found


def said_by(root: Trixie, *words: str) -> str:
    done = root.python(*words, environ=SETTINGS)
    assert done.returncode == 0, done.stderr
    return done.stdout


def labels_of(root: Trixie) -> tuple[str, ...]:
    return Scorer(root.folder / "model.tflite").contract.labels
