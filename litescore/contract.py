"""The contract: what a model's tensors cannot say, carried at the end of the .tflite file.

A .tflite file may carry a zip at its end (the "associated files" of TFLite Metadata); both
runtimes ignore it. litescore keeps there `labels.txt` (one class name a line, in output order),
`litescore.json` (the contract) and `golden/` (test images and the answers they got). In front of the
model lies what TFLite Metadata says of it to other tools; the model between the two is untouched.
Input size, dtype, scale and zero point are the interpreter's to say, never the contract's.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from litescore import tail
from litescore.errors import ContractError
from litescore.view import WHOLE, View

if TYPE_CHECKING:
    from pathlib import Path

VERSION = 1
CONTRACT_FILE = "litescore.json"
LABELS_FILE = "labels.txt"
GOLDEN_FOLDER = "golden/"

COLORS = ("gray", "rgb")
RESIZES = ("squash", "fit-shortest", "fit-longest")
INTERPOLATIONS = ("bilinear-antialias", "bilinear")
JPEGS = ("full", "scaled")
OUTPUTS = ("softmax", "sigmoid", "multilabel")
VARIANTS = ("f32", "f16", "dynamic", "int8", "int8-float-io", "int16x8")

# The earliest time a zip entry can bear: the same contents make the same bytes.
_FIXED_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Contract:
    """How images become tensors and what the outputs mean.

    labels         class names in output order, each once
    color          `gray` (one channel) or `rgb` (three, red first)
    height, width  of the input in pixels; a model whose input differs is refused
    resize         `squash` to the size, `fit-shortest` (cover, crop the middle),
                   `fit-longest` (contain, pad with `padding`)
    padding        grey value 0..255 for `fit-longest`
    interpolation  `bilinear-antialias` (Pillow's BILINEAR) or `bilinear` (no antialiasing,
                   as Keras' image_dataset_from_directory resizes)
    jpeg           `full`, or `scaled`: the decoder itself halves, quarters or eighths a JPEG as long
                   as that leaves twice the pixels that the resize makes of it each way; with
                   `bilinear-antialias` only
    view           what of a fixed camera's picture the model sees (litescore.view)
    output         `softmax`, `sigmoid` (one unit, two labels) or `multilabel`
    threshold      0..1: from which probability on a `multilabel` label holds
    variant        None until exported, then one of VARIANTS
    smallest_runtime  the oldest TensorFlow Lite that loads the file, as `2.3.0`; None until known
    origin         where the model came from: dataset, digest, preset, seed, versions
    accuracy       what it scored: `float`, `exported` by runtime, `n`, `agreement`; and what it
                   answered to those images (litescore.answered)

    Raises ContractError for a value outside these.
    """

    labels: tuple[str, ...]
    color: str
    height: int
    width: int
    resize: str = "squash"
    padding: int = 0
    interpolation: str = "bilinear-antialias"
    jpeg: str = "full"
    view: View = WHOLE
    output: str = "softmax"
    threshold: float = 0.5
    variant: str | None = None
    smallest_runtime: str | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)
    accuracy: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", _names(self.labels))
        object.__setattr__(self, "origin", _facts("origin", self.origin))
        object.__setattr__(self, "accuracy", _facts("accuracy", self.accuracy))
        _one_of("color", self.color, COLORS)
        _one_of("resize", self.resize, RESIZES)
        _one_of("interpolation", self.interpolation, INTERPOLATIONS)
        _one_of("jpeg", self.jpeg, JPEGS)
        if self.jpeg == "scaled" and self.interpolation != "bilinear-antialias":
            raise ContractError(
                f"jpeg 'scaled' does not go with interpolation {self.interpolation!r}: without "
                "antialiasing a pixel is made of four, and scaling makes other ones of them; "
                "jpeg 'full' does"
            )
        _one_of("output", self.output, OUTPUTS)
        if self.variant is not None:
            _one_of("variant", self.variant, VARIANTS)
        _whole("height", self.height, 1, 16384)
        _whole("width", self.width, 1, 16384)
        _whole("padding", self.padding, 0, 255)
        _check_labels(self.labels)
        _share("threshold", self.threshold)
        if self.output == "sigmoid" and len(self.labels) != 2:
            raise ContractError(f"a sigmoid tells two labels apart, {len(self.labels)} given")

    def __reduce__(self) -> tuple[Any, ...]:
        # The read-only views of origin and accuracy cannot be pickled.
        return Contract.from_json, (self.to_json(),)

    @property
    def channels(self) -> int:
        return 1 if self.color == "gray" else 3

    def to_json(self) -> str:
        """The contract as indented JSON with a final newline; the same contract, the same text.

        `jpeg` is written where it is `scaled` only, `view` where it is not the whole picture:
        readers older than the field go on reading what means the same to them, and refuse the
        rest by the field's name.
        """
        values = {f.name: getattr(self, f.name) for f in fields(self)}
        values["labels"] = list(self.labels)
        values["origin"], values["accuracy"] = dict(self.origin), dict(self.accuracy)
        values["view"] = self.view.to_json()
        if self.jpeg == "full":
            del values["jpeg"]
        if self.view == WHOLE:
            del values["view"]
        return json.dumps({"version": VERSION} | values, indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Contract:
        """The contract that `to_json` wrote.

        Raises ContractError for text that is no contract, another version, or a field that this
        version does not know: it may change what the pixels mean.
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ContractError(f"{CONTRACT_FILE} is not JSON: {error}") from error
        if not isinstance(values, dict):
            raise ContractError(f"{CONTRACT_FILE} is not a JSON object")
        version = values.pop("version", None)
        if version != VERSION:
            raise ContractError(
                f"contract version {version!r} is not known: this litescore reads version "
                f"{VERSION}; upgrade litescore or export the model again"
            )
        unknown = sorted(set(values) - {f.name for f in fields(cls)})
        if unknown:
            raise ContractError(f"unknown field in the contract: {', '.join(unknown)}")
        view = View.from_json(values.pop("view", {}))
        try:
            return cls(**values, view=view)
        except TypeError as error:
            raise ContractError(f"incomplete contract: {error}") from error


def read(model: str | Path | bytes) -> Contract | None:
    """The contract of a .tflite file (path or bytes), or None where it carries none.

    Raises ContractError for a contract that is broken, and OSError for an unreadable path.
    """
    text = tail.read(_bytes(model), CONTRACT_FILE)
    return None if text is None else Contract.from_json(text)


def associated_files(model: str | Path | bytes) -> dict[str, bytes]:
    """Name -> content of everything in the zip at the end of a .tflite file; {} without one.

    Raises ContractError for contents that are broken, and OSError for an unreadable path.
    """
    held = tail.opened(_bytes(model))
    return {name: tail.content(held, name) for name in held.namelist()} if held else {}


def strip(model: bytes) -> bytes:
    """The model alone, as the converter wrote it: without the zip at its end and the metadata that
    `append` put before it.
    """
    from litescore.tflite import metadata

    held = tail.opened(model)
    return metadata.detach(model if held is None else model[: tail.start(held)])


def append(model: bytes, contract: Contract, golden: Mapping[str, bytes] | None = None) -> bytes:
    """`model` with the contract, its labels and the golden files (name -> content) at its end, and
    the TFLite Metadata by which other tools read it.

    The contract's smallest runtime is recomputed from the model's operations. What an earlier call
    added is taken off first; the same arguments make the same bytes. Raises ModelError for bytes
    that are no whole model.
    """
    # What reads a model needs none of these.
    import zipfile

    from litescore.tflite import metadata, operations, opversions

    bare = strip(model)
    needed = opversions.smallest(operations.read(bare))
    contract = replace(contract, smallest_runtime=needed.version)
    files = {LABELS_FILE: "".join(f"{label}\n" for label in contract.labels).encode()}
    files[CONTRACT_FILE] = contract.to_json().encode()
    files |= {GOLDEN_FOLDER + name: data for name, data in sorted((golden or {}).items())}
    buffer = io.BytesIO()
    buffer.write(metadata.attach(bare, contract))
    # Stored, not deflated: another zlib would make other bytes of the same contents. "w" and not
    # "a", which would go looking for a zip in the weights.
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as written:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _FIXED_TIME)
            entry.external_attr = 0o644 << 16
            written.writestr(entry, data)
    return buffer.getvalue()


