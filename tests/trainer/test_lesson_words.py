"""What is given to Python's way of training reaches it as it reaches the command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import trainer
from litescore.errors import ModelError, UsageError
from trainer.fitting.checkpoints import Checkpoints, State, unfinished
from trainer.fitting.history import Tally
from trainer.plan import Request, plan

_WEIGHTS = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"


def test_the_cache_is_where_it_was_asked_for(colors: Path, tmp_path: Path) -> None:
    """Decoded photographs lie in `cache`."""
    cache = tmp_path / "decoded"
    trainer.begin(data=colors, out=tmp_path / "run", size=16, cache=cache)
    assert any(cache.rglob("*"))


def untrained(data: Path, out: Path, home: Path) -> str:
    lesson = trainer.begin(model="mobilenet-v2", data=data, out=out, size=32, keras_home=home)
    try:
        lesson.untrained()
    except ModelError as error:
        return str(error)
    return "no error"


def test_weights_are_of_the_keras_home_that_was_given(
    tensorflow: Callable[..., Any], colors: Path, tmp_path: Path
) -> None:
    """A damaged file there is the one that is named."""
    home = tmp_path / "keras"
    (home / "models").mkdir(parents=True)
    (home / "models" / _WEIGHTS).write_bytes(b"no weights")
    said = tensorflow(untrained, colors, tmp_path / "run", home)
    assert f"cannot read {home / 'models' / _WEIGHTS}" in said


def test_keras_home_is_where_keras_finds_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KERAS_HOME counts where no folder is given."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    job = plan(Request(data=str(tmp_path), out=tmp_path / "run"))
    assert job.keras_home == tmp_path


@pytest.mark.parametrize("rate", [float("nan"), float("inf")])
def test_a_rate_that_is_no_number(rate: float) -> None:
    """Refused at once; the command's own range lets them through."""
    with pytest.raises(UsageError, match="--rate"):
        plan(Request(data=".", rate=rate))


def saved(data: Path, out: Path) -> tuple[bool, list[str]]:
    said: list[str] = []
    run = trainer.begin(data=data, out=out, model="mlp", size=8, epochs=1, balanced=True).train(
        said.append
    )
    Checkpoints(out, {}).save(State(1, Tally(), (), 0, (), ()))
    trainer.save(run)
    return unfinished(out), said


def test_what_is_saved_is_finished(
    tensorflow: Callable[..., Any], colors: Path, tmp_path: Path
) -> None:
    """No checkpoint is left, which would refuse the next training; a balance is told."""
    left, said = tensorflow(saved, colors, tmp_path / "run")
    assert not left
    assert any(line.startswith("balanced: an image of ") for line in said)
