"""/metrics by the grammar of Prometheus' text format, and /healthz."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from edge.preview import metrics
from edge.status import Status
from tests.edge.conftest import RED
from tests.edge.preview.conftest import Show, Shown, until
from tests.edge.sinks.shown import RELEASE, SNAPSHOT

# https://prometheus.io/docs/instrumenting/exposition_formats/, "Text format details", version 0.0.4
_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\\\|\\"|\\n)*"'
_HELP = re.compile(rf"# HELP ({_NAME}) (?:[^\\\n]|\\\\|\\n)*")
_TYPE = re.compile(rf"# TYPE ({_NAME}) (counter|gauge|summary)")
_SAMPLE = re.compile(rf"({_NAME})(\{{(?:{_LABEL})(?:,{_LABEL})*\}})? (\S+)")


def parse(text: str) -> dict[str, float]:
    """Each sample by its name and labels; fails where the text is not what the format says."""
    assert text.endswith("\n")
    samples: dict[str, float] = {}
    kinds: dict[str, str] = {}
    family, helped = "", ""
    for line in text.splitlines():
        if match := _HELP.fullmatch(line):
            helped = match[1]
            assert helped not in kinds, f"{helped} in two places"
        elif match := _TYPE.fullmatch(line):
            family = match[1]
            assert family == helped
            assert family not in kinds
            kinds[family] = match[2]
            assert (kinds[family] == "counter") == family.endswith("_total")
        else:
            match = _SAMPLE.fullmatch(line)
            assert match, f"not a sample: {line}"
            assert match[1] == family, f"{match[1]} outside its family"
            assert ("quantile=" in line) == (kinds[family] == "summary")
            key = match[1] + (match[2] or "")
            assert key not in samples, f"{key} twice"
            samples[key] = float(match[3])
    return samples


def test_metrics(shown: Shown) -> None:
    """What stands in docs/EDGE.md is there, by the format's grammar."""
    shown.source.color = RED
    status, body, headers = shown.ask("/metrics")
    assert status == 200
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    samples = parse(body.decode())
    assert samples["litescore_frames_total"] >= 1
    assert samples["litescore_frames_failed_total"] == 0
    assert 0 < samples['litescore_frame_latency_seconds{quantile="0.5"}'] < 10
    assert 0 < samples['litescore_invoke_seconds{quantile="0.99"}'] < 10
    assert samples['litescore_source_state{state="running"}'] == 1
    assert samples['litescore_source_state{state="lost"}'] == 0
    assert samples["litescore_source_dropped_total"] == 3
    assert samples["litescore_temperature_celsius"] == 51.5
    assert samples['litescore_throttled{cause="under-voltage"}'] == 1
    assert samples['litescore_decision{label="red"}'] > 0.9
    assert samples["litescore_decision_changes_total"] == 0
    assert samples["litescore_model_refused"] == 0
    assert any(r'name="co\"lor\\.tflite"' in name for name in samples)


def test_sinks_and_what_they_count(shown: Shown) -> None:
    """One family for all sinks; what waits goes up and down, the rest only up."""
    sinks = {
        "mqtt": Status("lost", "away", counts={"waiting": 4, "delivered": 7, "dropped": 0}),
        "s3": Status("running", counts={"delivered": 2}),
    }
    snapshot = replace(shown.monitor.snapshot(), sinks=sinks, temperature_c=None, decision=None)
    samples = parse(metrics.text(snapshot, changes=5, viewers=2))
    assert samples['litescore_sink_waiting{sink="mqtt"}'] == 4
    assert samples['litescore_sink_delivered_total{sink="mqtt"}'] == 7
    assert samples['litescore_sink_delivered_total{sink="s3"}'] == 2
    assert samples['litescore_sink_state{sink="mqtt",state="lost"}'] == 1
    assert samples["litescore_decision_changes_total"] == 5
    assert samples["litescore_preview_viewers"] == 2
    assert not [name for name in samples if "temperature" in name or "decision{" in name]


def test_a_release() -> None:
    """Of a channel that is followed: what runs, how long ago the channel was read, what is wrong."""
    minute = datetime.fromtimestamp(time.time() - 60, UTC).isoformat()
    on = replace(RELEASE, checked=minute)
    samples = parse(metrics.text(replace(SNAPSHOT, release=on), changes=0, viewers=0))
    (info,) = (name for name in samples if name.startswith("litescore_release_info"))
    assert 'slot="b"' in info
    assert f'sha256="{RELEASE.digest}"' in info
    assert 60 <= samples["litescore_release_checked_seconds"] < 90
    assert samples["litescore_release_trial_seconds"] == 80.4
    told = {name: samples[f"litescore_release_{name}"] for name in ("turn", "failing", "refused")}
    assert told == {"turn": 7, "failing": 1, "refused": 1}
    well = replace(RELEASE, trial=None, failure=None, checked="2999-01-01T00:00:00Z")
    samples = parse(metrics.text(replace(SNAPSHOT, release=well), changes=0, viewers=0))
    assert samples["litescore_release_failing"] == 0
    # A clock that was ahead says nothing.
    assert not {"litescore_release_trial_seconds", "litescore_release_checked_seconds"} & set(
        samples
    )
    plain = parse(metrics.text(SNAPSHOT, changes=0, viewers=0))
    assert not [name for name in plain if "release" in name]


@pytest.mark.parametrize(
    "broken",
    [
        "litescore_a 1\n",
        "# HELP a b\n# TYPE a gauge\na 1",
        "# HELP a b\n# TYPE a gauge\na 1\na 2\n",
        '# HELP a b\n# TYPE a gauge\na{b="c"d"} 1\n',
        "# HELP a b\n# TYPE a counter\na 1\n",
        "# HELP a b\n# TYPE a gauge\na one\n",
    ],
)
def test_the_grammar_refuses(broken: str) -> None:
    """The parser of these tests is strict."""
    with pytest.raises((AssertionError, ValueError)):
        parse(broken)


def test_healthz(shown: Shown) -> None:
    """`ok` while frames are scored; the reason where the source does not run."""
    assert shown.ask("/healthz")[:2] == (200, b"ok\n")
    shown.source.condition = Status("lost", "no such camera")
    status, body, headers = shown.ask("/healthz")
    assert status == 503
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body) == {"reason": "source /dev/video0 is lost: no such camera"}
    shown.source.condition = Status("running")
    assert shown.ask("/healthz")[0] == 200


def test_healthz_of_a_silent_loop(show: Show) -> None:
    """A source that says it runs, and gives nothing for too long."""
    with show(silence=0.5) as shown:
        until(lambda: shown.ask("/healthz")[0] == 200)
        shown.source.color = None
        time.sleep(0.6)
        status, body, _ = shown.ask("/healthz")
        assert status == 503
        assert re.fullmatch(r"no frame for \d+ s", json.loads(body)["reason"])
        shown.source.color = RED
        until(lambda: shown.ask("/healthz")[0] == 200)
