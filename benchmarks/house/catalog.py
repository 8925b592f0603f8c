"""Every piece that one run measures, in the order of the page. Knows words and holds alone."""

from __future__ import annotations

from benchmarks import holds
from benchmarks.house.piece import Piece, Row

_BATCH = "Batches from S3"
_FUNCTION = "The function"
_EDGE = "The edge"
_TRAINING = "Training and export"

# An image is fetched, decoded and scored whoever does it: what is left to save is the rest.
_PHOTOS_WHY = (
    "both pay for decoding, resizing and the model: in memory, without any fetch, that alone is "
    "{score-photos}"
)
_FETCH_WHY = "fetching alone, one GET an image by obstore, is {fetch-28}"
_SHARD_WHY = (
    "a shard saves the fetch, and a photograph's time is decoding, resizing and the model: "
    "fetching it is {fetch-photos} of the peer's CPU, decoding and scoring {score-photos}"
)
_NEAR_WHY = "a frame's record, its line and its thread take some 40 µs; on the edge of the hold"

PIECES = (
    Piece(
        "batch",
        _BATCH,
        2.2,
        "benchmarks.house.measures.batch:peers",
        (
            Row(
                "pipeline-28",
                "pipeline, CPU an image over (fetch alone + decode and score alone), 28 px",
                holds.PARTS,
            ),
            Row("handler-28", "the Lambda handler over the same parts, 28 px", holds.PARTS),
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
                why="decoding, resizing and the model are in both: in memory they take "
                "{score-photos} of what boto3 and one-image TFLite take in all",
            ),
            Row(
                "tflite-28",
                "CPU an image over boto3 + one-image TFLite an object, 28 px",
                holds.ONE_IMAGE,
                why=_FETCH_WHY,
            ),
            Row(
                "tflite-photos",
                "CPU an image over boto3 + one-image TFLite an object, photographs",
                holds.ONE_IMAGE,
                why=_PHOTOS_WHY,
            ),
            Row("fetch-28", "fetching alone, over boto3 + one-image TFLite, 28 px"),
            Row("score-28", "decoding and scoring alone, over the same, 28 px"),
            Row("fetch-photos", "fetching alone, over the same, photographs"),
            Row("score-photos", "decoding and scoring alone, over the same, photographs"),
        ),
        "python -m benchmarks.batch",
        "BENCHMARKS-BATCH.md#batch-scoring",
        ("tensorflow",),
    ),
    Piece(
        "shards",
        _BATCH,
        2.2,
        "benchmarks.house.measures.batch:shards",
        (
            Row("zip-28", "CPU an image, zip shard over single objects, 28 px", holds.ZIP),
            Row("npz-28", "CPU an image, npz shard over single objects, 28 px", holds.NPZ),
            Row(
                "zip-photos",
                "CPU an image, zip shard over single objects, photographs",
                holds.ZIP,
                why=_SHARD_WHY,
            ),
            Row(
                "npz-photos",
                "CPU an image, npz shard over single objects, photographs",
                holds.NPZ,
                why="pixels of a photograph are fifteen times its JPEG's bytes, and resizing and "
                "the model are left",
            ),
        ),
        "python -m benchmarks.batch.paths",
        "BENCHMARKS-BATCH.md#batch-scoring",
        ("tensorflow",),
    ),
    Piece(
        "curves",
        _BATCH,
        1.5,
        "benchmarks.house.measures.batch:curves",
        (),
        "python -m benchmarks.house --only curves",
        "BENCHMARKS-BATCH.md#threads-and-processes",
        ("tensorflow",),
    ),
    Piece(
        "parallel",
        _BATCH,
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
        _BATCH,
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
    Piece(
        "cold-start",
        _FUNCTION,
        1.8,
        "benchmarks.house.measures.function:start",
        (
            Row(
                "init-bare",
                "cold start over a bare handler, INIT",
                holds.BARE,
                why="the libraries and the model alone are {init-libraries}",
            ),
            Row("init-boto3", "cold start over the same with a boto3 client, INIT", holds.BOTO3),
            Row("init-libraries", "the libraries and the model alone over a bare handler, INIT"),
        ),
        "python -m benchmarks.cold_start --rounds 7",
        "BENCHMARKS-CLOUD.md#cold-start",
        ("python of the function", "tensorflow"),
    ),
    Piece(
        "edge-loop",
        _EDGE,
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
                why=_NEAR_WHY,
            ),
            Row(
                "loop-small-gray-input",
                "edge loop over raw invoke, model of 0.2 ms, frames as the input, gray",
                holds.SMALL_LOOP,
                why=_NEAR_WHY,
            ),
            Row(
                "loop-small-rgb-near",
                "edge loop over raw invoke, model of 0.2 ms, frames near the input, rgb",
                holds.SMALL_LOOP,
                why=_NEAR_WHY,
            ),
            Row(
                "loop-small-gray-near",
                "edge loop over raw invoke, model of 0.2 ms, frames near the input, gray",
                holds.SMALL_LOOP,
                why=_NEAR_WHY,
            ),
        ),
        "python -m benchmarks.edge_loop",
        "BENCHMARKS-EDGE.md#edge-loop",
        ("tensorflow",),
    ),
    Piece(
        "latency",
        _EDGE,
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
        _EDGE,
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
        _EDGE,
        2.5,
        "benchmarks.house.measures.edge:held",
        (Row("edge-memory", "memory of the loop, 100,000 frames over 10,000", holds.FRAMES),),
        "python -m benchmarks.edge_memory",
        "BENCHMARKS-EDGE.md#edge-loop",
        ("tensorflow",),
    ),
    Piece(
        "bench",
        _EDGE,
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
        _EDGE,
        0.5,
        "benchmarks.house.measures.edge:verify",
        (Row("verify", "`litescore verify`, start of Python included", holds.VERIFY, " s"),),
        "litescore verify model.tflite",
        "BENCHMARKS-EDGE.md#verify",
        ("tensorflow",),
    ),
    Piece(
        "decoding",
        _TRAINING,
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
        _TRAINING,
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
        _TRAINING,
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
        _TRAINING,
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
        _TRAINING,
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
    Piece(
        "arm64",
        _EDGE,
        4.0,
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


def find(name: str) -> Piece:
    """The piece of that name. Raises KeyError."""
    return {piece.name: piece for piece in PIECES}[name]


def rows() -> dict[str, Row]:
    """Every row by its name."""
    return {row.name: row for piece in PIECES for row in piece.rows}
