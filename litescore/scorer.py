"""A batch of tensors -> probabilities. Owns quantization and the batch shape.

It does not know where pixels come from or where probabilities go.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from litescore import contract as contracts
from litescore import store
from litescore.contract import Contract
from litescore.errors import ConfigurationError, ContractError, ModelError, PermanentError
from litescore.interpreter import Interpreter, TensorInfo, choose
from litescore.record import Subject
from litescore.store.s3 import is_s3

if TYPE_CHECKING:
    from pathlib import Path

Probabilities = NDArray[np.float32]

# Two runtimes, or two machines, round floats differently; this far apart is still the same.
FLOAT_STEP = 1e-4
# Of a softmax in int8, whether its output tensor is a whole number or the float made of it.
INT8_STEP = 1 / 256
_MODEL_BYTES = 2**31


class Scorer:
    """A model file, checked once, that turns tensors into probabilities.

    model    path, s3:// URL or bytes of a .tflite file
    threads  the interpreter uses for one invocation
    most_threads  it may come to use, see `widen`; None for no more than `threads`
    batch    images an invocation takes, None for as many as suit the input's size; a model
             exported with a fixed batch keeps its own
    runtime  `litert` or `tflite-runtime`; None for the first that works
    labels   class names of a file without a contract; refused where the file has others
    version  version id of a model at an s3:// URL; None for the newest
    sha256   refuse any other file
    name     what messages call a model that is given as bytes

    Raises ModelError for a file that is no model or has no image input, ContractError for a
    contract that is missing or does not fit the tensors, ConfigurationError for the wrong digest,
    and for a version of what is not in S3.
    """

    def __init__(
        self,
        model: str | Path | bytes,
        *,
        threads: int = 1,
        most_threads: int | None = None,
        batch: int | None = 1,
        runtime: str | None = None,
        labels: Sequence[str] | None = None,
        version: str | None = None,
        sha256: str | None = None,
        name: str = "the model",
    ) -> None:
        name = name if isinstance(model, bytes) else str(model)
        data = model if isinstance(model, bytes) else read_model(model, version)
        self.digest = hashlib.sha256(data).hexdigest()
        _check_digest(name, self.digest, sha256)
        self.runtime_used = choose(runtime)
        self.threads, self._most_threads, self._data = threads, most_threads or threads, data
        with _naming(name):
            self._interpreter = Interpreter(data, self.runtime_used, threads=threads)
        self._input, self._output = self._interpreter.input, self._interpreter.output
        _check_tensors(name, self._input, self._output)
        self.contract = _contract(name, data, self._interpreter, labels)
        _check_contract(name, self.contract, self._input, self._output)
        with _naming(name):
            self.batch = self._settle_batch(batch)
        self._steps = self._table()
        held = self.contract
        self._taken = (held.height, held.width, held.channels)
        self._tensor = np.zeros((self.batch, *self._input.shape[1:]), self._input.dtype)
        # A camera's turn is short: what is the same for each frame is asked once.
        self._takes_pixels = self._input.dtype == np.uint8
        self._is_signed = self._input.dtype == np.int8
        self._is_sigmoid = held.output == "sigmoid"
        self._lock = threading.Lock()

    @property
    def runtime(self) -> str:
        """`litert` or `tflite-runtime`."""
        return self.runtime_used.name

    @property
    def step(self) -> float:
        """How far apart two readings of one probability may be and still be the same."""
        if self.contract.variant == "int8-float-io":
            return INT8_STEP
        return self._output.scale or FLOAT_STEP

    @property
    def answers_floats(self) -> bool:
        """Whether the model itself answers with floats, which may be no numbers."""
        return self._steps is None

    def widen(self) -> None:
        """Invoke with as many threads as there may be, from now on. The answers stay the same."""
        if self.threads == self._most_threads:
            return
        with self._lock:
            # First, so that the weights, which an interpreter packs anew, are not held twice.
            del self._interpreter
            self._interpreter = Interpreter(
                self._data, self.runtime_used, threads=self._most_threads
            )
            if self._input.shape[0] == -1:
                self._interpreter.resize(self.batch)
            self.threads = self._most_threads

    def probabilities(self, tensors: NDArray[np.uint8]) -> Probabilities:
        """uint8[n, height, width, channels] of raw pixels -> float32[n, classes], each 0..1.

        Raises ValueError for tensors of another shape or dtype.
        """
        return self.dequantize(self.outputs(tensors))

    def outputs(self, tensors: NDArray[np.uint8]) -> NDArray[np.generic]:
        """As `probabilities`, but the output tensor as it is: whole numbers for int8 models."""
        self._check_input(tensors)
        if len(tensors) == self.batch:
            return self._invoke(tensors)
        parts = [
            self._invoke(tensors[start : start + self.batch])
            for start in range(0, len(tensors), self.batch)
        ]
        if not parts:
            return np.empty((0, self._output.shape[1]), self._output.dtype)
        return np.concatenate(parts)

    def dequantize(self, outputs: NDArray[np.generic]) -> Probabilities:
        """Output tensor[n, units] -> float32[n, classes]."""
        values = self._floats(outputs) if self._steps is None else self._steps[outputs]
        if self._is_sigmoid:
            values = np.concatenate([1 - values, values], axis=1)
        return values

    def _floats(self, outputs: NDArray[np.generic]) -> Probabilities:
        values = outputs.astype(np.float32)
        if self._output.scale:
            values = (values - self._output.zero_point) * np.float32(self._output.scale)
        return values

    def _table(self) -> Probabilities | None:
        """What each of a byte's 256 values means, by index: signed ones count from the end."""
        if self._output.dtype.itemsize != 1:
            return None
        return self._floats(np.arange(256, dtype=np.uint8).view(self._output.dtype))

    def _invoke(self, tensors: NDArray[np.uint8]) -> NDArray[np.generic]:
        # Neither the tensor nor the interpreter is more than one thread's at a time.
        with self._lock:
            if len(tensors) == self.batch and self._takes_pixels:
                return self._interpreter.invoke(tensors.reshape(self._tensor.shape))
            return self._invoke_filled(tensors)

    def _invoke_filled(self, tensors: NDArray[np.uint8]) -> NDArray[np.generic]:
        """By a tensor of the model's own type and batch."""
        count = len(tensors)
        shaped = tensors.reshape(count, *self._input.shape[1:])
        # Rows past `count` keep what an earlier batch left; their answers are cut off.
        if self._is_signed:
            self._tensor[:count] = shaped.astype(np.int16) + self._input.zero_point
        else:
            self._tensor[:count] = shaped
        return self._interpreter.invoke(self._tensor)[:count]

    def _settle_batch(self, batch: int | None) -> int:
        fixed = self._input.shape[0]
        if fixed == -1:
            batch = batch or self._interpreter.suitable_batch()
            self._interpreter.resize(batch)
            return batch
        return fixed

    def _check_input(self, tensors: NDArray[np.uint8]) -> None:
        if tensors.dtype != np.uint8 or tensors.shape[1:] != self._taken:
            sides = ", ".join(map(str, self._taken))
            raise ValueError(
                f"tensors are {tensors.dtype}{list(tensors.shape)}, not uint8[n, {sides}]"
            )


