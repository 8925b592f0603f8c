"""The user's own predictions, held against an export's image by image.

A CSV file names pictures of the data and what their own code made of them: `file,label`, with
`score` where they have it, or `file` and one column of probabilities a class.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from export import graph
from export.causes import Evidence, likeliest
from export.source import Source
from litescore.dataset import Dataset, Picture
from litescore.errors import DataError

ProbabilitiesOf: TypeAlias = Callable[[NDArray[np.uint8]], NDArray[np.float32]]

# Differences listed, pictures decoded at a time, and pictures on which causes are tried.
_LISTED = 20
_SHARE = 2048
_PROBED = 64
# Scores that differ by less are rounding, of int8 at most.
_CLOSE = 0.02


@dataclass(frozen=True)
class Difference:
    """A picture that the user's code and the exported file see differently; scores are 0..1, theirs
    None where the reference has none.
    """

    file: str
    theirs: str
    ours: str
    their_score: float | None
    our_score: float


@dataclass(frozen=True)
class ReferenceResult:
    """How the exported file and the Keras model in it agree with the user's predictions.

    n          pictures compared
    unknown    files of the reference that the data lacks
    agreement  share of pictures where the exported file's best class is theirs, 0..1; a tie counts
    keras      the same of the Keras model, as it was described
    differs    pictures where it is not
    first      the first of those, in the order of the reference
    farthest   largest difference between their score and the file's, None without scores
    cause      the likeliest reason and its evidence, as a sentence; None where nothing differs
    """

    n: int
    unknown: tuple[str, ...]
    agreement: float
    keras: float
    differs: int
    first: tuple[Difference, ...]
    farthest: float | None
    cause: str | None


@dataclass(frozen=True)
class _Prediction:
    """The class a row names, and its score where it has one."""

    label: str
    score: float | None


def check(path: str | Path, source: Source) -> None:
    """Look at the reference alone. Raises DataError as `compare` does."""
    _joined(path, source)


def compare(path: str | Path, source: Source, probabilities_of: ProbabilitiesOf) -> ReferenceResult:
    """Hold the predictions in the CSV file at `path` against the exported file's.

    probabilities_of  what the exported file answers: uint8[n, h, w, c] -> float32[n, classes]

    Raises DataError for a file that is no reference, names other classes, or none of the data's
    pictures.
    """
    predictions, places = _joined(path, source)
    files = list(places)
    theirs = [predictions[file] for file in files]
    found = _evidence(theirs, source, _pictures(source, list(places.values())))
    ours, keras = _answers(found.pictures, source, probabilities_of)
    agrees, apart = found.agrees(ours), found.apart(ours)
    odd = np.flatnonzero(~agrees)
    return ReferenceResult(
        n=len(files),
        unknown=tuple(file for file in predictions if file not in places),
        agreement=float(agrees.mean()),
        keras=float(found.agrees(keras).mean()),
        differs=len(odd),
        first=tuple(_difference(files[i], theirs[i], ours[i], source) for i in odd[:_LISTED]),
        farthest=None if apart is None else float(apart.max()),
        cause=_cause(found, ours, keras),
    )


def read(path: str | Path, labels: tuple[str, ...]) -> Mapping[str, _Prediction]:
    """File -> what the reference says of it. Raises DataError naming what is wrong in which line."""
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as text:
            lines = csv.DictReader(text)
            columns = _columns(path, lines.fieldnames or (), labels)
            return dict(_rows(path, lines, columns, labels))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"cannot read the reference {path}: {error}") from error


def _columns(path: str | Path, names: object, labels: tuple[str, ...]) -> tuple[str, ...]:
    """Columns of probabilities, or none where there are labels."""
    have = tuple(names) if isinstance(names, list) else ()
    if "file" in have and "label" in have:
        return ()
    if "file" in have and set(have) == {"file", *labels}:
        return labels
    raise DataError(
        f"{path} has the columns {', '.join(map(str, have)) or 'none'}: it needs file,label[,score], "
        f"or file and one column a class ({', '.join(labels[:3])}, ...)"
    )


def _rows(
    path: str | Path, lines: csv.DictReader[str], columns: tuple[str, ...], labels: tuple[str, ...]
) -> Iterator[tuple[str, _Prediction]]:
    seen = set()
    for line in lines:
        where = f"{path}, line {lines.line_num}"
        try:
            prediction = _prediction(line, columns)
        except (TypeError, ValueError):
            raise DataError(f"{where}: a score is no number between 0 and 1") from None
        if not line["file"]:
            raise DataError(f"{where}: no file is named")
        if prediction.label not in labels:
            raise DataError(
                f"{where}: {prediction.label!r} is none of the model's classes "
                f"({', '.join(labels[:5])})"
            )
        if line["file"] in seen:
            raise DataError(f"{where}: {line['file']!r} is there twice")
        seen.add(line["file"])
        yield line["file"], prediction


def _prediction(line: Mapping[str, str], columns: tuple[str, ...]) -> _Prediction:
    if not columns:
        score = line.get("score")
        return _Prediction(line["label"], _score(score) if score else None)
    scores = [_score(line[name]) for name in columns]
    best = int(np.argmax(scores))
    return _Prediction(columns[best], scores[best])


def _score(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError(text)
    return value


def _joined(
    path: str | Path, source: Source
) -> tuple[Mapping[str, _Prediction], Mapping[str, Picture]]:
    """What the reference says, and where those of its files are that the data has."""
    predictions = read(path, source.contract.labels)
    if not predictions:
        raise DataError(f"{path} holds no predictions, only its header")
    known = _places(source)
    found = {file: known[name] for file in predictions if (name := Path(file).as_posix()) in known}
    if not found:
        raise DataError(
            f"{path} names no picture of {source.data}, the first is {next(iter(predictions))!r}: "
            "give files relative to the data's folder"
        )
    return predictions, found


def _places(source: Source) -> dict[str, Picture]:
    """The data's pictures by their paths below the data's folder, and by their names where that
    is one picture's only.
    """
    pictures = [
        picture
        for part in (source.train, source.validation, source.test)
        if not isinstance(part.images, np.ndarray)
        for picture in part.images
    ]
    if not pictures:
        raise DataError(f"{source.data} holds no files: a reference needs a folder of pictures")
    names = Counter(picture.name for picture in pictures)
    places = {picture.name: picture for picture in pictures if names[picture.name] == 1}
    places |= {Path(str(picture)).as_posix(): picture for picture in pictures}
    return places | {Path(picture.path).as_posix(): picture for picture in pictures}


def _pictures(source: Source, paths: list[Picture]) -> Dataset:
    # What class they are of does not matter here.
    nothing = np.zeros(len(paths), np.int64)
    return Dataset(source.train.name, "reference", source.train.labels, nothing, tuple(paths))


def _answers(
    pictures: Dataset, source: Source, probabilities_of: ProbabilitiesOf
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """float32[n, classes] of the exported file, and of the Keras model."""
    ours, keras = [], []
    for start in range(0, len(pictures), _SHARE):
        share = pictures.take(range(start, min(start + _SHARE, len(pictures))))
        tensors = share.tensors(source.contract)
        ours.append(probabilities_of(tensors))
        keras.append(graph.predict(source.model, source.contract, tensors))
    return np.concatenate(ours), np.concatenate(keras)


def _evidence(theirs: list[_Prediction], source: Source, pictures: Dataset) -> Evidence:
    classes = np.array([source.contract.labels.index(one.label) for one in theirs], np.int64)
    scores = [one.score for one in theirs]
    known = None if None in scores else np.array(scores, np.float32)
    return Evidence(source, pictures, classes, known)


def _difference(
    file: str, theirs: _Prediction, ours: NDArray[np.float32], source: Source
) -> Difference:
    best = int(ours.argmax())
    label = source.contract.labels[best]
    return Difference(file, theirs.label, label, theirs.score, float(ours[best]))


def _cause(found: Evidence, ours: NDArray[np.float32], keras: NDArray[np.float32]) -> str | None:
    """Why the file differs from the reference, judged on some pictures of either kind."""
    odd = _odd(found, ours)
    if not odd.any():
        return None
    if not _odd(found, keras).any():
        return "the conversion: the Keras model itself agrees with every prediction"
    odd = _odd(found, keras)
    probed = np.sort(
        np.concatenate([np.flatnonzero(odd)[:_PROBED], np.flatnonzero(~odd)[:_PROBED]])
    )
    return likeliest(found.take(probed), keras[probed])


def _odd(found: Evidence, answers: NDArray[np.float32]) -> NDArray[np.bool_]:
    apart = found.apart(answers)
    differs: NDArray[np.bool_] = ~found.agrees(answers)
    return differs if apart is None else differs | (apart > _CLOSE)
