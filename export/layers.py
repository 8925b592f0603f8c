"""Where int8 goes wrong: what each layer's rounding does to its own result, and to the accuracy.

The converter's quantization debugger runs every layer twice on the same input, as int8 and as
float32. Reads a Keras model; writes nothing.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from export.convert import frames, tensorflow
from litescore.contract import Contract
from litescore.errors import ModelError
from litescore.scorer import Scorer
from litescore.terminal import hushed
from litescore.tflite import flatbuffer

# Layers that are kept in float one after the other, to see what accuracy comes back.
TRIED = 5
# Images on which layers are compared: enough to rank them, and the debugger is slow.
_COMPARED = 100
# Images an invocation of the debugger takes, and how many values it may hand in: it keeps every
# tensor of the model three times over. Channels cannot be judged by less than a few images.
_LEAST, _MOST, _VALUES = 8, 50, 2**18
# Images an invocation takes while accuracy is measured, which does not depend on it.
_BATCH = 50
# Noise, in steps, of an operation that rounds nothing: a reshape, a pooling by maximum.
_HANDED_ON = 1e-3


@dataclass(frozen=True)
class LayerCost:
    """What int8 costs in one layer.

    name       the Keras layers that it was made of, as `conv + relu`
    operation  of the .tflite file, as `CONV_2D`
    noise      root mean square error of its int8 result, in steps of that result's scale:
               0.29 is rounding alone
    lost       share of the signal that drowns in that error, 0..1: error over variance, channel
               by channel, since one loud channel takes the steps that a quiet one would need
    recovered  percentage points of accuracy gained when its result stays float32, that is, this
               layer and those that read it; None where that was not tried
    """

    name: str
    operation: str
    noise: float
    lost: float
    recovered: float | None = None


def costs(
    model: Any,
    contract: Contract,
    calibration: NDArray[np.uint8],
    images: NDArray[np.uint8],
    classes: NDArray[np.int64] | None = None,
    *,
    tried: int = TRIED,
) -> list[LayerCost]:
    """What int8 costs in each layer of `model`, the costliest first.

    model        keras.Model from float32[n, h, w, c] raw pixels to probabilities, batch open
    calibration  uint8[n, h, w, c], from which the value ranges are learned
    images       uint8[n, h, w, c]; layers are compared on the first of them
    classes      int64[n] of `images`; with them the accuracy that comes back is measured, on all
                 images, for the `tried` costliest layers

    Raises ModelError when the converter cannot debug the model.
    """
    with _quietly():
        try:
            debugger = _Debugger(tensorflow(), model, calibration)
            rows = debugger.compare(images[:_COMPARED])
        except Exception as error:  # the converter raises whatever its passes raise
            reason = str(error).partition("\n")[0]
            raise ModelError(f"cannot tell what int8 costs in which layer: {reason}") from error
        rows.sort(key=lambda row: -row.lost)
        gains: dict[str, float] = {}
        if classes is not None:
            gains = _gains(debugger, rows, tried, _judge(contract, images, classes))
    known = _layer_names(model)
    return [
        LayerCost(
            layer_name(row.tensor, known) or row.operation.lower(),
            row.operation,
            row.noise,
            row.lost,
            gains.get(row.tensor),
        )
        for row in rows
    ]


def layer_name(tensor: str, known: Sequence[str]) -> str:
    """The Keras layers in a tensor's name, joined in the order of `known`; "" where there is none.

    The converter joins the names of what it fused: `model_1/conv_1/Relu;model_1/conv_1/BiasAdd`.
    Keras puts `_1`, `_2` behind a layer's name each time the layer is called anew.

    >>> layer_name("top_1/re_lu_1/Relu;top_1/conv_1/convolution", ["conv", "re_lu"])
    'conv + re_lu'
    """
    found = set()
    for path in tensor.split(";"):
        parts = path.split("/")[:-1]
        names = (name for part in reversed(parts) if (name := _known(part, known)))
        found.add(next(names, ""))
    return " + ".join(name for name in known if name in found)


@dataclass(frozen=True)
class _Row:
    """One quantized operation as the debugger tells it."""

    tensor: str
    index: int
    operation: str
    noise: float
    lost: float


class _Debugger:
    """The converter's debugger over one calibrated model: compares layers, leaves some in float."""

    def __init__(self, tf: Any, model: Any, calibration: NDArray[np.uint8]) -> None:
        self._experimental = tf.lite.experimental
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = partial(frames, calibration, 1)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        self._options = self._experimental.QuantizationDebugOptions(fully_quantize=True)
        self._converted = self._experimental.QuantizationDebugger(
            converter=converter, debug_dataset=lambda: iter(()), debug_options=self._options
        )

    def compare(self, images: NDArray[np.uint8]) -> list[_Row]:
        """Every quantized operation, in the order of the graph."""
        # From the bytes and not from the converter: only then does the debugger keep the tensors
        # that the two metrics compare.
        debugger = self._experimental.QuantizationDebugger(
            quant_debug_model_content=self._instrumented,
            debug_dataset=partial(_batches, images),
            debug_options=self._experimental.QuantizationDebugOptions(
                layer_direct_compare_metrics={"noise": _noise, "lost": _lost}
            ),
        )
        debugger.run()
        table = io.StringIO()
        debugger.layer_statistics_dump(table)
        return [_row(line) for line in csv.DictReader(io.StringIO(table.getvalue()))]

    def leave_float(self, tensors: Sequence[str]) -> bytes:
        """The int8 model, the operations that make these tensors in float32."""
        self._options.denylisted_nodes = list(tensors)
        model: bytes = self._converted.get_nondebug_quantized_model()
        return model

    def readers(self) -> dict[int, set[int]]:
        """Tensor -> the tensors that int8 operations make of it, both by index."""
        graph = flatbuffer.root(self._instrumented).tables(2)[0]
        found: dict[int, set[int]] = {}
        for operator in graph.tables(3):
            for taken in operator.vector(1, "i"):
                found.setdefault(taken, set()).update(operator.vector(2, "i"))
        return found

    @property
    def _instrumented(self) -> bytes:
        model: bytes = self._converted.quant_model
        return model


