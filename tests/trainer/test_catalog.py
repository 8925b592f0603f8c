"""Where a preset's data comes from, in which order, and how soon a dead network is given up.

The checksums of the real downloads are set to those of small stand-ins here: nothing can be
fetched in a test, and the order and the checking are what is tested.
"""

from __future__ import annotations

import gzip
import hashlib
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from litescore import dataset
from litescore.errors import DataError
from tests.trainer.pictures import write_idx_set
from trainer.images import catalog, download
from trainer.images.catalog import KERAS_FILES, Places, find

NAME = "fashion-mnist"


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder without telling of it."""

    def log_message(self, *_words: object) -> None: ...


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A real HTTP server with a small data set under the names and checksums of Keras' files."""
    root = write_idx_set(tmp_path / "served", seed=9)
    digests = {
        name: hashlib.sha256(gzip.decompress((root / name).read_bytes())).hexdigest()
        for name in KERAS_FILES[NAME]
    }
    monkeypatch.setitem(KERAS_FILES, NAME, digests)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def places(tmp_path: Path, served: str) -> Places:
    """Every place has a data set of its own."""
    debian, data = tmp_path / "debian", tmp_path / "data"
    for number, root in enumerate((debian, data)):
        write_idx_set(root / NAME, seed=number)
    return Places(
        str(data), tmp_path / "keras", debian, shipped_root=catalog.SHIPPED_ROOT, url=served
    )


@pytest.fixture
def dead_url() -> str:
    """A port at which nothing listens."""
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"


@pytest.fixture
def silent_url() -> Iterator[str]:
    """A port that takes connections and never answers."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"


def test_places_are_asked_in_order(places: Places, tmp_path: Path, dead_url: str) -> None:
    """LITESCORE_DATA, Debian's package, Keras' cache, its download, the slice."""
    assert Path(find(NAME, places).place) == tmp_path / "data" / NAME
    places = replace(places, data_root=None)
    assert Path(find(NAME, places).place) == tmp_path / "debian" / NAME
    places = replace(places, debian_root=tmp_path / "nothing")
    assert "now in Keras' cache" in find(NAME, places).origin
    assert find(NAME, replace(places, url=dead_url)).origin == "Fashion-MNIST from Keras' cache"
    shutil.rmtree(places.keras_home)
    found = find(NAME, replace(places, url=dead_url))
    assert found.shipped
    assert len(dataset.load(found.place, "train")) == 5000


def test_a_fallback_tells_why(places: Places, tmp_path: Path, dead_url: str) -> None:
    """One sentence: what was found, and each place that did not have it."""
    lost = replace(places, data_root="no-such", debian_root=tmp_path / "nothing", url=dead_url)
    origin = find(NAME, lost).origin
    assert origin.startswith("a slice of Fashion-MNIST that litescore ships (5,000 training")
    assert "LITESCORE_DATA=no-such holds no folder fashion-mnist" in origin
    assert "no Debian package dataset-fashion-mnist" in origin
    assert "nothing in Keras' cache" in origin
    assert f"cannot download {dead_url}" in origin
    assert "refused" in origin
    assert "\n" not in origin


def test_a_damaged_folder_is_not_used(places: Places, tmp_path: Path) -> None:
    """What LITESCORE_DATA names is tried before it is believed, and the reason is kept."""
    (tmp_path / "data" / NAME / "t10k-images-idx3-ubyte.gz").write_bytes(b"\x1f\x8bnot gzip")
    assert Path(find(NAME, places).place) == tmp_path / "debian" / NAME


def test_a_download_is_told_and_kept(places: Places, tmp_path: Path) -> None:
    """It is announced, lands where Keras looks for it, and leaves nothing half-written."""
    said: list[str] = []
    bare = replace(places, data_root=None, debian_root=tmp_path / "nothing")
    found = find(NAME, bare, said.append)
    assert Path(found.place) == tmp_path / "keras" / "datasets" / NAME
    assert {path.name for path in Path(found.place).iterdir()} == set(KERAS_FILES[NAME])
    assert len(said) == 1
    assert "downloading Fashion-MNIST" in said[0]


def test_a_wrong_checksum_is_not_kept(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A download of other content is refused, and the cache stays empty of it."""
    first, *_ = KERAS_FILES[NAME]
    monkeypatch.setitem(KERAS_FILES[NAME], first, "0" * 64)
    bare = replace(places, data_root=None, debian_root=tmp_path / "nothing")
    found = find(NAME, bare)
    assert found.shipped
    assert "its checksum is wrong" in found.origin
    assert not (tmp_path / "keras" / "datasets" / NAME / first).exists()


def test_a_damaged_cache_is_mended(places: Places, tmp_path: Path) -> None:
    """A file cut short by a broken download is fetched again."""
    bare = replace(places, data_root=None, debian_root=tmp_path / "nothing")
    path = Path(find(NAME, bare).place) / "train-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[:100])
    assert "now in Keras' cache" in find(NAME, bare).origin
    assert path.read_bytes() == whole


def test_mnist_has_no_slice_and_says_what_to_do(places: Places, dead_url: str) -> None:
    """Every place is named, and both ways out."""
    with pytest.raises(DataError) as raised:
        find("mnist", replace(places, url=dead_url))
    for words in ("no MNIST here", "LITESCORE_DATA", "--data", "cannot download"):
        assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_silent_network_is_given_up_within_five_seconds(
    places: Places, tmp_path: Path, silent_url: str
) -> None:
    """In all, for four files: the first that does not answer is the last that is asked for."""
    lost = replace(places, data_root=None, debian_root=tmp_path / "nothing", url=silent_url)
    started = time.monotonic()
    found = find(NAME, lost)
    assert time.monotonic() - started < 5.5
    assert found.shipped


def test_a_name_that_is_never_resolved_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """No socket timeout covers the lookup of a name. A resolver that hangs cannot be had here:
    the lookup itself is replaced.
    """

    def hang(*_words: object, **_more: object) -> None:
        time.sleep(2)
        raise socket.gaierror("after all")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    started = time.monotonic()
    with pytest.raises(DataError, match=r"no answer within 0\.3 s"):
        download.fetch("http://data.example/", patience=0.3)
    assert time.monotonic() - started < 1.5


def test_a_missing_file_is_named(served: str) -> None:
    """What the server says is passed on."""
    with pytest.raises(DataError, match=r"nothing\.npz: .*not found"):
        download.fetch(f"{served}nothing.npz")
