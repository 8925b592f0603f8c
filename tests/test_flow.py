"""The whole way of 50 images: Keras, the exported file, Lambda over S3, the edge loop.

One file, the same scores everywhere. Lambda is AWS's own Runtime Interface Emulator with
`awslambdaric`, reading from a real S3 server; the edge loop reads a folder, not a lossy clip.
Every comparison goes through the one `compare()`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest

from litescore import results
from litescore.comparison import compare
from litescore.image import decode, fit
from litescore.record import Record
from litescore.scorer import Probabilities, Scorer
from tests.rig.emulator import Emulator
from tests.rig.pngs import Pngs
from tests.rig.readings import readings
from tests.rig.seaweed import S3

RUNTIMES = ["litert", "tflite-runtime"]
# Every class in each record, so that records hold all there is to compare.
SETTINGS = {"LITESCORE_TOP": "10"}

# In a process of its own: TensorFlow beside tflite-runtime breaks the latter.
KERAS = """
import sys, numpy, pathlib
from export import graph, run_folder
from litescore.image import decode, fit
run = run_folder.open_run(sys.argv[1])
paths = sorted(pathlib.Path(sys.argv[2]).glob("*.png"))
tensors = numpy.stack([fit(decode(path.read_bytes()), run.contract) for path in paths])
numpy.save(sys.argv[3], graph.predict(run.model, run.contract, tensors))
"""


@pytest.fixture(scope="module")
def keras(run: Path, pngs: Pngs, tmp_path_factory: pytest.TempPathFactory) -> Probabilities:
    """What the Keras model itself answers."""
    out = tmp_path_factory.mktemp("keras") / "answers.npy"
    words = [sys.executable, "-c", KERAS, str(run), str(pngs.folder), str(out)]
    subprocess.run(words, check=True, capture_output=True)
    answers: Probabilities = np.load(out)
    return answers


@pytest.fixture(params=["f32", "int8"])
def model(request: pytest.FixtureRequest) -> Path:
    """Each exported variant."""
    path: Path = request.getfixturevalue(f"{request.param}_model")
    return path


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_one_file_the_same_scores_everywhere(
    model: Path,
    runtime: str,
    keras: Probabilities,
    pngs: Pngs,
    s3: S3,
    bucket: str,
    emulator: Callable[..., AbstractContextManager[Emulator]],
    tmp_path: Path,
) -> None:
    """File, Lambda and edge the same under one runtime; f32 equal to Keras, int8 on 48 of 50."""
    scorer = Scorer(model, runtime=runtime)
    ours = scorer.probabilities(
        np.stack([fit(decode(path.read_bytes()), scorer.contract) for path in pngs.paths])
    )
    settings = SETTINGS | {"LITESCORE_MODEL": str(model), "LITESCORE_RUNTIME": runtime}
    labels = scorer.contract.labels
    on_lambda = readings(_on_lambda(pngs, s3, bucket, emulator, settings), labels)
    at_the_edge = readings(_at_the_edge(pngs, settings, tmp_path / "edge.jsonl"), labels)

    # Integers are equal whatever the batch; floats differ by it in their last bits.
    same = ("identical",) if scorer.contract.variant == "int8" else ("identical", "within one step")
    for theirs in (on_lambda, at_the_edge):
        found = compare(ours, theirs, step=scorer.step)
        assert (found.n, found.differing) == (50, ())
        assert found.verdict in same

    found = compare(keras, ours, step=scorer.step)
    if scorer.contract.variant == "f32":
        assert found.verdict in ("identical", "within one step")
        assert found.differing == ()
    else:
        assert found.same + found.ties >= 48


def _on_lambda(
    pngs: Pngs,
    s3: S3,
    bucket: str,
    emulator: Callable[..., AbstractContextManager[Emulator]],
    settings: dict[str, str],
) -> list[Record]:
    for path in pngs.paths:
        s3.client.put_object(Bucket=bucket, Key=f"in/{path.name}", Body=path.read_bytes())
    output = f"s3://{s3.make_bucket()}/records/"
    environ = settings | dict(s3.environ) | {"LITESCORE_OUTPUT": output}
    with emulator(environ=environ) as function:
        status, reply = function.invoke({"prefix": f"s3://{bucket}/in/"})
    assert (status, reply.get("scored")) == (200, 50), (reply, function.log.read_text()[-2000:])
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3.environ.items():
            patch.setenv(name, value)
        return list(results.read(output))


def _at_the_edge(pngs: Pngs, settings: dict[str, str], out: Path) -> list[Record]:
    words = ["edge", "run", "--source", str(pngs.folder), "--out", str(out)]
    subprocess.run(
        [sys.executable, "-m", "litescore", *words],
        env=os.environ | settings,
        check=True,
        capture_output=True,
    )
    return list(results.read(out))