def _gains(
    debugger: _Debugger, rows: Sequence[_Row], tried: int, judge: Callable[[bytes], float]
) -> dict[str, float]:
    """Tensor -> percentage points of accuracy that come back when it stays float32.

    The model's own output is not tried: nothing reads it that could take floats.
    """
    readers = {row.tensor: _readers(row.index, rows, debugger.readers()) for row in rows}
    inner = [row for row in rows if readers[row.tensor]][:tried]
    whole = judge(debugger.leave_float([]))
    return {
        row.tensor: 100 * (judge(debugger.leave_float([row.tensor, *readers[row.tensor]])) - whole)
        for row in inner
    }


def _readers(index: int, rows: Sequence[_Row], made_of: Mapping[int, set[int]]) -> list[str]:
    """The tensors made of tensor `index`, beyond operations that only hand its values on."""
    found = []
    for row in rows:
        if row.index in made_of.get(index, ()):
            found.append(row.tensor)
            if row.noise < _HANDED_ON:
                found += _readers(row.index, rows, made_of)
    return found


def _judge(
    contract: Contract, images: NDArray[np.uint8], classes: NDArray[np.int64]
) -> Callable[[bytes], float]:
    def accuracy(model: bytes) -> float:
        scorer = Scorer(model, labels=contract.labels, batch=_BATCH, runtime="litert")
        return float((scorer.probabilities(images).argmax(axis=1) == classes).mean())

    return accuracy


def _batches(images: NDArray[np.uint8]) -> Iterator[list[NDArray[np.float32]]]:
    """Whole batches only: the debugger sizes its tensors once."""
    size = min(len(images), max(_LEAST, min(_MOST, _VALUES // images[0].size)))
    for start in range(0, len(images) - size + 1, size):
        yield [images[start : start + size].astype(np.float32)]


def _noise(floats: Any, quantized: Any, scale: float, zero_point: int) -> float:
    """Mean square error in steps of the scale."""
    return float(np.mean((_errors(floats, quantized, scale, zero_point) / scale) ** 2))


def _lost(floats: Any, quantized: Any, scale: float, zero_point: int) -> float:
    """Mean over the channels of error power over signal power, 0..1; silent channels left out."""
    channels = (-1, floats.shape[-1])
    errors = _errors(floats, quantized, scale, zero_point).reshape(channels)
    signal = floats.reshape(channels).var(axis=0, dtype=np.float64)
    heard = signal > 0
    if not heard.any():
        return 0.0
    return float(np.minimum((errors**2).mean(axis=0)[heard] / signal[heard], 1).mean())


def _errors(floats: Any, quantized: Any, scale: float, zero_point: int) -> NDArray[np.float64]:
    errors: NDArray[np.float64] = floats - (quantized.astype(np.float64) - zero_point) * scale
    return errors


def _row(line: Mapping[str, str]) -> _Row:
    return _Row(
        line["tensor_name"],
        int(line["tensor_idx"]),
        line["op_name"],
        noise=float(line["noise"]) ** 0.5,
        lost=float(line["lost"]),
    )


def _layer_names(model: Any) -> list[str]:
    """The names of all layers, those of nested models in their place."""
    names: list[str] = []
    for layer in model.layers:
        names += _layer_names(layer) if hasattr(layer, "layers") else [layer.name]
    return names


def _known(part: str, known: Sequence[str]) -> str | None:
    while part not in known:
        shorter = re.sub(r"_\d+$", "", part)
        if shorter == part:
            return None
        part = shorter
    return part


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the converter's talk on either stream, nor the debugger's own deprecations."""
    with warnings.catch_warnings(), hushed(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        yield
