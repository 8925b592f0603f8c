"""The function's zip: what is in it, that it is always the same, and that it works alone."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from infra.package import build as package
from infra.package import interpreters
from infra.package.build import UNPACKED_LIMIT, Package
from infra.package.target import DEFAULT
from litescore import contract, image
from litescore.comparison import compare
from litescore.errors import ConfigurationError, ContractError, ModelError
from litescore.scorer import Scorer
from tests.rig.needs import lack
from tests.rig.pngs import Pngs

# Without site-packages: all but the standard library comes from the zip. The handler scores an
# image and writes its record, so that nothing is imported later than here.
ALONE = """
import json, os, sys
sys.path.insert(0, sys.argv[1])
sys.dont_write_bytecode = True
import lambda_handler
from lambda_handler import job, scoring
from litescore.scorer import Scorer
from litescore import image
scoring.prepare()
scorer = Scorer(os.environ["LITESCORE_MODEL"])
with open(sys.argv[2], "rb") as file:
    tensor = image.fit(image.decode(file.read()), scorer.contract)
import obstore.store
found = [(name.split(".")[0], getattr(module, "__file__", None) or "")
         for name, module in list(sys.modules.items())]
brought = {top for top, file in found if file.startswith(sys.argv[1])}
strangers = [file for top, file in found if "site-packages" in file]
print(json.dumps([scorer.probabilities(tensor[None])[0].tolist(), strangers, sorted(brought),
                  lambda_handler.__spec__.cached, str(scorer.runtime_used),
                  callable(lambda_handler.handler), list(sys.version_info[:2])]))
"""
# What the handler imports, and all that it may.
TOPS = {"PIL", "ai_edge_litert", "lambda_handler", "litescore", "numpy", "obstore"}


def test_it_works_with_nothing_but_itself(
    unpacked: Path, int8_model: Path, pngs: Pngs, tmp_path: Path
) -> None:
    """A Python of its version imports the handler and scores an image as this one does; it takes
    every distribution that is in the zip, and nothing from elsewhere.
    """
    python = interpreters.find(DEFAULT.python) or lack(f"needs a Python {DEFAULT.python}")
    words = [str(python), "-I", "-S", "-c", ALONE, str(unpacked), str(pngs.paths[0])]
    environ = {"LITESCORE_MODEL": f"{unpacked}/model.tflite", "LITESCORE_OUTPUT": f"{tmp_path}/"}
    done = subprocess.run(words, capture_output=True, text=True, env=environ)
    assert done.returncode == 0, done.stderr
    answer, strangers, brought, cached, runtime, has_handler, version = json.loads(done.stdout)
    scorer = Scorer(int8_model, runtime="litert")
    tensor = image.fit(image.decode(pngs.paths[0].read_bytes()), scorer.contract)
    here = scorer.probabilities(tensor[np.newaxis])
    assert compare(here, np.array([answer], np.float32), step=scorer.step).verdict == "identical"
    assert strangers == []
    assert set(brought) == TOPS
    assert has_handler
    assert version == [3, 13]
    assert runtime == "litert 2.3.0"
    assert Path(cached).exists()


def test_every_module_is_compiled_and_its_time_is_not_asked(
    unpacked: Path, deployable: Package
) -> None:
    """/var/task is read-only and its times are all 1980: unchecked bytecode, for each module, by
    the Python that the function has.
    """
    if deployable.compiled is None:
        lack(f"needs a Python {DEFAULT.python}")
    modules = list(unpacked.rglob("*.py"))
    assert len(modules) > 100
    for module in modules:
        [compiled] = (module.parent / "__pycache__").glob(f"{module.stem}.cpython-313.pyc")
        # PEP 552: the second word's lowest bits are 1 for a hash, and 0 for one that is not checked.
        assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 0b01
        assert f"/var/task/{module.relative_to(unpacked)}".encode() in compiled.read_bytes()


def test_the_command_makes_the_same(deployable: Package, int8_model: Path, tmp_path: Path) -> None:
    """Two builds in two processes, byte by byte, whatever else differs: folder, umask, times, names,
    locale, time zone, the order of sets. The command tells what there is to know.
    """
    model = shutil.copy(int8_model, tmp_path / "another name.tflite")
    os.utime(model, (1, 1))
    words = [sys.executable, "-m", "litescore", "package", "--model", model, "--out", "there"]
    environ = os.environ | {"PYTHONHASHSEED": "7", "LC_ALL": "POSIX", "TZ": "Asia/Tokyo"}
    environ |= {"PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        words, capture_output=True, text=True, cwd=tmp_path, env=environ, umask=0o077
    )
    assert done.returncode == 0, done.stderr
    for one in (deployable.path, deployable.sbom):
        assert (tmp_path / "there" / one.name).read_bytes() == one.read_bytes()
    first, *parts, digest, target, smoke = done.stdout.splitlines()
    assert first.startswith("there/function.zip: ")
    assert first.endswith(" of 262.1 MB")
    assert "numpy" in parts[0]
    assert deployable.digest in digest
    assert target == f"for Python 3.13 on x86_64, compiled by Python {deployable.compiled}"
    assert smoke.startswith("smoke run: ")
    assert list((tmp_path / "there").glob("*.zip")) == [tmp_path / "there" / "function.zip"]


def test_it_holds_what_the_function_needs_and_no_more(deployable: Package) -> None:
    """Ours and what they import; licences; nothing for developers; nobody's hidden files."""
    with zipfile.ZipFile(deployable.path) as archive:
        names = archive.namelist()
        assert sum(entry.file_size for entry in archive.infolist()) == deployable.unpacked
        assert {entry.external_attr >> 16 for entry in archive.infolist()} == {0o644}
    assert names == sorted(names)
    tops = {name.split("/")[0] for name in names}
    folders = {top for top in tops if not top.endswith((".dist-info", ".libs"))}
    assert folders == TOPS | {"model.tflite"}
    assert not [name for name in names if "/tests/" in name]
    assert not [name for name in names if "WebGpu" in name or name.endswith((".pyi", ".h"))]
    litert = [name.split("/")[1] for name in names if name.startswith("ai_edge_litert/")]
    assert not {"vendors", "tools", "aot"}.intersection(litert)
    assert [name for name in names if name.endswith("LICENSE")]