def read_labels(path: str | Path) -> tuple[str, ...]:
    """Class names from a text file, one a line.

    Raises ContractError for an unreadable, empty or repeating file.
    """
    from pathlib import Path

    try:
        # A byte order mark, as Windows' editors write it, is no part of the first name.
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"cannot read labels from {path}: {error}") from error
    labels = tuple(line.strip() for line in text.splitlines() if line.strip())
    try:
        _check_labels(labels)
    except ContractError as error:
        raise ContractError(f"{path}: {error}") from error
    return labels


def _bytes(model: str | Path | bytes) -> bytes:
    if isinstance(model, bytes):
        return model
    from pathlib import Path

    return Path(model).read_bytes()


def _names(labels: object) -> tuple[str, ...]:
    if isinstance(labels, str) or not isinstance(labels, Iterable):
        raise ContractError(f"labels {labels!r} in the contract are not a list of names")
    return tuple(labels)


def _facts(name: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ContractError(f"{name} {value!r} in the contract is not an object of facts")
    return MappingProxyType(dict(value))


def _check_labels(labels: tuple[str, ...]) -> None:
    if len(labels) < 2:
        raise ContractError(f"at least two labels are needed, {len(labels)} given")
    seen: set[str] = set()
    for label in labels:
        if not _is_line(label):
            raise ContractError(f"label {label!r} is not a line of text")
        if label in seen:
            raise ContractError(f"label {label!r} is given twice")
        seen.add(label)


def _is_line(label: object) -> bool:
    """Whether a label can be a line of labels.txt: not empty, no break, no half of a character."""
    if not isinstance(label, str) or label.splitlines() != [label]:
        return False
    return label.encode(errors="ignore").decode() == label


def _one_of(name: str, value: object, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ContractError(f"unknown {name} {value!r} in the contract: one of {', '.join(known)}")


def _share(name: str, value: object) -> None:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < 1:
        raise ContractError(f"{name} {value!r} in the contract is not a number between 0 and 1")


def _whole(name: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ContractError(f"{name} {value!r} in the contract is not a whole number {low}..{high}")
