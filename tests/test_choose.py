"""docs/CHOOSE.md: its tables are those of the last measurement, and all of it was measured."""

from __future__ import annotations

import json
from itertools import product

from benchmarks.choose import machines, models, page, rounds
from litescore.settings import RUNTIMES


def test_the_page_has_the_figures() -> None:
    """What stands between the page's marks is made of figures.json: a figure that somebody typed is
    found. `python -m benchmarks.choose --render` makes it anew.
    """
    text = page.PAGE.read_text()
    assert page.rendered(text, json.loads(page.FIGURES.read_text())) == text
    assert text.count(": made -->") == text.count("<!-- end -->") == 4


def test_all_was_measured() -> None:
    """Every variant on every runtime, batch and number of threads has a time, or why it has none."""
    held = json.loads(page.FIGURES.read_text())
    wanted = set(product(models.VARIANTS, RUNTIMES, models.BATCHES, rounds.THREADS))
    for name in models.MODELS:
        costs = held["models"][name]["costs"]
        refused = {(one["variant"], one["runtime"]) for one in costs if "refused" in one}
        timed = {
            (one["variant"], one["runtime"], one["batch"], one["threads"])
            for one in costs
            if "refused" not in one
        }
        assert {one for one in wanted - timed if one[:2] not in refused} == set(), name


def test_machines() -> None:
    """More memory than a processor's costs more and saves no time; Arm costs less; shards least."""
    rows = machines.tables()
    for case in {row["case"] for row in rows}:
        found = {(row["machine"], row["arch"]): row for row in rows if row["case"] == case}
        whole, more = found["Lambda, 1769 MB", "x86_64"], found["Lambda, 3008 MB", "x86_64"]
        assert whole["ms"] == more["ms"]
        assert whole["dollars"] < more["dollars"]
        assert found["Lambda, 1769 MB", "arm64"]["dollars"] < whole["dollars"]
        assert whole["shard_dollars"] < whole["dollars"]
