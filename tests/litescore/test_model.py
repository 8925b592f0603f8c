"""The Python API: every form of an image, one answer, and that of `litescore score`."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from litescore import Contract, Model, contract, golden, image, results
from litescore.errors import ContractError, ModelError, PermanentError
from litescore.view import WHOLE, View
from tests.litescore import tiny
from tests.litescore.asked import answer, make, pixels
from tests.litescore.conftest import LABELS, Say, picture_bytes
from tests.litescore.pictures import encode
from tests.litescore.test_golden import with_golden
from tests.rig.stub_s3 import StubS3

DTYPES = ("uint8", "float32")


@pytest.mark.parametrize("color", ["gray", "rgb"])
@pytest.mark.parametrize("view", [WHOLE, View(rotate=90, mirror=True, invert=True)], ids=str)
def test_every_form_of_a_picture_gets_the_same_answer(
    tmp_path: Path, color: str, view: View
) -> None:
    """Bytes, paths, URL, array and PIL image; each as one and among several."""
    data, path = picture_bytes(1), tmp_path / "one.png"
    path.write_bytes(data)
    forms = [data, bytearray(data), memoryview(data), path, str(path), f"file://{path}"]
    forms += [pixels(), np.asfortranarray(pixels()), Image.open(path), Image.fromarray(pixels())]
    model = Model(make(tmp_path, color, view=view))
    tensor = image.fit(image.decode(data), model.contract)
    wanted = model._single.probabilities(tensor[None])[0].tolist()
    assert [answer(model.classify(form)) for form in forms] == [wanted] * len(forms)
    assert [answer(one) for one in model.classify(forms)] == [wanted] * len(forms)
    assert answer(model.classify(pixels()[:, :, ::-1])) != wanted, "the order of colours counts"


@pytest.mark.parametrize("shape", [(4, 3), (4, 3, 1), (8, 5), (8, 5, 1)])
def test_gray_arrays(model: Model, shape: tuple[int, ...]) -> None:
    """With and without a channel, of the input's size and another: as a PNG of them."""
    gray = np.random.default_rng(2).integers(0, 256, shape, np.uint8)
    data = image.encode_png(gray)
    assert answer(model.classify(gray)) == answer(model.classify(data))


def test_an_array_of_the_inputs_size_is_a_picture_too(tmp_path: Path) -> None:
    """The view counts for it, as for the same pixels in a file."""
    model = Model(make(tmp_path, view=View(invert=True)))
    gray = np.random.default_rng(2).integers(0, 256, (4, 3), np.uint8)
    wanted = answer(model.classify(image.encode_png(gray)))
    assert answer(model.classify(gray)) == answer(model.classify(Image.fromarray(gray))) == wanted
    assert wanted != answer(model.classify(255 - gray))


def deep() -> bytes:
    values = np.random.default_rng(4).integers(0, 65536, (8, 6)).astype(np.uint16)
    return encode(Image.fromarray(values))


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return encode(Image.fromarray(pixels()), "JPEG", exif=exif)


def of_mode(mode: str, **options: Any) -> bytes:
    kind = "TIFF" if mode == "CMYK" else "PNG"
    return encode(Image.fromarray(pixels()).convert(mode), kind, **options)


FORMS = {
    "16 bits": deep,
    "EXIF": turned,
    "CMYK": lambda: of_mode("CMYK"),
    "two values": lambda: of_mode("1"),
    "alpha": lambda: of_mode("RGBA"),
    "gray and alpha": lambda: of_mode("LA"),
    "palette": lambda: of_mode("P", transparency=b"\x00\x80\xff"),
}


@pytest.mark.parametrize("form", FORMS)
def test_a_pil_image_is_what_its_file_is(model: Model, form: str) -> None:
    """In every mode, upright; and the caller's picture stays as it is."""
    data = FORMS[form]()
    picture = Image.open(io.BytesIO(data))
    before = (picture.mode, picture.size, dict(picture.info))
    assert answer(model.classify(picture)) == answer(model.classify(data))
    assert (picture.mode, picture.size, dict(picture.info)) == before


@pytest.mark.parametrize("dtype", DTYPES)
def test_answers_are_those_of_litescore_score(
    tmp_path: Path, photos: Path, say: Say, dtype: str
) -> None:
    """Bit for bit, in every place of a batch and alone, with the same label and order."""
    file = make(tmp_path, "rgb", dtype)
    for number in range(5, 70):
        (photos / f"{number}.png").write_bytes(picture_bytes(number))
    assert say("score", photos, "--model", file, "--out", tmp_path / "out").code == 0
    records = {one.source: one for one in results.read(tmp_path / "out")}
    paths = sorted(records)
    model = Model(file)
    many = list(model.classify(paths))
    assert (len(many), model.digest) == (70, records[paths[0]].model)
    for found in [*many, *map(model.classify, paths)]:
        record = records[str(found.source)]
        assert (found.label, found.score) == (record.label, record.score)
        assert [one._asdict() for one in found.top] == list(record.top)
        listed = {str(one["label"]): np.float32(one["score"]) for one in record.top}
        assert [listed[label] for label in model.labels] == answer(found)


