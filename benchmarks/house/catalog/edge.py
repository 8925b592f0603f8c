"""Rows of the edge."""

from __future__ import annotations

from benchmarks import holds
from benchmarks.house.piece import Piece, Row

_TITLE = "The edge"
_BESIDE = "what the loop does with a frame near the input beside the invoke takes {loop-beside}, where a fifth of 0.2 ms is 40 µs: the model's weights leave it cold caches"


PIECES = (
    Piece(
        "edge-loop",
        _TITLE,
        1.8,
        "benchmarks.house.measures.edge:loop",
        (
            Row(
                "loop-large-input",
                "edge loop over raw invoke, model of 3 ms, frames as the input (fitted ahead, on "
                "the camera's thread)",
                holds.LARGE_LOOP,
            ),
            Row(
                "loop-large-near",
                "edge loop over raw invoke, model of 3 ms, frames near the input",
                holds.LARGE_LOOP,
            ),
            Row(
                "loop-small-rgb-input",
                "edge loop over raw invoke, model of 0.2 ms, frames as the input, rgb",
                holds.SMALL_LOOP,
                why=_BESIDE,
            ),
            Row(
                "loop-small-gray-input",
                "edge loop over raw invoke, model of 0.2 ms, frames as the input, gray",
                holds.SMALL_LOOP,
                why=_BESIDE,
            ),
            Row(
                "loop-small-rgb-near",
                "edge loop over raw invoke, model of 0.2 ms, frames near the input, rgb",
                holds.SMALL_LOOP,
                why=_BESIDE,
            ),
            Row(
                "loop-small-gray-near",
                "edge loop over raw invoke, model of 0.2 ms, frames near the input, gray",
                holds.SMALL_LOOP,
                why=_BESIDE,
            ),
            Row(
                "loop-beside",
                "what the loop does beside the invoke, model of 0.2 ms, frames near the input",
                None,
                " µs",
            ),
        ),
        "python -m benchmarks.edge_loop",
        "BENCHMARKS-EDGE.md#edge-loop",
        ("tensorflow",),
    ),
    Piece(
        "latency",
        _TITLE,
        1.3,
        "benchmarks.house.measures.edge:latency",
        (
            Row(
                "latency",
                "frame to record at 30 fps, p99, over a frame interval and an invoke; three models, "
                "a camera by the clock and RTSP",
                holds.LATENCY,
                worst=True,
            ),
        ),
        "python -m benchmarks.edge_latency --seconds 15 --rtsp",
        "BENCHMARKS-EDGE.md#edge-loop",
        ("tensorflow",),
    ),
    Piece(
        "preview",
        _TITLE,
        1.6,
        "benchmarks.house.measures.edge:shown",
        (
            Row(
                "preview-page",
                "one viewer of the preview's page at 15 fps, beyond the encoding, of a core",
                holds.VIEWER,
                " %",
            ),
            Row("preview-mjpeg", "one viewer of the MJPEG stream, the same", holds.VIEWER, " %"),
        ),
        "python -m benchmarks.preview --rounds 5 --seconds 6",
        "BENCHMARKS-EDGE.md#edge-loop",
        ("tensorflow",),
    ),
    Piece(
        "edge-memory",
        _TITLE,
        2.5,
        "benchmarks.house.measures.edge:held",
        (Row("edge-memory", "memory of the loop, 100,000 frames over 10,000", holds.FRAMES),),
        "python -m benchmarks.edge_memory",
        "BENCHMARKS-EDGE.md#edge-loop",
        ("tensorflow",),
    ),
    Piece(
        "bench",
        _TITLE,
        1.0,
        "benchmarks.house.measures.edge:overhead",
        (
            Row(
                "bench-96",
                "`litescore bench` over `litert-benchmark`, batch 1, 96 x 96 rgb",
                holds.OVERHEAD,
            ),
            Row(
                "bench-224",
                "`litescore bench` over `litert-benchmark`, batch 1, 224 x 224 rgb",
                holds.OVERHEAD,
            ),
        ),
        "python -m benchmarks.bench_overhead",
        "BENCHMARKS-EDGE.md#bench",
        ("litert-benchmark", "tensorflow"),
    ),
    Piece(
        "verify",
        _TITLE,
        0.5,
        "benchmarks.house.measures.edge:verify",
        (Row("verify", "`litescore verify`, start of Python included", holds.VERIFY, " s"),),
        "litescore verify model.tflite",
        "BENCHMARKS-EDGE.md#verify",
        ("tensorflow",),
    ),
    Piece(
        "arm64",
        _TITLE,
        2.5,
        "benchmarks.house.measures.arm:answers",
        (
            Row(
                "arm-tflite",
                "the same int8 file with convolutions on x86-64 and AArch64 (a Pi 4's processor), "
                "tflite-runtime: farthest",
                holds.EQUAL,
                " steps",
            ),
            Row("arm-litert", "that file, LiteRT: farthest", holds.ONE_STEP, " steps"),
            Row(
                "arm-class",
                "that file, LiteRT: images of another best class, ties aside",
                holds.EQUAL,
                "",
            ),
        ),
        "python -m benchmarks.arm64",
        "BENCHMARKS-EDGE.md#64-bit-arm",
        ("both runtimes", "mmdebstrap", "tensorflow"),
    ),
)
