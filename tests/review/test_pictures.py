"""What of a picture the model saw, as the page outlines it: held against what it is really given."""

from __future__ import annotations

import numpy as np
import pytest

from litescore import image
from litescore.contract import Contract
from litescore.review import pictures
from litescore.view import View


@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("region", [(0.1, 0.2, 0.3, 0.5), (4, 8, 10, 12)])
def test_the_outline_is_what_the_model_saw(
    rotate: int, mirror: bool, region: tuple[float, ...]
) -> None:
    """Painted where the outline is, a picture is all paint to the model, and no paint is left out."""
    view = View(rotate=rotate, mirror=mirror, region=region)  # type: ignore[arg-type]
    seen = pictures.seen(view, (40, 60))
    assert seen is not None
    left, top, width, height = (
        round(share * side) for share, side in zip(seen, (40, 60, 40, 60), strict=True)
    )
    pixels = np.zeros((60, 40), np.uint8)
    pixels[top : top + height, left : left + width] = 255
    contract = Contract(
        ("a", "b"),
        "gray",
        *((width, height) if rotate in (90, 270) else (height, width)),
        view=view,
    )
    assert (image.fit(pixels, contract) == 255).all()
    fewer = pixels.copy()
    fewer[top, left] = 0
    assert (image.fit(fewer, contract) == 0).sum() == 1


def test_no_outline_where_there_is_none() -> None:
    """The whole picture, a record that says nothing, and a region that does not fit have none."""
    assert pictures.seen(None, (40, 60)) is None
    assert pictures.seen(View(rotate=90), (40, 60)) is None
    assert pictures.seen(View(region=(0, 0, 400, 400)), (40, 60)) is None
