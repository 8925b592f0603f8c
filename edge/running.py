"""`litescore edge run`, put together: the model, its source and sinks, and all of it closed again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import Protocol

from edge import thermal
from edge.decision_options import DecisionOptions, confidences, deciding, telling
from edge.decisions import check_labels
from edge.device import Device
from edge.frames.opening import choose
from edge.frames.options import SourceOptions
from edge.keeping.options import KeepOptions, checked_rules, open_keep
from edge.loop import Loop
from edge.meter import Summary
from edge.model_file import ModelFile
from edge.monitor import Monitor, Named
from edge.pictures import Pictures
from edge.preview.options import PreviewOptions, open_preview
from edge.releases.options import FollowOptions, open_follower
from edge.scored import Scored
from edge.service.notify import Notifier
from edge.sinks.lines_options import STDOUT, OutOptions, open_lines
from edge.sinks.mqtt_options import MqttOptions, open_mqtt
from edge.sinks.spool_options import SpoolOptions
from edge.stop import Stop, Stopped
from litescore import interpreter
from litescore.errors import LitescoreError, ModelError, UsageError
from litescore.releases.proving import check_runtime
from litescore.releases.release import Release
from litescore.scorer import Scorer
from litescore.settings import Settings
from litescore.view import ViewChanges

Say = Callable[[str], None]


@dataclass(frozen=True)
class RunOptions:
    """The words of `litescore edge run`, in groups.

    device      the device's id; None for the machine's own
    state       the folder of what outlives the process; None for systemd's, or the user's own
    threads     of the interpreter
    labels      class names for a file without a contract
    max_frames  after which the loop ends; None for none
    silent      whether nothing is told where no place was named for it
    """

    source: SourceOptions
    view: ViewChanges
    decision: DecisionOptions
    out: OutOptions
    mqtt: MqttOptions
    keep: KeepOptions
    spool: SpoolOptions
    preview: PreviewOptions
    follow: FollowOptions
    device: str | None
    state: Path | None
    threads: int
    labels: Sequence[str] | None
    max_frames: int | None
    silent: bool = False


class Model(Named, Protocol):
    """Where the loop's model comes from, and from where it is renewed."""

    def first(self) -> Scorer: ...

    def start(self, take: Callable[[Scorer], None]) -> None: ...

    def see(self, scored: Scored) -> None: ...

    def end(self) -> None: ...

    def close(self) -> None: ...


class Closing(Protocol):
    """What is closed when the loop has ended."""

    def close(self) -> None: ...


def run(options: RunOptions, settings: Settings, say: Say) -> Summary:
    """Run the loop until its source ends or a signal comes.

    say  tells a person what changes, in one line each

    Raises what the model, the source and the sinks raise where they cannot be opened, and
    ConfigurationError where records are lost.
    """
    with Stop() as stop, closed_together() as parts:
        notifier = Notifier.here()

        def tell(line: str) -> None:
            say(line)
            notifier.status(line)

        device = Device.here(options.device)
        model = _model(options, settings, device, tell, stop)
        parts.append(model)
        try:
            scorer = model.first()
        except Stopped:
            model.end()
            return Summary(0, 0, 0.0, None)
        with _blamed(model):
            source = choose(options.source, scorer.contract, device, settings, say=tell)
            loop = Loop(
                scorer,
                device,
                deciding=deciding(options.decision, live=source.live),
                telling=telling(options.decision, live=source.live),
                alive=notifier.alive,
                top=settings.top,
            )
            loop.watchers.append(model)
            monitor = Monitor(loop, model, source, device, thermal.read)
            _open_parts(options, loop, monitor, device, stop, tell, parts, live=source.live)
            model.start(loop.replace)
            notifier.ready(f"scoring {source.name}")
            try:
                interval = options.source.interval
                return loop.run(source, stop, max_frames=options.max_frames, interval=interval)
            finally:
                notifier.stopping()
                notifier.close()


