"""What a backfill costs, by what an image took so far."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from infra.cloud import function_log
from infra.cloud.account import Account
from infra.cloud.refusals import told
from infra.cloud.stack import Stack
from infra.cost.budget import Budget
from litescore.errors import ConfigurationError

# Taken where nothing was scored yet: of a photograph in a small network, rather long.
ASSUMED_MILLISECONDS = 50.0
# The last hour if anything was scored in it, for the model may be another since; else further back.
_MEASURED_HOURS = (1, 24, 7 * 24)
_PAGES = 5


@dataclass(frozen=True)
class Rate:
    """milliseconds of an image, whether they were measured or assumed, and on what function:
    memory in MB, arch x86_64 or arm64.
    """

    milliseconds: float
    measured: bool
    memory: int
    arch: str

    def dollars(self, images: int) -> float:
        """What so many images cost."""
        return self._budget.dollars(images)

    def images(self, dollars: float) -> int:
        """The most images that cost no more."""
        return self._budget.images(dollars)

    @property
    def _budget(self) -> Budget:
        return Budget(self.milliseconds, self.memory, self.arch, billed=self.measured)

    def __str__(self) -> str:
        how = "as measured" if self.measured else "assumed: none was scored of late"
        return f"{self.milliseconds:.1f} ms an image, {how}; {self.memory} MB, {self.arch}"


def rate(account: Account, stack: Stack) -> Rate:
    """The rate of a stack's function, by its log of the last days."""
    milliseconds = _measured(account, stack)
    memory, arch = _function(account, stack)
    return Rate(milliseconds or ASSUMED_MILLISECONDS, milliseconds is not None, memory, arch)


def _measured(account: Account, stack: Stack) -> float | None:
    try:
        for hours in _MEASURED_HOURS:
            since = datetime.now(UTC) - timedelta(hours=hours)
            found = function_log.read(account, stack, since, pages=_PAGES).milliseconds_an_image
            if found is not None:
                return found
    except ConfigurationError:
        # One who may start a backfill need not be one who may read the log.
        return None
    return None


def _function(account: Account, stack: Stack) -> tuple[int, str]:
    outputs = stack.outputs
    if {"MemorySize", "Architecture"} <= set(outputs):
        return int(outputs["MemorySize"]), outputs["Architecture"]
    with told(f"cannot look at function {outputs['FunctionName']}"):
        found = account.client("lambda").get_function_configuration(
            FunctionName=outputs["FunctionName"]
        )
    return int(found["MemorySize"]), str(found.get("Architectures", ["x86_64"])[0])
