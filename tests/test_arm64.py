"""The same file answers the same on 64-bit Arm: a Raspberry Pi's Python and wheels, under QEMU.

The runtimes choose their kernels by processor, so three Raspberry Pis' are asked. What is not shown
here: a Pi's own speed, and 32-bit systems.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from litescore import dataset
from tests.rig import arm64, warm
from tests.rig.arm64 import Arm64
from tests.rig.arm64.proof import Proof, prove
from tests.rig.pngs import write_pngs
from trainer.images.catalog import SHIPPED_ROOT

# Beside other work all of it, first fetching included, may take minutes.
pytestmark = [pytest.mark.long, pytest.mark.timeout(900)]

IMAGES = 200
# What a comparison with this machine may say.
NEAR = {"tflite-runtime": {"identical"}, "litert": {"identical", "within one step"}}


@pytest.fixture(scope="module")
def cnn(warmed: warm.Warmed, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An int8 model with convolutions and a dense layer, hardly trained: unsure of every image."""
    folder = tmp_path_factory.mktemp("cnn")
    data, run, model = SHIPPED_ROOT / "fashion-mnist", folder / "run", folder / "int8.tflite"
    words = ("--model", "cnn", "--epochs", "1", "--data", data)
    done = warmed("train", *words, "--out", run)
    assert done.returncode == 0, done.stderr[-2000:]
    judged = ("--max-drop", "100", "--max-class-drop", "100")
    done = warmed("export", run, "--quantize", "int8", *judged, "--out", model)
    assert done.returncode == 0, done.stderr[-2000:]
    return model


@pytest.fixture(scope="module")
def arm(wheel: Path) -> Iterator[Arm64]:
    with arm64.enter(wheel) as entered:
        yield entered


@pytest.fixture(scope="module")
def proofs(
    arm: Arm64, cnn: Path, fashion: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Proof]:
    """What 200 test images came to, by runtime: both at once, since emulating takes long."""
    images = tmp_path_factory.mktemp("images")
    write_pngs(dataset.load(fashion, "test").take(range(IMAGES)), images)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda runtime: prove(arm, cnn, images, runtime), arm64.RUNTIMES)
        return {proof.runtime: proof for proof in found}


@pytest.fixture(params=arm64.RUNTIMES)
def proof(request: pytest.FixtureRequest, proofs: dict[str, Proof]) -> Proof:
    return proofs[request.param]


def test_it_is_arm_with_all_that_the_edge_needs(arm: Arm64) -> None:
    """The machine, its Python, and every wheel of `[edge]` and `[litert]` imported there."""
    code = (
        "import platform, sys, ai_edge_litert, click, cv2, litescore, numpy, obstore\n"
        "import PIL, paho.mqtt.client\n"
        "print(platform.machine(), sys.version_info[:2], numpy.__version__[0], litescore.__file__)"
    )
    done = arm.python("-c", code, runtime="litert")
    said = f"aarch64 (3, 11) 1 {arm.folder}/litescore/__init__.py\n"
    assert done.stdout == said, done.stderr


def test_the_golden_samples_agree(proof: Proof) -> None:
    """`litescore verify` finds there what export recorded here, to the same nearness."""
    assert proof.golden in NEAR[proof.runtime]


def test_the_model_answers_the_same(proof: Proof) -> None:
    """The output tensors of a Pi 3, 4 and 5, and the best class of each image, ties aside."""
    assert set(proof.answers) == set(arm64.CPUS)
    for found in proof.answers.values():
        assert found.n == IMAGES
        assert found.verdict in NEAR[proof.runtime], found
        assert not found.differing, found


def test_score_writes_the_same_records(proof: Proof) -> None:
    """`litescore score` there and here: the same images by id, their probabilities as near."""
    assert proof.same
    assert proof.score.n == IMAGES
    assert proof.score.verdict in NEAR[proof.runtime], proof.score
    assert not proof.score.differing, proof.score


def test_edge_run_writes_what_score_writes(proof: Proof) -> None:
    """`litescore edge run` over the folder, on Arm: score's records, with the frame beside."""
    assert proof.edge
