"""What makes a training the one that it goes on from. Loads no TensorFlow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from trainer.images.splits import Splits
from trainer.models import limits
from trainer.plan import Job


def identity(job: Job, parts: Splits, augment: Sequence[str]) -> dict[str, Any]:
    """What is learned from what, and how, as plain values. `augment` is what is done to the images.

    A file of weights is named by what it holds: where it lies is no matter.
    """
    recipe = asdict(job.recipe)
    # What somebody else's training came to changes nothing of this one.
    del recipe["tutorial"]
    recipe["architecture"]["weights"] = limits.content(job.recipe.architecture)
    return {
        "recipe": recipe,
        "augmentation": tuple(augment),
        "seed": job.seed,
        "data": parts.digest(),
        "contract": json.loads(parts.contract.to_json()),
    }
