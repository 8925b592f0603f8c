"""The function's cold start under AWS's emulator."""

from __future__ import annotations

from benchmarks import cold_start
from benchmarks.batch.rounds import ratios
from benchmarks.house.piece import Found, Place
from infra.package.target import DEFAULT

ROUNDS = 7


def start(place: Place) -> Found:
    """INIT over a bare handler's, and over the same with a boto3 client."""
    found = cold_start.starts(DEFAULT.python, place.size(ROUNDS, 1), place.folder / "models")
    took = {way: [one.init for one in starts] for way, starts in found.items()}
    bare = took[cold_start.BARE]
    return Found(
        {
            "init-bare": ratios(took[cold_start.OURS], bare),
            "init-boto3": ratios(took[cold_start.OURS], took[cold_start.BOTO3]),
            "init-libraries": ratios(took[cold_start.LIBRARIES], bare),
        }
    )
