"""How a model ends: in probabilities, in logits, or in what cannot be trained here."""

from __future__ import annotations

from typing import Any


def _last_of(model: Any) -> Any:
    """The layer, or the operation, whose answer is the model's; looked for in models inside it."""
    # Operations beside layers are what functions of keras.ops leave; a Sequential has none.
    parts = getattr(model, "operations", None) or getattr(model, "layers", None)
    return _last_of(parts[-1]) if parts else model


def ending_of(model: Any) -> str | None:
    """`softmax` or `linear` (logits); another activation's name; None where it cannot be seen."""
    last = _last_of(model)
    kind = type(last).__name__
    if kind in ("Softmax", "Sigmoid"):
        return kind.lower()
    activation = getattr(getattr(last, "activation", None), "__name__", None)
    # Only a layer with weights of its own makes logits: a linear Activation passes on anything.
    return None if activation == "linear" and kind != "Dense" else activation
