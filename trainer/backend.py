"""TensorFlow and Keras, imported once and quietly. Every other module takes them from here."""

from __future__ import annotations

import os

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

__all__ = ["keras", "tf"]
