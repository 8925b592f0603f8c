"""The script's images: loaded, and some set aside, the same ones as litescore sets aside."""

from __future__ import annotations

from fractions import Fraction

from litescore import idx
from trainer.presets import Recipe

CLASSES = 10

_READ_IDX = '''def read_idx(path):
    """The numbers of an IDX file: images uint8[n, 28, 28], or labels uint8[n]."""
    with gzip.open(path) as file:
        data = file.read()
    # Byte 3 says how many sides there are; each is a whole number of four bytes.
    sides = [int.from_bytes(data[4 * i : 4 * i + 4], "big") for i in range(1, data[3] + 1)]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * len(sides)).reshape(sides)'''

_LOAD = '''def load():
    """Images and labels to learn from, and those for the test."""
    if len(sys.argv) < 2:
        return keras.datasets.%s.load_data()
    folder = Path(sys.argv[1])
    return [
        [read_idx(folder / f"{part}-{kind}-ubyte.gz") for kind in ("images-idx3", "labels-idx1")]
        for part in ("train", "t10k")
    ]'''

_SPLIT = '''def split(labels, share):
    """The images to learn from and those to watch the training with: a share of each class."""
    draw = np.random.default_rng(SEED)
    watched = np.zeros(len(labels), bool)
    for name in range(len(LABELS)):
        members = draw.permutation(np.flatnonzero(labels == name))
        watched[members[: round(share * len(members))]] = True
    return ~watched, watched'''


_ONE_HOT = '''def one_hot(labels):
    """Label smoothing wants a row a label: 1 for its own class, 0 for the others."""
    return np.eye(len(LABELS), dtype="float32")[labels]'''


def labels(dataset: str) -> str:
    """The class names of `mnist` or `fashion-mnist`."""
    if dataset == "mnist":
        return "LABELS = [str(digit) for digit in range(10)]"
    names = "".join(f'    "{name}",\n' for name in idx.FASHION_MNIST)
    return f"LABELS = [\n{names}]"


def functions(recipe: Recipe) -> list[str]:
    """What reads the images, and what sets some aside where the recipe does."""
    load = _LOAD % (recipe.dataset or "").replace("-", "_")
    found = [_READ_IDX, load, *([_SPLIT] if recipe.validation else [])]
    return [*found, _ONE_HOT] if recipe.optimization.smoothing else found


def loading(recipe: Recipe) -> str:
    """The lines of main() that have the images."""
    lines = ["(x_train, y_train), (x_test, y_test) = load()"]
    if recipe.validation:
        lines += [
            f"learn, watch = split(y_train, {_share(recipe.validation)})",
            "x_watch, y_watch = x_train[watch], y_train[watch]",
            "x_train, y_train = x_train[learn], y_train[learn]",
        ]
    return "\n".join(lines)


def _share(value: float) -> str:
    share = Fraction(value).limit_denominator(1000)
    return f"{share.numerator} / {share.denominator}"
