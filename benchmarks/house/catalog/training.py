"""Rows of training and export."""

from __future__ import annotations

from benchmarks import holds
from benchmarks.house.piece import Piece, Row

_TITLE = "Training and export"

PIECES = (
    Piece(
        "decoding",
        _TITLE,
        2.0,
        "benchmarks.house.measures.memory:decoding_speed",
        (
            Row(
                "decode-two",
                "50,000 JPEGs of 320 px into the cache, images/s of two workers over twice one's",
                holds.HALF,
            ),
        ),
        "python -m benchmarks.decode_cache speed --images 50000",
        "BENCHMARKS-TRAINING.md#decoding-into-the-cache",
        ("two processors", "tensorflow"),
    ),
    Piece(
        "decoding-memory",
        _TITLE,
        0.5,
        "benchmarks.house.measures.memory:decoding_memory",
        (
            Row(
                "decode-memory",
                "peak memory of decoding pictures of 32 px to 12 megapixels, 400 over 40",
                holds.PEAK,
            ),
        ),
        "python -m benchmarks.decode_cache mixed --images 400",
        "BENCHMARKS-TRAINING.md#decoding-into-the-cache",
        ("tensorflow",),
    ),
    Piece(
        "epoch-memory",
        _TITLE,
        1.2,
        "benchmarks.house.measures.memory:epoch_memory",
        (
            Row(
                "epoch-memory",
                "peak memory of an epoch of the `cnn` over the cache, 10,000 images over 1,000",
                holds.PEAK,
            ),
        ),
        "python -m benchmarks.decode_cache memory --images 10000",
        "BENCHMARKS-TRAINING.md#decoding-into-the-cache",
        ("tensorflow",),
    ),
    Piece(
        "training",
        _TITLE,
        3.2,
        "benchmarks.house.measures.training:against_tutorials",
        (
            Row(
                "training",
                "training time over the tutorial's own `fit`, same epochs, four presets",
                holds.TRAINING,
                worst=True,
            ),
            Row(
                "training-accuracy",
                "test accuracy beside the tutorial's, the middle of four presets",
                holds.SAME_ACCURACY,
                " points",
            ),
        ),
        "python -m benchmarks.training_time",
        "BENCHMARKS-TRAINING.md#training",
        ("tensorflow", "data"),
    ),
    Piece(
        "export",
        _TITLE,
        3.2,
        "benchmarks.house.measures.training:files",
        (
            Row("int8-size", "int8 file over f32 file, four presets", holds.FILE, worst=True),
            Row(
                "int8-drop",
                "accuracy drop of int8, four presets, full test set",
                holds.DROP,
                " points",
                worst=True,
            ),
            Row(
                "sweep",
                "export sweep of 101,770 parameters, full test set, for LiteRT and tflite-runtime",
                holds.SWEEP,
                " s",
                worst=True,
            ),
        ),
        "python -m benchmarks.export",
        "BENCHMARKS-TRAINING.md#export",
        ("tensorflow", "data"),
    ),
)