def test_it_tells_its_sizes(deployable: Package, int8_model: Path) -> None:
    """Zipped, unpacked, and by part, the biggest first; and what it is."""
    data = deployable.path.read_bytes()
    assert deployable.zipped == len(data) < 50_000_000
    assert deployable.digest == hashlib.sha256(data).hexdigest()
    assert deployable.model_sha256 == hashlib.sha256(int8_model.read_bytes()).hexdigest()
    assert deployable.unpacked < 140_000_000
    sizes = [size for _, size in deployable.parts]
    assert sum(sizes) == deployable.unpacked
    assert sizes == sorted(sizes, reverse=True)
    assert dict(deployable.parts)["numpy"] > 10_000_000


def test_what_lambda_would_refuse_is_refused(int8_model: Path, tmp_path: Path) -> None:
    """One line with the size, the limit, the biggest parts and the ways out; no file."""
    wanted = r"Lambda takes 100: use a smaller model, or .*--container \(biggest: numpy"
    with pytest.raises(ConfigurationError, match=wanted) as caught:
        package.build(int8_model, tmp_path, limit=100_000_000)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
    assert UNPACKED_LIMIT == 262_144_000


def test_a_model_that_would_not_work_there_is_refused_here(tmp_path: Path) -> None:
    """Before anything is copied."""
    (tmp_path / "model.tflite").write_text("no model")
    with pytest.raises(ModelError, match="not a TFLite model"):
        package.build(tmp_path / "model.tflite", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_model_without_a_contract_is_refused_here(int8_model: Path, tmp_path: Path) -> None:
    """It loads, and nobody there would know what its numbers mean."""
    (tmp_path / "bare.tflite").write_bytes(contract.strip(int8_model.read_bytes()))
    with pytest.raises(ContractError):
        package.build(tmp_path / "bare.tflite", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_zip_of_someone_elses_is_left_alone(int8_model: Path, tmp_path: Path) -> None:
    """The folder is to hold exactly one; ours of before is replaced, another is named."""
    (tmp_path / "function.zip").write_text("of before")
    (tmp_path / "photos.zip").write_text("another's")
    with pytest.raises(
        ConfigurationError, match=r"holds photos\.zip: function\.zip must be the only"
    ):
        package.build(int8_model, tmp_path)
    assert (tmp_path / "photos.zip").read_text() == "another's"
    assert (tmp_path / "function.zip").read_text() == "of before"
