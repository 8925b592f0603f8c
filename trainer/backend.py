"""TensorFlow and Keras, imported once and quietly. Every other module takes them from here.

TensorFlow's C++ writes to file descriptor 2 while it is loaded, before its own log level counts,
so that descriptor points elsewhere meanwhile. Python's errors are raised as ever.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from litescore.errors import MissingDependency

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")


@contextmanager
def _silenced_stderr() -> Iterator[None]:
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


try:
    with _silenced_stderr():
        import tensorflow as tf

        import keras
except ModuleNotFoundError as error:
    raise MissingDependency(error.name or "tensorflow", extra="train") from error

tf.get_logger().setLevel("ERROR")

__all__ = ["keras", "tf"]