def read_model(path: str | Path, version: str | None = None) -> bytes:
    """The bytes of a model at a path or s3:// URL, there of a version id where one is named.

    Raises ModelError naming what is missing or closed to us, ConfigurationError for a version of
    what is not in S3, and as `litescore.store.read`.
    """
    if is_s3(str(path)):
        return _download(str(path), version)
    if version:
        raise ConfigurationError(
            f"model version {version} is named, and the model {path} is not in S3: "
            "unset LITESCORE_MODEL_VERSION, or name an s3:// URL"
        )
    try:
        with open(path, "rb") as file:  # noqa: PTH123 without pathlib a start is shorter
            return file.read()
    except FileNotFoundError:
        raise ModelError(
            f"no model at {path}: make one with `litescore export`, or name it with --model "
            "or LITESCORE_MODEL"
        ) from None
    except IsADirectoryError:
        told = (
            "it is a folder; name a .tflite file (`litescore export` makes one of a training run)"
        )
        raise ModelError(f"cannot read the model {path}: {told}") from None
    except OSError as error:
        raise ModelError(f"cannot read the model {path}: {error.strerror}") from error


def _download(url: str, version: str | None) -> bytes:
    try:
        return store.read(Subject(url, version=version), max_bytes=_MODEL_BYTES).data
    except PermanentError as error:
        raise ModelError(f"cannot read the model {url}: {error}") from error