@contextmanager
def closed_together() -> Iterator[list[Closing]]:
    """A list to be filled; at the end all that is in it is closed at the same time.

    Each part may take a second; one after the other would be longer than SIGTERM is given. What the
    first of them raises is raised, should nothing else have been.
    """
    parts: list[Closing] = []
    failures: list[BaseException] = []

    def close(part: Closing) -> None:
        try:
            part.close()
        except BaseException as error:  # noqa: BLE001 raised below, on the caller's thread
            failures.append(error)

    try:
        yield parts
    finally:
        threads = [Thread(target=close, args=(part,)) for part in parts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


@contextmanager
def _blamed(model: Model) -> Iterator[None]:
    """Tell the model of an end that is not its fault: of the source, by a signal, with a sink, or
    because a camera or a broker could not be opened.
    """
    try:
        yield
    except ModelError:
        raise
    except LitescoreError:
        model.end()
        raise
    model.end()


def _model(options: RunOptions, settings: Settings, device: Device, say: Say, stop: Stop) -> Model:
    load, state = _loader(options, settings), options.state or state_folder(os.environ)

    def fits(found: Release) -> None:
        check_labels(confidences(options.decision.min_confidence)[1], found.labels)
        checked_rules(options.keep, found.labels)
        check_runtime(found, interpreter.choose(settings.runtime))

    follower = open_follower(
        options.follow, settings.model, device, state,
        load=load, say=say, fits=fits, stopping=lambda: stop.requested,
    )  # fmt: skip
    if follower is not None and settings.model_sha256 is not None:
        raise UsageError(
            f"LITESCORE_MODEL_SHA256 pins one file, and {settings.model} is a channel of many: unset "
            "it, or name the file"
        )
    return follower or ModelFile(settings.model or "model.tflite", load=load, say=say)


def _loader(options: RunOptions, settings: Settings) -> Callable[[str | Path | bytes], Scorer]:
    """Makes a scorer of a model's file, now and whenever the file is replaced."""

    def load(model: str | Path | bytes) -> Scorer:
        scorer = Scorer(
            model,
            threads=options.threads,
            runtime=settings.runtime,
            labels=options.labels,
            sha256=settings.model_sha256,
        )
        view = options.view.apply(scorer.contract.view)
        scorer.contract = replace(scorer.contract, view=view)
        return scorer

    return load


def _open_parts(
    options: RunOptions,
    loop: Loop,
    monitor: Monitor,
    device: Device,
    stop: Stop,
    say: Say,
    parts: list[Closing],
    *,
    live: bool,
) -> None:
    """Whatever looks at frames or takes them, each as soon as it is open in the list of parts."""
    state = options.state or state_folder(os.environ)
    pictures = Pictures() if options.preview.preview or options.mqtt.mqtt_picture else None
    if pictures is not None:
        loop.watchers.append(pictures)
        silence = max(30.0, 3 * options.source.interval)
        preview = open_preview(options.preview, pictures=pictures, monitor=monitor, silence=silence)
        if preview is not None:
            parts.append(preview)
            loop.watchers.append(preview)
            say(f"preview: {preview.url}")
    keep = open_keep(
        options.keep,
        device=device,
        labels=loop.scorer.contract.labels,
        state=state,
        spool=options.spool,
        live=live,
        say=say,
    )
    if keep is not None:
        parts.append(keep)
        loop.watchers.append(keep)
        monitor.parts.append(keep)
    mqtt = open_mqtt(
        options.mqtt,
        options.spool,
        device=device,
        state=state,
        pictures=pictures,
        monitor=monitor,
        say=say,
    )
    if mqtt is not None:
        parts.append(mqtt)
        loop.watchers.append(mqtt)
        loop.sinks.append(mqtt)
    lines = open_lines(
        options.out,
        otherwise=None if mqtt or options.silent else STDOUT,
        stopping=lambda: stop.requested,
    )
    if lines is not None:
        parts.append(lines)
        loop.sinks.append(lines)
    monitor.parts.extend(loop.sinks)


def state_folder(environ: Mapping[str, str]) -> Path:
    """Where systemd has the service's state, else the user's own, as the XDG specification has it."""
    if systemd := environ.get("STATE_DIRECTORY"):
        # Several, with colons between, where a unit names several.
        return Path(systemd.partition(":")[0])
    home = environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(home).expanduser() / "litescore"
