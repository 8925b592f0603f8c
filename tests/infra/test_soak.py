"""The soak, small: images through the local cloud while S3 fails and processes are killed."""

from __future__ import annotations

import random
from pathlib import Path

from benchmarks.soak import job, plan, verdict
from benchmarks.soak.bodies import Stock
from benchmarks.soak.faults import RequestFaults
from benchmarks.soak.table import table
from infra.local.cloud import LocalCloud
from infra.package.build import Package
from litescore import dataset
from litescore.scorer import Scorer
from tests.rig.proxy import Fault

OBJECTS, SEED = 150, 0
# Hurried: messages come back at once, so that some are at work twice at a time.
PACE = job.Pace(
    visibility=1, visibility_after=1, kill_every=8.0, at_once=2, reads=0.06, writes=0.25
)


def planned(fashion: Path, model: Path, seed: int = SEED) -> list[plan.Step]:
    """What a soak of that seed does."""
    rng = random.Random(seed)
    images = dataset.load(fashion, "test").take(range(OBJECTS))
    stock = Stock(images, Scorer(model, runtime="litert"), rng)
    return plan.make(OBJECTS, stock, rng)


def test_every_image_is_accounted_for(
    cloud: LocalCloud, built: Package, int8_model: Path, fashion: Path, tmp_path: Path
) -> None:
    """After faults of S3, kills, repeated and senseless messages, overwritten and deleted objects:
    one record each, the right one; nothing lost, nothing double.
    """
    steps = planned(fashion, int8_model)
    soaked = cloud.deploy(built.path, name="soak")
    course = job.run(soaked, steps, SEED, PACE, lambda _: None)
    found = verdict.judge(soaked, course, tmp_path)
    assert not found.troubles, table(OBJECTS, SEED, found)
    # It was a soak: something struck, and of everything that can come out something did.
    assert course.faults
    assert course.kills
    assert course.dead_letters
    # The bucket is versioned, so what was put again is scored as it was announced, not superseded.
    assert set(found.statuses) == {"scored", "failed"}
    assert set(found.kinds) >= {"corrupt", "unsupported", "too-large", "forbidden"}


def test_a_seed_decides_the_plan_and_the_faults(fashion: Path, int8_model: Path) -> None:
    """The same again by the same seed, whatever came in between; another by another."""
    steps = planned(fashion, int8_model)
    assert steps == planned(fashion, int8_model)
    assert steps != planned(fashion, int8_model, seed=1)

    def struck(names: list[str], seed: int = SEED) -> dict[str, Fault | None]:
        choose = RequestFaults(seed, reads=0.5, writes=0.5)
        return {name: choose("GET", f"bucket/{name}") for name in names}

    keys = [step.key for step in steps if isinstance(step, plan.Put)]
    assert struck(keys) == struck(keys[::-1])
    assert struck(keys) != struck(keys, seed=1)
