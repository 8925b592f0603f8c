"""Whether a release runs here: its file is loaded, its operations are known, its golden samples come
out as they did where it was exported.
"""

from __future__ import annotations

from collections.abc import Callable

from litescore import golden
from litescore.errors import ReleaseError
from litescore.golden import Verdict
from litescore.interpreter import Runtime
from litescore.releases.release import Release
from litescore.scorer import Scorer
from litescore.tflite import operations, opversions

Load = Callable[[bytes], Scorer]


def check_runtime(found: Release, runtime: Runtime) -> None:
    """Raises ReleaseError for a release whose statement says that this runtime is too old for it:
    known before a byte of its file is fetched.
    """
    needed = found.smallest_runtime
    refused = needed and opversions.too_old(runtime.name, runtime.version, needed)
    if refused:
        raise ReleaseError(refused)


def tried(file: bytes, load: Load) -> tuple[Scorer, Verdict]:
    """The scorer of a model file, and what came of its golden samples here.

    load  makes a scorer of a file's bytes

    Raises ReleaseError for operations that are newer than the runtime; ModelError and ContractError as
    `load`, and for a file without golden samples.
    """
    scorer = load(file)
    refused = opversions.refusal(operations.read(file), scorer.runtime)
    if refused:
        raise ReleaseError(refused)
    return scorer, golden.replay(scorer, file)


def proven(file: bytes, load: Load) -> Scorer:
    """The scorer of a model file that has shown that it computes here what it should.

    Raises as `tried`, and ReleaseError for golden samples that come out otherwise, or that it has none
    of for this runtime.
    """
    scorer, verdict = tried(file, load)
    if not verdict.proven:
        raise ReleaseError(f"its golden samples are {verdict.verdict} on {verdict.runtime}")
    return scorer
