"""TensorFlow and Keras, imported once and quietly. Every other module takes them from here."""

from __future__ import annotations

import os
from contextlib import suppress

from litescore.errors import MissingDependency
from litescore.terminal import hushed

# Before the import: TensorFlow reads it once.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

try:
    # Some lines come before the log level counts, straight from C++.
    with hushed(tell_on_error=True):
        import keras
        import tensorflow as tf
except ModuleNotFoundError as error:
    raise MissingDependency(error.name or "tensorflow", extra="train") from error

tf.get_logger().setLevel("ERROR")

__all__ = ["keras", "tf", "use_one_thread"]


def use_one_thread() -> None:
    """Compute every operation on one thread, where TensorFlow has not computed anything yet.

    The steps of a small dense model are too short to share: two threads on two busy cores spent
    1.6 times the processor time, waiting for each other.
    """
    # Once it has begun TensorFlow keeps its threads and says so by raising.
    with suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(1)
