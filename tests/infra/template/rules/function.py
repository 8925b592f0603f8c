"""Rules of the function: what it runs, on what, and what it is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from importlib import import_module
from typing import Any

from litescore.settings import TABLE
from tests.infra.template.rules.case import Case, Rule
from tests.rig import cfnlint

FUNCTION = "AWS::Lambda::Function"
# Resource type -> parameter -> the property that it is for.
_ARRIVE = {
    FUNCTION: {
        "MemorySize": "MemorySize",
        "Timeout": "Timeout",
        "Runtime": "Runtime",
        "Architecture": "Architectures/0",
    },
    "AWS::Lambda::EventSourceMapping": {
        "BatchSize": "BatchSize",
        "BatchingWindow": "MaximumBatchingWindowInSeconds",
        "MaximumConcurrency": "ScalingConfig/MaximumConcurrency",
    },
    "AWS::Logs::LogGroup": {"LogDays": "RetentionInDays"},
}
_YEAR = timedelta(days=365)


def runtimes_live_another_year(case: Case) -> Iterator[str]:
    """None that may be chosen is deprecated within a year of a release made today."""
    ends = cfnlint.deprecations()
    for name, function in case.of_type(FUNCTION).items():
        allowed = case.whole["Parameters"]["Runtime"]["AllowedValues"]
        for runtime in {function["Runtime"], *allowed}:
            if ends[runtime] < date.today() + _YEAR:
                yield f"{name} may run {runtime}, deprecated on {ends[runtime]}"


def the_handler_can_be_called(case: Case) -> Iterator[str]:
    """AWS splits its name at the last dot, imports, and takes the attribute."""
    for name, function in case.of_type(FUNCTION).items():
        module, _, attribute = function["Handler"].rpartition(".")
        try:
            handler = getattr(import_module(module), attribute)
        except (ImportError, AttributeError, ValueError) as error:
            yield f"{name}: {error}"
            continue
        if not callable(handler):
            yield f"{name}: {function['Handler']} cannot be called"


def variables_are_known(case: Case) -> Iterator[str]:
    """Each environment variable is one that litescore reads."""
    known = {variable for variable, _, _ in TABLE.values()}
    for name, function in case.of_type(FUNCTION).items():
        for variable in set(function["Environment"]["Variables"]) - known:
            yield f"{name} is told {variable}, which nobody reads"


def the_model_is_pinned(case: Case) -> Iterator[str]:
    """By digest, and by version id where it lies in S3; and then the role may read it."""
    if case.choice.get("ModelShelf"):
        return
    model = case.choice.get("ModelPath")
    wanted = {
        "LITESCORE_MODEL": f"s3://{model}" if model else "model.tflite",
        "LITESCORE_MODEL_SHA256": case.choice.get("ModelSha256", ""),
        "LITESCORE_MODEL_VERSION": case.choice.get("ModelVersion", ""),
    }
    for name, function in case.of_type(FUNCTION).items():
        told = function["Environment"]["Variables"]
        for variable, value in wanted.items():
            if told.get(variable) != value:
                yield f"{name} has {variable}={told.get(variable)}, not {value}"
    read = {
        action
        for one in case.statements()
        if one.holder == "Role" and f"arn:aws:s3:::{model}" in one.resources
        for action in one.actions
    }
    if model and read != {"s3:GetObject", "s3:GetObjectVersion"}:
        yield f"of the model the role may do {read}"


def the_channel_is_followed(case: Case) -> Iterator[str]:
    """The function is told the channel, whom to trust and how often to look, and nothing is pinned
    beside it; the role may read that shelf, and no other model.
    """
    shelf = case.choice.get("ModelShelf")
    wanted = {
        "LITESCORE_MODEL": f"s3://{shelf}@{case.choice.get('ModelChannel')}",
        "LITESCORE_MODEL_SHA256": "",
        "LITESCORE_MODEL_VERSION": "",
        "LITESCORE_MODEL_CHECK": case.choice.get("ModelCheckMinutes"),
        "LITESCORE_TRUST": case.choice.get("ModelTrust"),
    }
    for name, function in case.of_type(FUNCTION).items():
        told = function["Environment"]["Variables"]
        if shelf and wanted.items() - told.items():
            yield f"{name} is told {told}"
    read = {
        resource
        for one in case.statements()
        if one.holder == "Role" and one.body.get("Sid") in ("ReadModel", "ReadReleases")
        for resource in one.resources
    }
    if shelf and read != {f"arn:aws:s3:::{shelf}/*"}:
        yield f"the role may read {read}"


def parameters_arrive(case: Case) -> Iterator[str]:
    """What can be chosen is what is made."""
    parameters = case.whole["Parameters"]
    for kind, names in _ARRIVE.items():
        for logical_id, properties in case.of_type(kind).items():
            for name, path in names.items():
                chosen = case.choice.get(name, parameters[name].get("Default"))
                found = _at(properties, path)
                if found != chosen:
                    yield f"{name} is {chosen}, {path} of {logical_id} {found}"


def _at(value: Any, path: str) -> Any:
    for word in path.split("/"):
        value = value[0] if isinstance(value, list) else value.get(word, {})
    return value


def no_snapshot_is_started_from(case: Case) -> Iterator[str]:
    """SnapStart would freeze the credentials that the store holds."""
    for name, function in case.of_type(FUNCTION).items():
        if function.get("SnapStart", {}).get("ApplyOn", "None") != "None":
            yield f"{name} has SnapStart"


RULES: tuple[Rule, ...] = (
    runtimes_live_another_year,
    the_handler_can_be_called,
    variables_are_known,
    the_model_is_pinned,
    the_channel_is_followed,
    parameters_arrive,
    no_snapshot_is_started_from,
)