@contextmanager
def _naming(name: str) -> Iterator[None]:
    """Errors about the model's bytes get its name in front."""
    try:
        yield
    except (ModelError, ContractError) as error:
        raise type(error)(f"{name}: {error}") from error


def _check_digest(name: str, digest: str, wanted: str | None) -> None:
    if wanted is not None and digest != wanted.lower():
        raise ConfigurationError(f"{name} has SHA-256 {digest}, but {wanted} is pinned")


def _check_tensors(name: str, taken: TensorInfo, given: TensorInfo) -> None:
    sides = taken.shape[1:]
    if len(sides) not in (2, 3) or min(sides) < 1 or (len(sides) == 3 and sides[2] not in (1, 3)):
        raise ModelError(
            f"{name}: the input is {list(taken.shape)}, not [batch, height, width, 1 or 3]"
        )
    if len(given.shape) != 2:
        raise ModelError(f"{name}: the output is {list(given.shape)}, not [batch, classes]")
    quantization = (str(taken.dtype), taken.scale, taken.zero_point)
    raw = [("uint8", 1.0, 0), ("int8", 1.0, -128), ("float32", 0.0, 0)]
    if quantization not in raw:
        raise ModelError(
            f"{name}: the input is {taken.dtype} with scale {taken.scale:g} and zero point "
            f"{taken.zero_point}, which raw pixels 0..255 are not; export it with `litescore export`"
        )


def _contract(name: str, data: bytes, model: Interpreter, labels: Sequence[str] | None) -> Contract:
    with _naming(name):
        found = contracts.read(data)
    if found is not None:
        if labels is not None and tuple(labels) != found.labels:
            raise ContractError(
                f"{name} carries other labels than those given ({', '.join(found.labels[:3])}, "
                "...): leave out --labels, or replace them with "
                "`litescore describe --overwrite`"
            )
        return found
    if labels is None:
        raise ContractError(
            f"{name} carries no contract: give its class names with --labels FILE, or add a "
            f"contract with `litescore describe {name} --labels FILE`"
        )
    height, width = model.input.shape[1:3]
    color = "rgb" if model.input.shape[3:] == (3,) else "gray"
    # One unit for two classes is a sigmoid: what it says is the second's probability.
    output = "sigmoid" if (model.output.shape[1], len(labels)) == (1, 2) else "softmax"
    return Contract(tuple(labels), color, height, width, output=output)


def _check_contract(name: str, held: Contract, taken: TensorInfo, given: TensorInfo) -> None:
    channels = taken.shape[3] if len(taken.shape) == 4 else 1
    if (held.height, held.width, held.channels) != (*taken.shape[1:3], channels):
        raise ContractError(
            f"{name}: the contract says {held.height} x {held.width} {held.color}, the model takes "
            f"{taken.shape[1]} x {taken.shape[2]} with {channels} channels"
        )
    units = 1 if held.output == "sigmoid" else len(held.labels)
    if units != given.shape[1]:
        raise ContractError(
            f"{name}: {len(held.labels)} labels, but the model has {given.shape[1]} outputs"
        )
