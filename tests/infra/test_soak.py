"""The soak, small: images through the local cloud while S3 fails and processes are killed."""

from __future__ import annotations

import random
from pathlib import Path

from benchmarks.soak import job, plan, verdict
from benchmarks.soak.bodies import Stock
from benchmarks.soak.table import table
from infra.local import LocalCloud
from infra.package import Package
from litescore import dataset
from litescore.scorer import Scorer

OBJECTS, SEED = 150, 0
# Hurried: messages come back at once, so that some are at work twice at a time.
PACE = job.Pace(
    visibility=1, visibility_after=1, kill_every=6.0, at_once=2, reads=0.06, writes=0.25
)


def test_every_image_is_accounted_for(
    cloud: LocalCloud, built: Package, int8_model: Path, fashion: Path, tmp_path: Path
) -> None:
    """After faults of S3, kills, repeated and senseless messages, overwritten and deleted objects:
    one record each, the right one; nothing lost, nothing double.
    """
    rng = random.Random(SEED)
    stock = Stock(dataset.load(fashion, "test"), Scorer(int8_model, runtime="litert"), rng)
    steps = plan.make(OBJECTS, stock, rng)
    soaked = cloud.deploy(built.path, name="soak")
    course = job.run(soaked, steps, SEED, PACE, lambda _: None)
    found = verdict.judge(soaked, course, tmp_path)
    assert not found.troubles, table(OBJECTS, SEED, found)
    # It was a soak: something struck, and of everything that can come out something did.
    assert course.faults
    assert course.kills
    assert course.dead_letters
    assert set(found.statuses) == {"scored", "failed", "superseded"}
    assert set(found.kinds) >= {"corrupt", "unsupported", "too-large", "forbidden"}