def test_images_come_from_s3(stub: StubS3, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """An s3:// URL is read as `litescore score` reads it; one that is gone says so."""
    for name, value in stub.environ.items():
        monkeypatch.setenv(name, value)
    stub.objects = {("stub", "a b+c.png"): picture_bytes(1)}
    found = model.classify("s3://stub/a b+c.png")
    assert answer(found) == answer(model.classify(picture_bytes(1)))
    assert found.source == "s3://stub/a b+c.png"
    (lost,) = model.classify(["s3://stub/none.png"])
    assert isinstance(lost.error, PermanentError)
    assert lost.error.kind == "gone"


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (lambda _: np.zeros((4, 3), np.float32), "unsupported: pixels are uint8, not float32"),
        (lambda _: np.zeros((2, 4, 3, 1), np.uint8), "unsupported: an array of shape (2, 4, 3, 1)"),
        (lambda _: np.zeros((4, 3, 4), np.uint8), "unsupported: an array of shape (4, 3, 4)"),
        (lambda _: np.zeros((0, 3), np.uint8), "unsupported: an array of shape (0, 3)"),
        (lambda _: np.array(["a.png"]), "unsupported: pixels are uint8, not <U5"),
        (lambda _: io.BytesIO(picture_bytes(0)), "unsupported: an open file is no image"),
        (lambda _: None, "unsupported: NoneType is no image: give bytes, a path"),
        (lambda _: Image.new("F", (3, 4)), "unsupported: floating-point pixels"),
        (lambda _: Image.new("L", (9000, 9000)), "too-large: 9000 x 9000 pixels"),
        (lambda _: Path("s3://bucket/a.png"), "unaddressable: a Path makes s3:/bucket/a.png of"),
        (lambda folder: folder, "unsupported: cannot read"),
        (lambda folder: folder / "none.png", "gone: no such file"),
    ],
)
def test_one_that_is_no_image_is_refused(
    model: Model, tmp_path: Path, given: Callable[[Path], Any], told: str
) -> None:
    """By one line that names what it is."""
    with pytest.raises(PermanentError) as refused:
        model.classify(given(tmp_path))
    assert str(refused.value).startswith(told)
    assert "\n" not in str(refused.value)


def test_what_is_kept_of_a_large_picture_is_small() -> None:
    """At most 96 pixels a side, each the mean of those in its place."""
    held = Contract(LABELS, "rgb", 200, 100)
    model = Model(contract.append(tiny.build((200, 100, 3)), held))
    given = np.full((200, 100, 3), (10, 20, 30), np.uint8)
    given[::3, :, 0] = 40
    seen = model.classify(given).seen
    assert seen is not None
    assert seen.shape == (67, 34, 3)
    assert (seen[:33, :33] == (20, 20, 30)).all()


def test_a_multilabel_model_lists_what_holds() -> None:
    """None may: label and score are the best all the same."""
    held = Contract(LABELS, "gray", 4, 3, output="multilabel", threshold=0.999)
    model = Model(contract.append(tiny.build((4, 3, 1), ending="sigmoid"), held))
    found = model.classify(np.zeros((4, 3), np.uint8))
    assert (found.top, found.label, found.score) == ((), "ant", 0.5)
    assert "50.0%" in found._repr_html_()


def test_a_model_says_what_it_is(model: Model, small_model: Path) -> None:
    """All of it read from the file."""
    assert (model.labels, model.height, model.width, model.color) == (LABELS, 4, 3, "gray")
    assert model.contract == contract.read(small_model)
    told = f"Model({str(small_model)!r}: 3 labels, 4 x 3 gray, {model.runtime} "
    assert repr(model).startswith(told)


def test_a_model_proves_itself(model: Model, small_model: Path, tmp_path: Path) -> None:
    """By its golden samples; one without them says so."""
    with pytest.raises(ContractError, match="no golden samples"):
        model.verify()
    path = with_golden(tmp_path)
    assert Model(path).verify() == golden.verify(path)
    assert Model(path).verify().proven


def test_a_file_that_is_no_model_is_named(tmp_path: Path, bare_model: Path) -> None:
    """Missing, of other bytes, and without a contract."""
    with pytest.raises(ModelError, match=r"no model at .*none\.tflite"):
        Model(tmp_path / "none.tflite")
    (tmp_path / "no.tflite").write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"no\.tflite"):
        Model(str(tmp_path / "no.tflite"))
    with pytest.raises(ContractError, match=r"bare\.tflite carries no contract"):
        Model(bare_model)


def test_the_name_is_loaded_when_it_is_used() -> None:
    """`import litescore` alone brings neither numpy nor Pillow."""
    code = (
        "import sys, litescore; print(sorted({'numpy', 'PIL', 'litescore.model'} & {*sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
