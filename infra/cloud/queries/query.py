"""A question put to Athena about the records of a stack, and its answer. Prints nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any

from infra.cloud import queries
from infra.cloud.account import Account
from infra.cloud.queries import table
from infra.cloud.stack import Stack
from infra.cost import prices
from litescore.errors import ConfigurationError

# What AWS counts for a query that reads less.
_LEAST_BYTES = 10_000_000
# Seconds between two looks at a query: it takes from half a second to minutes.
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_WHOLE = ("tinyint", "smallint", "integer", "int", "bigint")
_NUMBERS = ("double", "float", "real", "decimal")

Value = str | int | float | bool | None
# Told of a query that is not through: the seconds so far, and the bytes read.
Tell = Callable[[float, int], None]


@dataclass(frozen=True)
class Answer:
    """What a query came to.

    columns  (name, Athena's type)
    rows     read as they are asked for, once
    scanned  bytes read
    dollars  what that costs, nothing in the local cloud
    """

    columns: tuple[tuple[str, str], ...]
    rows: Iterator[tuple[Value, ...]]
    scanned: int
    dollars: float


def ask(
    account: Account,
    stack: Stack,
    statement: str,
    *,
    since: str | None = None,
    tell: Tell = lambda _seconds, _bytes: None,
) -> Answer:
    """Run a SELECT over the views, and wait for it; interrupted, the query is stopped.

    `since` (2026-11-29) leaves out records of earlier images. Raises ConfigurationError with
    Athena's reason in one line.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    _check(stack)
    try:
        text = queries.with_views(statement, table.select(account, stack, since))
        athena = account.client("athena")
        query = athena.start_query_execution(
            QueryString=text,
            QueryExecutionContext={"Database": stack.outputs["Database"]},
            WorkGroup=stack.outputs["WorkGroup"],
        )["QueryExecutionId"]
        scanned = _awaited(athena, query, tell)
        columns, rows = _results(athena, query)
    except (BotoCoreError, ClientError) as error:
        raise ConfigurationError(f"Athena: {_one_line(str(error))}") from error
    return Answer(columns, rows, scanned, 0.0 if account.local else _dollars(scanned))


def _dollars(scanned: int) -> float:
    return float(prices.shipped()["athena.terabyte"] * max(scanned, _LEAST_BYTES) / 10**12)


def _check(stack: Stack) -> None:
    if missing := {"Database", "Table", "WorkGroup"} - set(stack.outputs):
        raise ConfigurationError(
            f"stack {stack.name} has no {min(missing)} for Athena: deploy it again with "
            "`litescore deploy`"
        )


def _awaited(athena: Any, query: str, tell: Tell) -> int:
    """The bytes that a query read, once it has succeeded."""
    start, pause = time.monotonic(), _FIRST_PAUSE
    try:
        while True:
            found = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
            scanned = int(found.get("Statistics", {}).get("DataScannedInBytes", 0))
            if found["Status"]["State"] not in ("QUEUED", "RUNNING"):
                break
            tell(time.monotonic() - start, scanned)
            time.sleep(pause)
            pause = min(1.5 * pause, _LONGEST_PAUSE)
    except BaseException:
        # Whoever asked is gone, and each byte more costs.
        with suppress(Exception):
            athena.stop_query_execution(QueryExecutionId=query)
        raise
    if found["Status"]["State"] != "SUCCEEDED":
        raise ConfigurationError(f"Athena: {_reason(found['Status'])}")
    return scanned


def _reason(status: dict[str, Any]) -> str:
    reason = _one_line(status.get("StateChangeReason") or f"the query was {status['State']}")
    if "bytes scanned limit" in reason.lower():
        return f"{reason}: read fewer dates with --since"
    return reason


def _results(
    athena: Any, query: str
) -> tuple[tuple[tuple[str, str], ...], Iterator[tuple[Value, ...]]]:
    pages = iter(athena.get_paginator("get_query_results").paginate(QueryExecutionId=query))
    first = next(pages)
    told = first["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    columns = tuple((column["Name"], column["Type"]) for column in told)
    lines = chain.from_iterable(page["ResultSet"]["Rows"] for page in chain([first], pages))
    next(lines, None)  # the names, once more
    types = [kind for _, kind in columns]
    return columns, (_row(line["Data"], types) for line in lines)


def _row(cells: list[dict[str, str]], types: list[str]) -> tuple[Value, ...]:
    texts = (cell.get("VarCharValue") for cell in cells)
    return tuple(_value(text, kind) for text, kind in zip(texts, types, strict=True))


def _value(text: str | None, kind: str) -> Value:
    if text is None:
        return None
    if kind in _WHOLE:
        return int(text)
    if kind in _NUMBERS:
        return float(text)
    return text == "true" if kind == "boolean" else text


def _one_line(text: str) -> str:
    return " ".join(text.split())[:400]
