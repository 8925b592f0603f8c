"""The paths of the page. What it changes it changes for its own page's script only."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from litescore import web
from litescore.errors import ImageError, LitescoreError, PermanentError, UsageError
from litescore.review import items, pictures, summary
from litescore.review.desk import Conflict, Desk
from litescore.review.items import Item
from litescore.review.pictures import Rendered
from litescore.web.address import Address
from litescore.web.guard import Guard
from litescore.web.handler import CLOSE, Handler
from litescore.web.server import Server

COOKIE = "litescore_review"
PAGE = web.page(__package__, "page.html")
HEADERS = web.headers(PAGE, web.TOKEN)
# Pictures that the page is told of at once: the one to decide, and those to fetch ahead.
_AHEAD = 6
_LONGEST = 4096
_JSON = "application/json"


@dataclass(frozen=True)
class Shown:
    """What there is to answer with.

    session  another one each start, so that no browser shows an older review's picture
    """

    desk: Desk
    guard: Guard
    session: str = field(default_factory=lambda: secrets.token_hex(4))
    rendered: Callable[[str], Rendered] = field(init=False)

    def __post_init__(self) -> None:
        # By id: what a source holds does not change while it is reviewed.
        object.__setattr__(self, "rendered", lru_cache(32)(self._render))

    def _render(self, id_: str) -> Rendered:
        return pictures.rendered(items.read(self.desk.items[id_]))

    def state(self) -> dict[str, Any]:
        """All that the page shows, as plain values."""
        desk, step = self.desk, self.desk.undoable()
        state = {
            "session": self.session,
            "done": desk.done,
            "left": desk.left,
            "items": [_told(item) for item in desk.waiting(_AHEAD)],
            "labels": list(desk.labels),
            "grows": desk.labels.may_grow,
            "undo": step.name if step else None,
        }
        if not state["items"]:
            found = summary.summarize(list(desk.log.standing.values()), desk.waiting())
            state["summary"] = [*found.lines(), desk.training()]
        return state


def _told(item: Item) -> dict[str, Any]:
    return {
        "id": item.id,
        "path": item.path,
        "label": item.label,
        "score": item.score,
        "guesses": item.guesses[:10],
        "rules": item.rules,
        "at": item.record.at if item.record and isinstance(item.record.at, str) else None,
        "device": item.device,
        "model": item.model,
        "view": pictures.words(item.view),
    }


class Routes(Handler):
    """The page's paths. To be subclassed with `shown`."""

    shown: Shown
    always = HEADERS
    closed = "only for this page, by localhost or 127.0.0.1\n"
    verbs = ("GET", "POST")

    def route(self, path: str) -> None:
        """GET: the page, its state as JSON, or a picture by its id; 404 else."""
        if path == "/":
            self.answer(200, PAGE, "text/html; charset=utf-8")
        elif path == "/state":
            self._tell(200)
        elif path.startswith("/picture/"):
            self._picture(unquote(path.removeprefix("/picture/")))
        else:
            self.answer(404, "not found\n")

    def do_POST(self) -> None:  # noqa: N802 the name it has
        """An act by its path, with one JSON object of words; answers the state that came of it."""
        self.server.got_request(self.connection)
        # Read whole before anything is answered: a browser that still writes would see no answer.
        words = self._words()
        if not self.is_admitted() or not self._is_own_script():
            self.turn_away()
        elif words is None:
            self.answer(400, "one JSON object of at most 4 KB\n", headers=CLOSE)
        elif (act := _ACTS.get(self.path)) is None:
            self.answer(404, "not found\n")
        else:
            self._do(act, words)

    def is_admitted(self) -> bool:
        """As in every page, and no script of another origin, which a browser names."""
        host = self.headers.get("Host", "")
        # A browser names the origin of a script that asks for another's page.
        origin = self.headers.get("Origin", f"http://{host}")
        own = origin in (f"http://{host}", f"https://{host}")
        return own and super().is_admitted()

    def _is_own_script(self) -> bool:
        """Whether no form and no page of another place sent it: those cannot send JSON unasked."""
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        return kind == _JSON and self.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"

    def _words(self) -> dict[str, Any] | None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > _LONGEST:
            self.close_connection = True
            return None
        try:
            words = json.loads(self.rfile.read(int(length)))
        except ValueError:
            return None
        return words if isinstance(words, dict) else None

    def _do(self, act: Callable[[Desk, dict[str, Any]], None], words: dict[str, Any]) -> None:
        try:
            act(self.shown.desk, words)
        except Conflict as error:
            self._tell(409, str(error))
        except (KeyError, TypeError, UsageError) as error:
            told = str(error) if isinstance(error, UsageError) else "words are missing"
            self._tell(422, told)
        except ImageError as error:
            self._tell(424, f"the picture cannot be read: {error}")
        except LitescoreError as error:
            self._tell(507, str(error))
        else:
            self._tell(200)

    def _picture(self, id_: str) -> None:
        if id_ not in self.shown.desk.items:
            self.answer(404, "no such picture\n")
            return
        try:
            picture = self.shown.rendered(id_)
        except PermanentError as error:
            self.answer(422, f"{error}\n")
        except ImageError as error:
            self.answer(503, f"{error}\n")
        else:
            headers = {"Cache-Control": "private, max-age=86400"}
            seen = pictures.seen(self.shown.desk.items[id_].view, picture.size)
            if seen:
                headers["Seen"] = " ".join(f"{number:.5f}" for number in seen)
            self.answer(200, picture.data, picture.kind, headers)

    def _tell(self, status: int, problem: str | None = None) -> None:
        state = self.shown.state() | {"problem": problem}
        self.answer(status, json.dumps(state, separators=(",", ":")), _JSON)


def _text(words: dict[str, Any], name: str) -> str:
    if not isinstance(words[name], str):
        raise TypeError
    return str(words[name])


_ACTS: dict[str, Callable[[Desk, dict[str, Any]], None]] = {
    "/decide": lambda desk, words: desk.decide(
        _text(words, "id"), _text(words, "label"), new=words.get("new") is True
    ),
    "/reject": lambda desk, words: desk.decide(_text(words, "id"), None),
    "/skip": lambda desk, words: desk.skip(_text(words, "id")),
    "/undo": lambda desk, words: desk.undo(_text(words, "undo")),
}


class Review:
    """The page, answering from when it is made until it is closed.

    token   what viewers must know; None asks for nothing, and answers on loopback only
    option  by which the address was named

    Raises ConfigurationError where the address cannot be had.
    """

    def __init__(self, address: Address, token: str | None, desk: Desk, *, option: str) -> None:
        shown = Shown(desk, Guard(token, COOKIE))
        self._server = Server(
            address, type("Bound", (Routes,), {"shown": shown, "guard": shown.guard}), option
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="review", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where to look; `?token=...` is to be added where there is one, and is not told here."""
        return self._server.address.url

    def wait(self) -> None:
        """Until a signal's exception comes."""
        while self._thread.is_alive():
            self._thread.join(60)

    def close(self) -> None:
        """End within a second."""
        self._server.close()
        self._thread.join()
