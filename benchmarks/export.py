"""What export costs and keeps: size and accuracy of every preset's int8 file, the time of a sweep.

    LITESCORE_DATA=datasets python -m benchmarks.export

Each preset is trained with seed 0 and exported as f32 and int8, judged on the whole test set. Then
`--quantize auto` tries every variant of fashion-basic (101,770 parameters) for LiteRT and for
tflite-runtime, and `litescore verify` replays its golden samples.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

PRESETS = (
    "mnist-quickstart",
    "fashion-basic",
    "fashion-devclub",
    "fashion-logits",
    "mnist-early-stop",
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        for preset in PRESETS:
            _preset(Path(folder), preset)
        run = Path(folder) / "fashion-basic"
        for target in ("litert", "tflite-runtime"):
            _sweep(run, target)
        seconds = verify(Path(f"{run}-int8.tflite"))
        print(f"verify: {seconds:.2f} s, interpreter start included")


def _preset(folder: Path, preset: str) -> None:
    found = files(folder, preset)
    f32, int8 = found["f32"], found["int8"]
    print(
        f"{preset:<17} Keras {int8['float']:.2%}, int8 {int8['exported']['litert']:.2%}, "
        f"drop {int8['drop']:.2f} points, {f32['bytes']:,} and {int8['bytes']:,} bytes, "
        f"{int8['bytes'] / f32['bytes']:.3f} x"
    )


def files(folder: Path, preset: str, *words: str) -> dict[str, Any]:
    """A preset's training in `folder`, its f32 and int8 files beside it: what `export --json` says of
    each. `words` are more of `train`'s.
    """
    run = folder / preset
    _litescore("train", "--preset", preset, "--seed", "0", "--out", run, *words)
    found = {}
    for variant in ("f32", "int8"):
        out = f"{run}-{variant}.tflite"
        _, said = _litescore("export", run, "--quantize", variant, "--out", out, "--json")
        found[variant] = json.loads(said)
    return found


def _sweep(run: Path, target: str) -> None:
    seconds, found = sweep(run, target)
    print(
        f"sweep for {target}: {seconds:.0f} s, {len(found['candidates'])} candidates, "
        f"{found['validation']['n']:,} validation and {found['n']:,} test images: "
        f"{found['chosen']} chosen"
    )


def sweep(run: Path, target: str) -> tuple[float, dict[str, Any]]:
    """Seconds of `--quantize auto` for a target, and what it says."""
    words = ("--quantize", "auto", "--target", target, "--out", f"{run}-{target}.tflite", "--json")
    seconds, said = _litescore("export", run, *words)
    found: dict[str, Any] = json.loads(said)
    return seconds, found


def verify(model: Path) -> float:
    """Seconds of `litescore verify`, the start of Python included."""
    seconds, _ = _litescore("verify", model, "--json")
    return seconds


def _litescore(*words: str | Path) -> tuple[float, str]:
    """Seconds and standard output of a litescore command."""
    command = [sys.executable, "-m", "litescore", *map(str, words)]
    start = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - start, done.stdout


if __name__ == "__main__":
    main()
