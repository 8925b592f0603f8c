"""The contract at the end of a model file: appended, read, taken off, damaged."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from litescore import contract, tail
from litescore.contract import Contract
from litescore.errors import ContractError, ModelError
from litescore.interpreter import available
from litescore.scorer import Scorer
from tests.litescore import tiny

# What tiny's operations need.
RUNTIME = "1.14.0"
SMALL = Contract(("a", "b", "c"), "gray", 4, 3, smallest_runtime=RUNTIME)
FULL = Contract(
    ("x", "y"), "rgb", 32, 48, resize="fit-longest", smallest_runtime=RUNTIME, origin={"seed": 3}
)
GOLDEN = {"1.png": b"one", "0.png": b"zero", "litert.json": b"{}"}


def test_append_and_read() -> None:
    """What is appended is read back; the labels also lie in a file that other tools know."""
    model = tiny.build()
    whole = contract.append(model, SMALL, GOLDEN)
    assert model in whole
    assert contract.read(whole) == SMALL
    files = contract.associated_files(whole)
    assert files["labels.txt"] == b"a\nb\nc\n"
    assert {name: files[f"golden/{name}"] for name in GOLDEN} == GOLDEN


def test_read_takes_a_path(tmp_path: Path) -> None:
    """A path in either form does as well as bytes."""
    path = tmp_path / "m.tflite"
    path.write_bytes(contract.append(tiny.build(), SMALL))
    assert contract.read(path) == contract.read(str(path)) == SMALL


def test_the_same_arguments_make_the_same_bytes() -> None:
    """No clock and no order of a dict is in the file."""
    backwards = dict(reversed(GOLDEN.items()))
    model = tiny.build()
    assert contract.append(model, SMALL, GOLDEN) == contract.append(model, SMALL, backwards)


def test_appending_twice_appends_nothing_twice() -> None:
    """The tail of before is taken off first, golden samples included."""
    model = tiny.build()
    first = contract.append(model, FULL, GOLDEN)
    assert contract.append(first, SMALL) == contract.append(model, SMALL)
    assert contract.strip(first) == model
    assert contract.strip(model) == model


@pytest.mark.parametrize("said", [None, "9.9.9"])
def test_the_smallest_runtime_is_the_files_own(said: str | None) -> None:
    """Whatever the contract says, it is recomputed from the model's operations."""
    whole = contract.append(tiny.build(version=10), replace(SMALL, smallest_runtime=said))
    assert contract.read(whole) == replace(SMALL, smallest_runtime="2.11.0")


@pytest.mark.parametrize("model", [b"", b"PK" * 40, tiny.build()[:-40]])
def test_only_a_whole_model_gets_a_contract(model: bytes) -> None:
    """What no runtime could load is not given a tail either."""
    with pytest.raises(ModelError, match=r"not a (whole )?TFLite model"):
        contract.append(model, SMALL)


def test_the_tail_is_a_zip_for_everyone() -> None:
    """The whole file opens as a zip, and no entry of it is damaged."""
    with zipfile.ZipFile(io.BytesIO(contract.append(tiny.build(), FULL, GOLDEN))) as tail:
        assert tail.testzip() is None
        assert set(tail.namelist()) >= {"labels.txt", "litescore.json", "golden/0.png"}


@pytest.mark.parametrize("runtime", [one.name for one in available()])
@pytest.mark.parametrize("dtype", ["float32", "uint8"])
def test_runtimes_do_not_see_the_tail(runtime: str, dtype: str) -> None:
    """The same answers, bit for bit, with the tail and without."""
    model = tiny.build(dtype=dtype)
    pixels = np.random.default_rng(0).integers(0, 256, (5, 4, 3, 1), np.uint8)
    without = Scorer(model, labels=SMALL.labels, runtime=runtime).probabilities(pixels)
    whole = contract.append(model, SMALL, GOLDEN)
    np.testing.assert_array_equal(Scorer(whole, runtime=runtime).probabilities(pixels), without)


def with_zip(model: bytes, files: dict[str, bytes]) -> bytes:
    """The model with another tool's deflated zip behind it, offsets counted from the file's start."""
    buffer = io.BytesIO(model)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as tail:
        for name, data in files.items():
            tail.writestr(name, data)
    return buffer.getvalue()


def test_a_foreign_tail_is_no_contract() -> None:
    """Another tool's associated files are listed; ours replace them."""
    model = tiny.build()
    foreign = with_zip(model, {"labelmap.txt": b"x\ny\n" * 50})
    assert contract.read(foreign) is None
    assert contract.associated_files(foreign) == {"labelmap.txt": b"x\ny\n" * 50}
    assert contract.strip(foreign) == model
    assert contract.append(foreign, SMALL) == contract.append(model, SMALL)


