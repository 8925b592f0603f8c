"""Rows of batches from S3."""

from __future__ import annotations

from benchmarks import holds
from benchmarks.house.piece import Piece, Row

_TITLE = "Batches from S3"
# Whoever does it, an image is decoded, resized and given to the model.
_SHARE = (
    "decoding, resizing and the model, which both do, are {share-photos} of the pipeline's own CPU"
)
_RECORDS = (
    "making records and packing them, which the parts lack, is {records-28} by itself; the rest is "
    "between threads, and every round has its own"
)
_SHARD = "a shard saves the fetch; decoding, resizing and the model are {share-photos} of single objects' CPU"

PIECES = (
    Piece(
        "batch",
        _TITLE,
        2.2,
        "benchmarks.house.measures.batch:peers",
        (
            Row(
                "pipeline-28",
                "pipeline, CPU an image over (fetch alone + decode and score alone), 28 px",
                holds.PARTS,
                why=_RECORDS,
            ),
            Row(
                "handler-28",
                "the Lambda handler over the same parts, 28 px",
                holds.PARTS,
                why=_RECORDS,
            ),
            Row(
                "pipeline-photos",
                "pipeline over its parts, 640 x 480 photographs into MobileNetV3-Small",
                holds.PARTS,
            ),
            Row(
                "handler-photos", "the Lambda handler over the same parts, photographs", holds.PARTS
            ),
            Row(
                "keras-28",
                "images/s over boto3 + `keras.predict` an object, 28 px",
                holds.KERAS_SMALL,
            ),
            Row(
                "keras-photos",
                "images/s over boto3 + `keras.predict` an object, photographs",
                holds.KERAS_PHOTOS,
                why=_SHARE,
            ),
            Row(
                "tflite-28",
                "CPU an image over boto3 + one-image TFLite an object, 28 px",
                holds.ONE_IMAGE,
                why="fetching alone, a GET an image by obstore, is {fetch-28}",
            ),
            Row(
                "tflite-photos",
                "CPU an image over boto3 + one-image TFLite an object, photographs",
                holds.ONE_IMAGE,
                why="decoding, resizing and the model, which both do, are {score-photos} by themselves",
            ),
            Row("fetch-28", "fetching alone, over boto3 + one-image TFLite, 28 px"),
            Row("records-28", "records made and packed alone, over the same parts, 28 px"),
            Row(
                "records-photos", "records made and packed alone, over the same parts, photographs"
            ),
            Row("score-photos", "decoding and scoring alone, over the same, photographs"),
            Row("share-photos", "decoding and scoring alone, over the pipeline's CPU, photographs"),
        ),
        "python -m benchmarks.batch",
        "BENCHMARKS-BATCH.md#batch-scoring",
        ("tensorflow",),
    ),
    Piece(
        "shards",
        _TITLE,
        2.2,
        "benchmarks.house.measures.batch:shards",
        (
            Row("zip-28", "CPU an image, zip shard over single objects, 28 px", holds.ZIP),
            Row("npz-28", "CPU an image, npz shard over single objects, 28 px", holds.NPZ),
            Row(
                "zip-photos",
                "CPU an image, zip shard over single objects, photographs",
                holds.ZIP,
                why=_SHARD,
            ),
            Row(
                "npz-photos",
                "CPU an image, npz shard over single objects, photographs",
                holds.NPZ,
                why="its pixels are fifteen times the JPEG's bytes to fetch; resizing and the model "
                "are left",
            ),
        ),
        "python -m benchmarks.batch.paths",
        "BENCHMARKS-BATCH.md#batch-scoring",
        ("tensorflow",),
    ),
    Piece(
        "curves",
        _TITLE,
        1.5,
        "benchmarks.house.measures.batch:curves",
        (),
        "python -m benchmarks.house --only curves",
        "BENCHMARKS-BATCH.md#threads-and-processes",
        ("tensorflow",),
    ),
    Piece(
        "parallel",
        _TITLE,
        1.8,
        "benchmarks.house.measures.batch:threads_and_processes",
        (
            Row("threads", "two decoding threads over one, 1-megapixel JPEGs", holds.TWO),
            Row("processes", "two processes over one, 28 px PNGs", holds.TWO),
        ),
        "python -m benchmarks.batch.parallel",
        "BENCHMARKS-BATCH.md#threads-and-processes",
        ("two processors", "tensorflow"),
    ),
    Piece(
        "memory",
        _TITLE,
        3.0,
        "benchmarks.house.measures.memory:scoring",
        (
            Row("memory-small", "peak memory, 10,000 28 x 28 PNGs over 64", holds.PEAK),
            Row("memory-photos", "peak memory, 500 12-megapixel JPEGs over 16", holds.PEAK),
        ),
        "python -m benchmarks.memory",
        "BENCHMARKS-BATCH.md#memory",
        ("tensorflow",),
    ),
)
