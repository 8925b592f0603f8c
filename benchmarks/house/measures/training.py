"""Training against the tutorials' own code, and the files that export makes of it."""

from __future__ import annotations

from typing import Any

from benchmarks import export, training_time
from benchmarks.house.piece import Found, Place

# fashion-devclub is the training of fashion-basic.
PRESETS = ("mnist-quickstart", "fashion-basic", "fashion-logits", "mnist-early-stop")
TARGETS = ("litert", "tflite-runtime")
_SWEPT = "fashion-basic"


def against_tutorials(place: Place) -> Found:
    """One seed a preset; who goes first alternates with it."""
    names, epochs = (PRESETS[:1], 1) if place.quick else (PRESETS, None)
    pairs = [
        training_time.both(*training_time.planned(name, epochs), seed)
        for seed, name in enumerate(names)
    ]
    apart = [100 * (pair.ours.accuracy - pair.theirs.accuracy) for pair in pairs]
    return Found({"training": [pair.ratio for pair in pairs], "training-accuracy": apart})


def files(place: Place) -> Found:
    """Size and accuracy of the int8 files; the sweep of one preset for both runtimes."""
    names = (_SWEPT,) if place.quick else PRESETS
    words = ("--epochs", "2") if place.quick else ()
    made = {name: export.files(place.folder, name, *words) for name in names}
    targets = TARGETS[:1] if place.quick else TARGETS
    sweeps = [export.sweep(place.folder / _SWEPT, target) for target in targets]
    rows = {
        "int8-size": [one["int8"]["bytes"] / one["f32"]["bytes"] for one in made.values()],
        "int8-drop": [one["int8"]["drop"] for one in made.values()],
        "sweep": [seconds for seconds, _ in sweeps],
    }
    return Found(rows, {"variants": variants(sweeps[0][1])})


def variants(said: dict[str, Any]) -> dict[str, Any]:
    """What the picture of a sweep needs of its answer."""
    points = [
        {
            "name": _name(one),
            "accuracy": one["accuracy"],
            "size": one["bytes"],
            "latency_ms": _latency(one),
            "passed": one["verdict"] in ("chosen", "passes"),
        }
        for one in said["candidates"]
        if "accuracy" in one
    ]
    gate = said["validation"]["float"] - said["limits"]["max_drop"] / 100
    return {"points": points, "chosen": said["chosen"], "gate": gate}


def _name(candidate: dict[str, Any]) -> str:
    batch = candidate["batch"]
    return f"{candidate['variant']}, batch {batch}" if batch else str(candidate["variant"])


def _latency(candidate: dict[str, Any]) -> float | None:
    """Milliseconds of an image, in the largest batch that was timed."""
    timed = candidate["latency"]
    most = max(timed, key=lambda one: int(one["batch"]), default=None)
    return most["p50"] / most["batch"] if most else None
