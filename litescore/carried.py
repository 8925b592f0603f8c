"""What a .tflite file brings along when it is described again, and what of it still holds.

It compares contracts; what a model answers it does not know.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import MISSING, dataclass, field, fields, replace

from litescore import contract as contracts
from litescore.contract import CONTRACT_FILE, GOLDEN_FOLDER, LABELS_FILE, Contract

GOLDEN = "golden samples"

# Where one of these is another, so are the answers: what was measured holds no longer.
_ANSWERS = (
    "labels", "color", "height", "width", "resize", "padding", "interpolation", "jpeg", "output",
    "view",
)  # fmt: skip
# What comes before the tensors, which golden samples are: they are answered as ever.
_BEFORE_GOLDEN = ("view",)
# Read from the file anew, each time.
_RECOMPUTED = ("color", "height", "width", "smallest_runtime")
_DEFAULTS = {one.name: one.default for one in fields(Contract)} | {"origin": {}, "accuracy": {}}


@dataclass(frozen=True)
class Carried:
    """contract: the file's own, if any; golden: name -> content; others: what else lies at its end,
    or what cannot be read of it.
    """

    contract: Contract | None = None
    golden: Mapping[str, bytes] = field(default_factory=dict)
    others: tuple[str, ...] = ()

    def carry_on(self, told: Contract) -> Contract:
        """The file's own contract with labels, size and colour of `told`; `told` without one."""
        own = self.contract
        if own is None:
            return told
        # Whether one unit tells two labels apart is the tensors' to say.
        fits = (own.output == "sigmoid") == (told.output == "sigmoid")
        return replace(
            own,
            labels=told.labels,
            color=told.color,
            height=told.height,
            width=told.width,
            output=own.output if fits else told.output,
        )

    def changed(self, held: Contract) -> tuple[str, ...]:
        """The fields in which `held` makes other answers than the file's own contract."""
        own = self.contract
        return tuple(n for n in _ANSWERS if own and getattr(own, n) != getattr(held, n))

    def golden_of(self, held: Contract) -> Mapping[str, bytes]:
        """The golden samples that `held` gives the same answers to as the file's own contract."""
        return {} if set(self.changed(held)) - set(_BEFORE_GOLDEN) else self.golden

    def kept(self, held: Contract, stated: Collection[str]) -> tuple[str, ...]:
        """What the file's own contract said beyond the defaults, and `held` says unasked."""
        names = [n for n in self._said() if getattr(self.contract, n) == getattr(held, n)]
        golden = [GOLDEN] if self.golden_of(held) else []
        return tuple(name for name in names if name not in stated) + tuple(golden)

    def dropped(self, held: Contract) -> tuple[str, ...]:
        """What the file carried and, with `held`, carries no more."""
        changed = self.changed(held)
        lost = ["threshold"] if "output" in changed and held.output != "multilabel" else []
        lost += ["accuracy"] if changed else []
        golden = [GOLDEN] if self.golden and not self.golden_of(held) else []
        return (*(name for name in lost if name in self._said()), *golden, *self.others)

    def _said(self) -> list[str]:
        own = self.contract
        names = [name for name in _DEFAULTS if own and name not in _RECOMPUTED]
        return [n for n in names if _DEFAULTS[n] is MISSING or getattr(own, n) != _DEFAULTS[n]]


def read(data: bytes) -> Carried:
    """What a file carries. Raises ContractError for what is broken."""
    held, files = contracts.read(data), contracts.associated_files(data)
    golden = {n: content for n, content in files.items() if n.startswith(GOLDEN_FOLDER)}
    others = sorted(files.keys() - golden.keys() - {LABELS_FILE, CONTRACT_FILE})
    inner = {name.removeprefix(GOLDEN_FOLDER): content for name, content in golden.items()}
    return Carried(held, inner, tuple(others))
