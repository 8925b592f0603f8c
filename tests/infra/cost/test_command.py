"""`litescore cost`: its table, JSON, picture, and what it refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from infra.cost import prices
from tests.litescore import tiny
from tests.litescore.conftest import Say

WORDS = ("cost", "--milliseconds", "6.4", "--kilobytes", "60")


def test_the_table(say: Say) -> None:
    """Each way with its parts and sum, one marked as cheapest, from where on, what is assumed."""
    said = say(*WORDS)
    assert said.code == 0
    rows = [line for line in said.out.splitlines() if line.startswith("  ") and "64" in line[:50]]
    ways = [row for row in rows if "on:" not in row and ":" not in row]
    assert len(ways) == 10
    for row in ways:
        *parts, total = [
            float(word.replace(",", "")) for word in row.removesuffix("  cheapest").split()[-6:]
        ]
        assert sum(parts) == pytest.approx(total, abs=0.0004)
    assert sum(row.endswith("cheapest") for row in ways) == 1
    for told in ("cheapest of all ways", "cheapest of ways for single objects", "us-east-1",
                 "AWS Batch on Fargate Spot", "get-ms 20: ", "one always-on c7g.medium"):  # fmt: skip
        assert told in said.out


def test_as_json(say: Say) -> None:
    """Everything a machine needs to make another table of it, with what was assumed."""
    held = json.loads(say(*WORDS, "--json", "--assume", "get-ms=31").out)
    assert held["images"] == 1_000_000
    assert held["assumed"]["get_ms"] == 31
    assert held["prices"]["date"] == prices.shipped().date.isoformat()
    assert {way["path"] for way in held["ways"]} == {"events", "backfill", "shards", "listing"}
    for way in held["ways"]:
        assert sum(way["parts"].values()) == pytest.approx(way["dollars"])
    first, *later = held["cheapest"]["all ways"]
    assert first["from"] == 1
    assert all(one["from"] > 1 for one in later)


def test_one_architecture(say: Say) -> None:
    """Where there is no wheel for Arm, Arm is no answer."""
    held = json.loads(say(*WORDS, "--arch", "x86_64", "--json").out)
    assert len(held["ways"]) == 5
    told = [one["arch"] for found in held["cheapest"].values() for one in found]
    assert set(told) == {"x86_64"}
    assert "arm64" not in say(*WORDS, "--arch", "x86_64").out


def test_an_existing_bucket(say: Say) -> None:
    """A dollar more a million events, each an image or a shard of a thousand; nothing else."""
    held = [json.loads(say(*WORDS, "--json", *more).out)["ways"]
            for more in ((), ("--existing-bucket",))]  # fmt: skip
    more = {(one["path"], one["arch"]): two["dollars"] - one["dollars"]
            for one, two in zip(*held, strict=True) if two["dollars"] != one["dollars"]}  # fmt: skip
    assert {path for path, _ in more} == {"events", "shards"}
    assert more["events", "arm64"] == pytest.approx(1)
    assert more["shards", "arm64"] == pytest.approx(0.001)


def test_an_instance_pays_in_the_end(say: Say) -> None:
    """Against events, where images come by themselves: to the image, by the parts of both."""
    held = json.loads(say(*WORDS, "--json").out)
    [events, instance] = held["cheapest"]["events and an always-on instance"]
    assert (events["path"], instance["machine"]) == ("events", "instance")
    for images, cheaper in ((instance["from"] - 1, events), (instance["from"], instance)):
        again = json.loads(say(*WORDS, "--images", str(images), "--json").out)
        dollars = {
            (way["path"], way["machine"], way["arch"]): way["dollars"] for way in again["ways"]
        }
        both = [dollars[one["path"], one["machine"], one["arch"]] for one in (events, instance)]
        assert min(both) == both[0 if cheaper is events else 1]


def test_ones_own_prices(say: Say, tmp_path: Path) -> None:
    """Lambda for nothing: what remains are requests; and a table of long ago is said to be old."""
    text = prices.SHIPPED.read_text().replace("0.0000133334", "0").replace("2026-", "2019-")
    table = tmp_path / "prices.toml"
    table.write_text(text)
    said = say(*WORDS, "--prices", table)
    assert "these prices are older than a year" in said.out
    held = json.loads(say(*WORDS, "--prices", table, "--json").out)
    assert held["prices"]["old"] is True
    [compute] = [way["parts"]["compute"] for way in held["ways"]
                 if (way["path"], way["arch"]) == ("backfill", "arm64")]  # fmt: skip
    assert compute == 0


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("cost",), "how long an image takes"),
        (("cost", "--milliseconds", "1", "--model", "m.tflite"), "how long an image takes"),
        (("cost", "--milliseconds", "-1"), "milliseconds is -1.0: a number above 0"),
        ((*WORDS, "--assume", "moon=1"), "nothing is assumed about 'moon'"),
        ((*WORDS, "--assume", "get-ms"), "'get-ms' is not get-ms=NUMBER"),
        ((*WORDS, "--assume", "threads=0"), "threads is 0: a number above 0"),
        ((*WORDS, "--assume", "get-ms=nan"), "get_ms is nan"),
    ],
    ids=["nothing", "both", "negative", "unknown", "no-number", "zero", "nan"],
)
def test_wrong_words(words: tuple[str, ...], why: str, say: Say) -> None:
    """Exit code 2 and one line."""
    said = say(*words)
    assert said.code == 2
    assert why in said.refusal()


def test_from_a_bench(small_model: Path, tmp_path: Path, say: Say) -> None:
    """The quickest figure on one thread, fetching and decoding assumed on top."""
    bench = tmp_path / "bench.json"
    bench.write_text(say("bench", small_model, "--runs", "20", "--warmup", "1", "--batch", "1,4",
                         "--no-litert-benchmark", "--json").out)  # fmt: skip
    quickest = max(row["images_per_second"] for row in json.loads(bench.read_text())["rows"])
    for more in ((), ("--model", small_model)):
        held = json.loads(say("cost", "--bench", bench, "--kilobytes", "100", "--json", *more).out)
        taken = 1000 / quickest + 0.5 + 100 * 0.05
        assert held["work"]["milliseconds"] == pytest.approx(taken)


def test_from_a_model(small_model: Path, say: Say) -> None:
    """Measured here and now."""
    held = json.loads(say("cost", "--model", small_model, "--kilobytes", "100", "--json").out)
    assert 5.5 < held["work"]["milliseconds"] < 10


def test_a_bench_of_two_models(small_model: Path, tmp_path: Path, say: Say) -> None:
    """Which one is asked; another file is no bench."""
    other = tmp_path / "other.tflite"
    other.write_bytes(tiny.build((5, 3, 1), dtype="uint8"))
    bench = tmp_path / "bench.json"
    bench.write_text(say("bench", small_model, other, "--runs", "5", "--warmup", "1",
                         "--no-litert-benchmark", "--json").out)  # fmt: skip
    assert "holds several models: name one with --model" in say("cost", "--bench", bench).refusal()
    assert say("cost", "--bench", bench, "--model", other).code == 0
    bench.write_text("{}")
    said = say("cost", "--bench", bench)
    assert said.code == 3
    assert "is not what `litescore bench --json` writes" in said.refusal()


def test_the_picture(
    tmp_path: Path,
    say: Say,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A PNG; without matplotlib one line that says what to install, and nothing is written."""
    path = tmp_path / "cost.png"
    assert say(*WORDS, "--png", path).code == 0
    assert path.read_bytes().startswith(b"\x89PNG")
    path.unlink()
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    said = say(*WORDS, "--png", path)
    assert (said.code, said.refusal()) == (
        3, "matplotlib is not installed: pip install 'litescore[train]'",
    )  # fmt: skip
    assert not path.exists()
