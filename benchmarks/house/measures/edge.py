"""The loop over frames: what it adds to the invoke, how late it is, what it holds and shows."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from benchmarks import bench_overhead, edge_latency, edge_loop, edge_memory, preview, trained
from benchmarks import export as exports
from benchmarks.house.piece import Found, Place
from litescore.scorer import Scorer
from tests.rig import rtsp

ROUNDS = 3
# The short names of the loop's models, in their order.
_LARGE = "large"
_MODELS = ("small-rgb", "small-gray", _LARGE)
_FRAMES = {edge_loop.SAME: "input", edge_loop.NEAR: "near"}
_LOOKS = {"the page": "preview-page", "/stream.mjpg": "preview-mjpeg"}


def loop(place: Place) -> Found:
    """The loop's fastest frame over the fastest bare invoke, in several rounds of each."""
    rows: dict[str, list[float]] = {}
    beside: list[float] = []
    out, frames = place.folder / "records.jsonl", place.size(1000, 5)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn) as converter:
        for short, (_, side, channels, filters, _) in zip(_MODELS, edge_loop.MODELS, strict=True):
            scorer = Scorer(converter.submit(edge_loop.convert, side, channels, filters).result())
            sizes = edge_loop.sizes(scorer.contract)
            for _ in range(place.size(ROUNDS, 1)):
                for what, name in _FRAMES.items():
                    times = edge_loop.measure(scorer, sizes[what], out, frames)
                    rows.setdefault(f"loop-{short}-{name}", []).append(edge_loop.ratio(times))
                    if short != _LARGE and what == edge_loop.NEAR:
                        beside.append(1e6 * (min(times.loop) - min(times.raw)))
    return Found(rows | {"loop-beside": beside})


def latency(place: Place) -> Found:
    """The 99th percentile over a frame interval and an invoke, by camera and model."""
    lacks = "this is a quick run" if place.quick else _rtsp_lacks(place.folder)
    seconds = 4.0 if place.quick else 10.0
    found = list(edge_latency.every(place.folder, seconds, rtsp=not lacks))
    note = f"without the RTSP camera: {lacks}" if lacks else ""
    return Found({"latency": [one.p99 / one.hold for _, one in found]}, notes={"latency": note})


def _rtsp_lacks(folder: Path) -> str:
    """Why there can be no RTSP server on this machine, or nothing."""
    try:
        rtsp.rtsp(folder)
    except pytest.skip.Exception as error:
        return str(error)
    return ""


def shown(place: Place) -> Found:
    """Percent of a core that one viewer takes."""
    scorer, rounds, seconds = preview.small_model(), place.size(4, 1), place.size(5, 1)
    rows = {}
    for what, name in _LOOKS.items():
        rows[name] = preview.measure(scorer, preview.LOOKS[what], rounds, seconds).more
    return Found(rows)


def held(place: Place) -> Found:
    """Resident memory after all frames over that after a tenth."""
    model = place.folder / "model.tflite"
    edge_memory.write_model(model)
    (_, first), *_, (_, last) = edge_memory.measure(place.folder, model, place.size(100_000, 300))
    return Found({"edge-memory": [last.rss / first.rss]})


def overhead(place: Place) -> Found:
    """`litescore bench` over LiteRT's own command, round by round."""
    rows = {}
    models = bench_overhead.MODELS[:1] if place.quick else bench_overhead.MODELS
    for _, side, filters in models:
        times = bench_overhead.turns(bench_overhead.made(side, filters), place.size(7, 1))
        rows[f"bench-{side}"] = [mine / theirs for mine, theirs in times]
    skipped = {} if len(rows) > 1 else {"bench-224": "one model is enough to prove it can be done"}
    return Found(rows, skipped=skipped)


def verify(place: Place) -> Found:
    """Seconds of `litescore verify`, the start of Python included."""
    model = trained.model(place.folder)
    return Found({"verify": [exports.verify(model) for _ in range(place.size(5, 1))]})
