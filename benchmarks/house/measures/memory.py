"""Peak memory by number of images, and what decoding into the cache takes."""

from __future__ import annotations

import os

from benchmarks import decode_cache, memory
from benchmarks.batch.rounds import ratios
from benchmarks.house.piece import Found, Place
from tests.rig import seaweed

SMALL: tuple[int, ...] = (64, 250, 1_000, 4_000, 10_000)
PHOTOS: tuple[int, ...] = (16, 100, 500)
_TINY = (4, 8)


def scoring(place: Place) -> Found:
    """`litescore score` from S3 to S3."""
    rows, curve = {}, {}
    with seaweed.serve(place.folder) as server:
        os.environ.update(server.environ)
        for name, whole in (("small", SMALL), ("photos", PHOTOS)):
            counts = _TINY if place.quick else whole
            runs = place.size(memory.FEW_RUNS, 1)
            peaks = memory.peaks(memory.ROWS[name], counts, server, place.folder, runs)
            few, many = peaks[counts[0]], peaks[counts[-1]]
            rows[f"memory-{name}"] = ratios(many * len(few), few)
            curve[name] = {"x": list(counts), "peak": [max(peaks[count]) for count in counts]}
    return Found(rows, {"memory": curve})


def decoding_speed(place: Place) -> Found:
    """Two workers over twice one."""
    rounds = place.size(5, 1)
    found = decode_cache.speeds(place.size(50_000, 400), rounds)
    return Found({"decode-two": ratios([rate / 2 for rate in found[2]], found[1])})


def decoding_memory(place: Place) -> Found:
    """Pictures from 32 pixels to 12 megapixels."""
    few, many = decode_cache.decoding_peaks(place.size(400, 40))
    return Found({"decode-memory": [many / few]})


def epoch_memory(place: Place) -> Found:
    """An epoch of the cnn over the cache."""
    few, many = decode_cache.training_peaks(place.size(10_000, 200))
    return Found({"epoch-memory": [many / few]})
