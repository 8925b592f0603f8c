"""`litescore edge collect`: edge run that keeps what is worth a label, and tells nothing else."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from edge.cli import edge
from edge.keeping.options import KeepOptions, open_keep
from edge.sinks.spool_options import SpoolOptions
from litescore import image
from litescore.errors import UsageError
from tests.edge.conftest import BLUE, RED, plain
from tests.edge.scored_frame import CONTRACT, DEVICE, scored
from tests.rig.waiting import wait_until


def collect(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edge", "collect", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)


def test_what_is_unsure_and_a_share(tmp_path: Path, color_model: Path) -> None:
    """Of a folder's pictures those that the model is not sure of are kept, with why; nothing is told
    on standard output; a line says how many by which rule.
    """
    source = tmp_path / "source"
    source.mkdir()
    half = tuple(np.add(RED, BLUE) // 2)
    for number, color in enumerate((RED, half, BLUE)):
        (source / f"{number}.png").write_bytes(image.encode_png(plain(color)))
    words = ("--model", color_model, "--source", source, "--state", tmp_path, "--at-most-every", 0)
    done = collect(*words, "--to", tmp_path / "kept", "--random", 0)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    (path,) = (tmp_path / "kept").rglob("*.json")
    record = json.loads(path.read_text())
    assert record["source"] == str(source / "1.png")
    assert record["frame"]["kept"]["rules"] == ["least-sure:0.6"]
    assert "keep: 1 by least-sure:0.6; 0 over the quota\n" in done.stderr
    done = collect(*words, "--to", tmp_path / "all", "--random", 1, "--least-sure", 0, "--out", "-")
    assert len(list((tmp_path / "all").rglob("*.json"))) == 3
    assert len(done.stdout.splitlines()) == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--source", "0"], "--to"),
        (["--source", "0", "--to", "x", "--least-sure", "0", "--random", "0"], "keeps nothing"),
        (["--source", "0", "--to", "x", "--random", "2"], "--random"),
        (["--source", "0", "--to", "x", "--mqtt", "mqtt://h"], "--mqtt"),
    ],
)
def test_words_that_cannot_be(words: list[str], told: str) -> None:
    """There is no place by default; rules that keep nothing and options of what is told are none."""
    done = CliRunner().invoke(edge, ["collect", *words])
    assert told in (done.output + str(done.exception))
    assert done.exit_code != 0


def test_a_folders_frames_are_waited_for(tmp_path: Path, color_model: Path) -> None:
    """Of a folder, which comes faster than a disk takes it, none is lost: what is lost would not be
    lost by chance.
    """
    source = tmp_path / "source"
    source.mkdir()
    for number in range(60):
        (source / f"{number:02d}.png").write_bytes(image.encode_png(plain(RED, 8 + number)))
    words = ("--model", color_model, "--source", source, "--state", tmp_path, "--at-most-every", 0)
    done = collect(*words, "--to", tmp_path / "kept", "--random", 1, "--per-day", 0)
    assert done.returncode == 0, done.stderr
    assert "lost" not in done.stderr
    assert len(list((tmp_path / "kept").rglob("*.json"))) == 60


def options(place: Path, **more: object) -> KeepOptions:
    values = {"keep_per_day": 40, "keep_at_most_every": 0.0, "keep_shared": False} | more
    rules = ("least-sure:0.6", "random:0.5")
    return KeepOptions(str(place), rules, **values)  # type: ignore[arg-type]


def test_one_stuck_scene_leaves_the_random_ones_their_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scene that the model is unsure of all day uses up its own half of the quota; frames that chance
    draws are kept as before, and name chance only where chance drew them.
    """
    drawn = iter([1.0] * 30 + [0.0] * 3 + [1.0])
    monkeypatch.setattr(random, "random", lambda: next(drawn))
    keep = open_keep(
        options(tmp_path / "kept"),
        device=DEVICE,
        labels=CONTRACT.labels,
        state=tmp_path,
        spool=SpoolOptions(),
        say=print,
    )
    assert keep is not None
    unsure = (0.4, 0.3, 0.3)
    for number in range(34):
        wait_until(lambda: keep._queue.empty())
        keep.see(scored(number, unsure))
    keep.close()
    rules = [
        tuple(json.loads(path.read_text())["frame"]["kept"]["rules"])
        for path in (tmp_path / "kept").rglob("*.json")
    ]
    # A quarter of each half at once.
    assert sorted(rules) == [("least-sure:0.6",)] * 5 + [("random:0.5",)] * 3
    assert keep.status().counts["over_quota"] == 29
    assert {path.name for path in tmp_path.glob("keep-quota*")} == {
        "keep-quota-least-sure.json",
        "keep-quota-random.json",
    }


def test_too_few_for_two_rules(tmp_path: Path) -> None:
    """A quota of one frame cannot be halved: it would be none, which means no limit."""
    with pytest.raises(UsageError, match="1 frames a day are too few for 2 rules"):
        open_keep(
            options(tmp_path / "kept", keep_per_day=1),
            device=DEVICE,
            labels=CONTRACT.labels,
            state=tmp_path,
            spool=SpoolOptions(),
            say=print,
        )
