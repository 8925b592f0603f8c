"""litescore's command line and a small model, as the floor's own tests have them."""

from __future__ import annotations

from tests.litescore.conftest import say, small_contract, small_model

__all__ = ["say", "small_contract", "small_model"]