def test_a_zip_that_was_glued_on_is_a_tail() -> None:
    """`cat model.tflite files.zip`: offsets count from the zip's own start, and a comment follows."""
    model = tiny.build()
    loose = io.BytesIO()
    with zipfile.ZipFile(loose, "w") as tail:
        tail.writestr("labels.txt", "x\ny\n")
        tail.comment = b"made elsewhere"
    glued = model + loose.getvalue()
    assert contract.associated_files(glued) == {"labels.txt": b"x\ny\n"}
    assert contract.strip(glued) == model


def test_an_empty_zip_is_a_tail() -> None:
    """A zip of no files is taken off like any other."""
    model = tiny.build()
    empty = with_zip(model, {})
    assert len(empty) > len(model)
    assert contract.associated_files(empty) == {}
    assert contract.strip(empty) == model


@pytest.mark.parametrize("data", [b"", b"x", b"hello " * 1000, bytes(70_000)])
def test_no_zip_no_contract(data: bytes) -> None:
    """Bytes without a zip hold no files and are left as they are."""
    assert contract.read(data) is None
    assert contract.associated_files(data) == {}
    assert contract.strip(data) == data


def test_a_damaged_contract_is_refused() -> None:
    """One changed byte in the contract is noticed, and the file named that is broken."""
    whole = bytearray(contract.append(tiny.build(), SMALL))
    at = whole.index(b'"color"')
    whole[at + 1] ^= 1
    with pytest.raises(ContractError, match=r"'litescore\.json' .* is broken .*Bad CRC"):
        contract.read(bytes(whole))


def test_a_zip_of_another_age_is_no_tail() -> None:
    """A listing that needs a zip reader of version 9.9 is passed over."""
    model = tiny.build()
    whole = bytearray(contract.append(model, SMALL))
    whole[whole.index(b"PK\1\2") + 6] = 99
    assert contract.read(bytes(whole)) is None
    assert contract.read(contract.append(bytes(whole), SMALL)) == SMALL


def test_a_damaged_neighbour_does_not_hide_the_contract() -> None:
    """Only what is read must be whole."""
    whole = bytearray(contract.append(tiny.build(), SMALL, {"0.png": b"golden picture"}))
    whole[whole.index(b"golden picture")] ^= 1
    assert contract.read(bytes(whole)) == SMALL
    with pytest.raises(ContractError, match=r"'golden/0\.png' .* is broken"):
        contract.associated_files(bytes(whole))


def test_a_cut_tail_is_no_tail() -> None:
    """Of a file cut within its tail nothing can be listed: no contract, and no exception."""
    model = tiny.build()
    whole = contract.append(model, SMALL, GOLDEN)
    for kept in range(whole.index(model) + len(model), len(whole), 7):
        assert contract.read(whole[:kept]) is None
        assert contract.read(contract.append(whole[:kept], SMALL)) == SMALL


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_no_tail_breaks_the_reader(data: st.DataObject) -> None:
    """A tail with random damage is read, is none, or is refused as a ContractError."""
    model = tiny.build()
    whole = bytearray(contract.append(model, SMALL, GOLDEN))
    places = st.integers(whole.index(model) + len(model), len(whole) - 1)
    for place in data.draw(st.lists(places, min_size=1, max_size=8)):
        whole[place] = data.draw(st.integers(0, 255))
    for reader in (contract.read, contract.associated_files):
        try:
            reader(bytes(whole))
        except ContractError:
            continue
    assert contract.read(contract.append(bytes(whole), FULL)) == FULL


def test_a_plain_tail_is_read_without_zipfile() -> None:
    """As litescore writes it; of what is deflated, commented or damaged zipfile has the word."""
    whole = contract.append(tiny.build(), SMALL, GOLDEN)
    for name, held in contract.associated_files(whole).items():
        assert tail._stored(whole, name.encode()) == held
    assert tail._stored(whole, b"none") is None
    place = whole.index(b'"version"')
    damaged = whole[:place] + b"#" + whole[place + 1 :]
    assert tail._stored(damaged, b"litescore.json") is None
    for how, comment in ((zipfile.ZIP_DEFLATED, b""), (zipfile.ZIP_STORED, b"a comment")):
        file = io.BytesIO(tiny.build())
        file.seek(0, io.SEEK_END)
        with zipfile.ZipFile(file, "a", how) as other:
            other.writestr("litescore.json", SMALL.to_json())
            other.comment = comment
        assert tail._stored(file.getvalue(), b"litescore.json") is None
        assert contract.read(file.getvalue()) == SMALL
