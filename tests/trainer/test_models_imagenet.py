"""ImageNet's weights: from Keras' cache, by a download into it, and where there is no network.

The files themselves are not to be had here: a server on this machine gives ones of random weights.
"""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litescore.errors import LitescoreError

Tensorflow = Callable[..., Any]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Files of a folder, without a line for each."""

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder and the URL that serves it."""
    folder = tmp_path / "served"
    folder.mkdir()
    served = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=served.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{served.server_port}/"
    served.shutdown()


def publish(folder: Path) -> None:
    """A file of MobileNetV2 as Keras publishes it, in the old format."""
    from trainer.backend import keras
    from trainer.models.imagenet import FILES

    path = folder / FILES["mobilenet-v2"].file
    path.parent.mkdir(parents=True)
    model = keras.applications.MobileNetV2((224, 224, 3), weights=None, include_top=False)
    model.get_layer("Conv1").set_weights([np.full((3, 3, 3, 32), 7.0)])
    model.save(path)


def ask(kind: str, home: Path, url: str) -> Any:
    """The first kernel of the weights, or what is said, and the seconds it took."""
    from trainer.models import imagenet

    begun = time.perf_counter()
    try:
        kernel = imagenet.arrays(kind, home, url=url)["Conv1"][0]
    except LitescoreError as error:
        return f"{type(error).__name__}: {error}", time.perf_counter() - begun
    return kernel, time.perf_counter() - begun


def test_a_download_is_kept(
    tensorflow: Tensorflow, tmp_path: Path, server: tuple[Path, str]
) -> None:
    """It lies where keras.applications looks for it, and is not downloaded twice."""
    folder, url = server
    tensorflow(publish, folder)
    kernel, _ = tensorflow(ask, "mobilenet-v2", tmp_path, url)
    assert (kernel == 7).all()
    name = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224_no_top.h5"
    assert (tmp_path / "models" / name).is_file()
    kernel, _ = tensorflow(ask, "mobilenet-v2", tmp_path, "http://127.0.0.1:1/")
    assert (kernel == 7).all()


def test_a_wrong_checksum_is_refused(
    tensorflow: Tensorflow, tmp_path: Path, server: tuple[Path, str]
) -> None:
    """Nothing of it is kept."""
    folder, url = server
    (folder / "keras-applications").mkdir()
    (folder / "keras-applications" / "efficientnetb0_notop.h5").write_bytes(b"half of it")
    said, _ = tensorflow(ask, "efficientnet-b0", tmp_path, url)
    assert "wrong checksum" in said
    assert not (tmp_path / "models").exists()


def test_no_network_is_told_with_the_ways_out(tensorflow: Tensorflow, tmp_path: Path) -> None:
    """A server that never answers is given up after seconds."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        said, seconds = tensorflow(ask, "mobilenet-v3-small", tmp_path, url)
    assert said.startswith("DataError: no ImageNet weights here: cannot download")
    assert "--weights none" in said
    assert "--weights PATH" in said
    assert f"into {tmp_path / 'models'}" in said
    assert seconds < 8
