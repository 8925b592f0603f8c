"""A folder of kept frames as `edge collect` leaves it, without a model: records with chosen answers."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litescore import image
from litescore.record import Record, Subject
from litescore.review import items
from litescore.review.desk import Desk
from litescore.review.labels import Labels
from litescore.review.server import Review
from litescore.web.address import Address

LABELS = ("red", "green", "blue")
COLORS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255)}
WAIT = 60.0


def keep(
    folder: Path,
    number: int,
    label: str = "red",
    score: float = 0.5,
    *,
    rules: Sequence[str] = ("least-sure:0.6",),
    labels: Sequence[str] = LABELS,
    model: str = "a" * 64,
    view: Mapping[str, Any] | None = None,
    size: tuple[int, int] = (8, 8),
) -> str:
    """Keep a frame that is `label`'s colour and was scored as `label`; its id."""
    rest = (1 - score) / (len(labels) - 1)
    probabilities = np.array([score if one == label else rest for one in labels], np.float32)
    picture = f"{number}"
    frame = {"device": "0123456789ab", "number": number, "view": dict(view or {})}
    frame["kept"] = {"rules": list(rules), "picture": picture}
    subject = Subject("/dev/video0", etag=f"boot:{number}")
    record = Record.scored(
        subject,
        probabilities,
        labels=labels,
        model=model,
        frame=frame,
        at="2026-11-29T12:00:00.000Z",
    )
    below = folder / "dt=2026-11-29" / "0123456789ab"
    below.mkdir(parents=True, exist_ok=True)
    pixels = np.full((*size[::-1], 3), COLORS.get(label, (9, 9, 9)), np.uint8)
    (below / f"{record.id}.png").write_bytes(image.encode_png(pixels))
    (below / f"{record.id}.json").write_text(record.to_json() + "\n")
    return record.id


@dataclass
class Kept:
    """Frames to be reviewed, and where the outcome is to be; `ids` the least sure first."""

    folder: Path
    out: Path
    ids: list[str]

    def files(self) -> dict[str, list[str]]:
        """The ids in each class folder, and those that are thrown away."""
        found: dict[str, list[str]] = {}
        for path in sorted(self.out.glob("*/*.png")):
            found.setdefault(path.parent.name, []).append(path.stem)
        return found


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    """Six frames: red, green, blue, red, green, blue by the model; every second by chance."""
    folder = tmp_path / "kept"
    ids = [
        keep(
            folder,
            number,
            LABELS[number % 3],
            0.4 + number / 20,
            rules=("random:0.01",) if number % 2 else ("least-sure:0.6",),
        )
        for number in range(6)
    ]
    return Kept(folder, tmp_path / "kept-reviewed", ids)


class Served:
    """A review that answers, and how to ask it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.port = int(url.rstrip("/").rpartition(":")[2])

    def ask(
        self, path: str, words: object = None, *, method: str | None = None, **headers: str
    ) -> tuple[int, Any]:
        """Status, and the answer's JSON where it is some. With words it is a POST of JSON."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        body = None if words is None else json.dumps(words)
        if words is not None:
            sent = {"Content-Type": "application/json"} | sent
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        try:
            connection.request(method or ("GET" if body is None else "POST"), path, body, sent)
            answer = connection.getresponse()
            data = answer.read()
            is_json = answer.getheader("Content-Type") == "application/json"
            return answer.status, json.loads(data) if is_json else data
        finally:
            connection.close()

    def decide(self, id_: str, label: str) -> int:
        return self.ask("/decide", {"id": id_, "label": label})[0]


@contextmanager
def serving(
    kept: Kept, labels: Sequence[str] = LABELS, *, token: str | None = None, may_grow: bool = False
) -> Iterator[Served]:
    """The server in this process, until the block ends."""
    kept.out.mkdir(exist_ok=True)
    found = items.listed(str(kept.folder))
    desk = Desk(str(kept.folder), found, Labels(labels, may_grow=may_grow), kept.out)
    review = Review(Address("127.0.0.1", 0), token, desk, option="--port")
    try:
        yield Served(review.url)
    finally:
        review.close()


class Process(Served):
    """`litescore review` as a process, and what it told up to its address."""

    def __init__(self, child: subprocess.Popen[str], url: str, told: list[str]) -> None:
        super().__init__(url)
        self.child, self.told = child, told


@contextmanager
def reviewing(*words: object, environ: Mapping[str, str] | None = None) -> Iterator[Process]:
    """The command, answering until the block ends; then it is killed, should it still run."""
    command = [sys.executable, "-m", "litescore", "review", *map(str, words)]
    child = subprocess.Popen(
        command, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    told: list[str] = []
    try:
        assert child.stderr is not None
        for line in child.stderr:
            told.append(line.rstrip())
            if line.startswith("review: "):
                break
        else:
            raise AssertionError("\n".join(told))
        yield Process(child, told[-1].split()[1], told)
    finally:
        child.kill()
        child.communicate()
