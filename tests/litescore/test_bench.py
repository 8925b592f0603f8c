"""What an invocation costs here: times, memory, refusals, each in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from litescore.bench import latency, litert_benchmark, plan, timing
from litescore.errors import ConfigurationError, ModelError
from litescore.interpreter import available
from litescore.tflite import tensors
from tests.litescore import tiny

RUNTIME = available()[0]


def measure(model: bytes, **options: object) -> latency.Latency:
    """On the preferred runtime, at batch 1 unless told otherwise, with few runs."""
    told = {"runtime": RUNTIME.name, "batch": 1, "runs": 20, "warmup": 2} | options
    return latency.measure(model, **told)  # type: ignore[arg-type]


def test_percentiles_are_in_order() -> None:
    """And images a second are those of the median."""
    found = measure(tiny.build((4, 3, 1)), batch=5, threads=2, runs=50)
    assert 0 < found.p50 <= found.p90 <= found.p99
    assert found.images_per_second == 5 / found.p50 * 1000
    assert (found.runtime, found.version) == (RUNTIME.name, RUNTIME.version)
    assert (found.batch, found.fixed_batch, found.threads, found.runs) == (5, False, 2, 50)


def test_a_larger_model_costs_more() -> None:
    """Two thousand times the work is noticed, in one run."""
    costs = [measure(tiny.build((side, side, 3)), runs=50).p50 for side in (4, 180)]
    assert costs[1] > 2 * costs[0]


@pytest.mark.parametrize("dtype", ["float32", "uint8", "int8"])
def test_every_input(dtype: str) -> None:
    """Whatever numbers the input takes."""
    assert measure(tiny.build(dtype=dtype)).p50 > 0


def test_a_fixed_batch_stays() -> None:
    """What was measured is told, not what was asked for."""
    found = measure(tiny.build(batch=2), batch=9)
    assert (found.batch, found.fixed_batch) == (2, True)


def two_in_two_out(batch: int | None = None) -> bytes:
    """Floats beside rows that numbers pick from a table of three: both must be of one batch."""
    graph = tiny._Graph(batch, 1)
    floats, numbers, rows, both = (
        graph.tensor(shape, dtype, (0.0, 0))
        for shape, dtype in (((4,), "float32"), ((), "int32"), ((4,), "float32"), ((8,), "float32"))
    )
    table = graph._add([3, 4], "float32", (0.0, 0), np.ones((3, 4), np.float32))
    picked, beside = schema.GatherOptionsT(), schema.ConcatenationOptionsT()
    beside.axis = 1
    ops, kinds = schema.BuiltinOperator, schema.BuiltinOptions
    graph._operate(ops.GATHER, kinds.GatherOptions, picked, [table, numbers], rows)
    graph._operate(ops.CONCATENATION, kinds.ConcatenationOptions, beside, [floats, rows], both)
    return graph.pack([floats, numbers], [both, rows])


@pytest.mark.parametrize("runtime", [one.name for one in available()])
def test_several_inputs_and_outputs(runtime: str) -> None:
    """Each input is filled, with numbers that fit where they pick from a table; an open batch is
    every input's, and a fixed one stays.
    """
    found = measure(two_in_two_out(), runtime=runtime, batch=5)
    assert (found.batch, found.fixed_batch, found.runs) == (5, False, 20)
    found = measure(two_in_two_out(batch=2), runtime=runtime, batch=5)
    assert (found.batch, found.fixed_batch, found.runs) == (2, True, 20)


@pytest.mark.skipif(litert_benchmark.find() is None, reason="litert-benchmark is not installed")
@pytest.mark.parametrize("batch", [None, 2])
def test_litert_benchmark_of_several_inputs_and_outputs(batch: int | None) -> None:
    """The command runs such a model too, at the batch that was asked for."""
    command, model = litert_benchmark.find(), tiny.build(inputs=2, outputs=2, batch=batch)
    assert command is not None
    like = measure(model, runtime="litert", batch=3)
    assert litert_benchmark.median(command, model, like, warmup=1) is not None
    shapes = [one.shape[0] for one in tensors.read(litert_benchmark.with_batch(model, 3)).inputs]
    assert shapes == [batch or 3] * 2


def test_a_slow_model_is_cut_short() -> None:
    """The seconds count where the runs would take too long, warm-up included; one run stays."""
    model = tiny.build((300, 300, 3), 20)
    found = measure(model, runs=10**9, warmup=10**9, seconds=0.1)
    assert found.runs >= 1
    assert found.runs * found.p50 < 1000
    assert measure(model, seconds=1e-9).runs == 1


def test_memory_is_the_models() -> None:
    """Weights and activations count; what the caller holds, and the runtime itself, do not."""
    ballast = np.ones(40_000_000)
    size = 400 * 400 * 3
    small, large = tiny.build((4, 4, 3)), tiny.build((400, 400, 3), 5)
    found = [
        measure(small).memory,
        measure(large, runs=2).memory,
        measure(large, runs=2, batch=32).memory,
    ]
    if sys.platform != "linux":
        assert found == [None] * 3
        return
    alone, weights, many = (one or 0.0 for one in found)
    assert 0 < alone < 10 < ballast.nbytes / 1e6
    assert weights > alone + len(large) * 0.9 / 1e6
    assert many > weights + 31 * size * 4 * 0.9 / 1e6


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of a process")
def test_the_peak() -> None:
    """Counts what was given back since, until it is started again."""
    timing.restart_peak()
    before = timing.peak() or 0
    ballast = np.ones(20_000_000)
    del ballast
    assert (timing.peak() or 0) > before + 150_000_000
    assert (timing.restart_peak() or 0) < before + 50_000_000


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="TensorFlow is not installed")
def test_beside_tensorflow() -> None:
    """A caller that has TensorFlow loaded measures every runtime, tflite-runtime too."""
    code = (
        "import sys, tensorflow\n"
        "from litescore.bench import latency\n"
        "model = sys.stdin.buffer.read()\n"
        "for name in sys.argv[1:]:\n"
        "    assert latency.measure(model, runtime=name, batch=1, runs=3).runs == 3\n"
    )
    names = [one.name for one in available()]
    command = [sys.executable, "-c", code, *names]
    done = subprocess.run(command, input=tiny.build(), capture_output=True)
    assert done.returncode == 0, done.stderr.decode()


def test_nothing_nearby_is_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the current folder does not stand for a module."""
    (tmp_path / "numpy.py").write_text("raise SystemExit('not this one')")
    monkeypatch.chdir(tmp_path)
    assert measure(tiny.build()).runs == 20


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (b"no model" * 99, "not a TFLite model: TFL3 .+"),
        (tiny.build(reshape_to=1), "litert.* cannot (take 5 images at once|run the model): .+"),
        (tiny.build(version=99), ".* cannot load the model: Didn't find op for builtin opcode .+"),
    ],
)
def test_what_the_runtime_refuses(model: bytes, said: str) -> None:
    """With its reason, in one line."""
    with pytest.raises(ModelError, match=rf"\A{said}\Z"):
        measure(model, batch=5)


def test_a_runtime_that_is_not_here() -> None:
    """Not the model's fault."""
    with pytest.raises(ConfigurationError, match="no TFLite interpreter works here") as caught:
        measure(tiny.build(), runtime="abacus")
    assert not isinstance(caught.value, ModelError)


def test_a_runtime_that_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is killed, as by a fault in the runtime or for want of memory, is told of."""
    end = tmp_path / "sitecustomize.py"
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    end.write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(ModelError, match=f"^{RUNTIME.name} died of SIGKILL on the model$"):
        measure(tiny.build())
    end.write_text("import os; os.write(2, b'first\\nlast\\n'); os._exit(7)")
    with pytest.raises(ModelError, match=rf"^{RUNTIME.name} failed \(last\) on the model$"):
        measure(tiny.build())


def test_the_contract_does_not_change_the_models_digest(
    small_model: Path, bare_model: Path
) -> None:
    """So that figures of another machine are found again; the file's own digest does change."""
    (held, _), (bare, data) = plan.look(str(small_model)), plan.look(str(bare_model))
    assert held.model_sha256 == bare.model_sha256 == bare.sha256 != held.sha256
    assert (held.variant, bare.variant) == ("int8", None)
    assert bare.bytes == len(data) < held.bytes
