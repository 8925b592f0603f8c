"""The SQL that stands for the table of lines in a query: the dates that there are, and no others.

Athena works partitions out of the range of dates, and would list each day since 1970. Here the
bucket is asked which there are, a request for a thousand.
"""

from __future__ import annotations

import re
from typing import Any

from infra.cloud.account import Account
from infra.cloud.queries import literal, quoted
from infra.cloud.stack import Stack

_DATE = re.compile(r"dt=(\d{4}-\d{2}-\d{2})/\Z")
# Glue's name of a type -> DuckDB's, where it is not text.
_DUCKDB = {
    "int": "INTEGER",
    "double": "DOUBLE",
    "array<struct<label:string,score:double>>": "STRUCT(label VARCHAR, score DOUBLE)[]",
}
# Objects of JSON that the table has as text.
_OBJECTS = ("frame", "decision")


def dates(account: Account, stack: Stack, since: str | None = None) -> list[str]:
    """The dates (2026-11-29) under which there are records, in order, from `since` on."""
    bucket, prefix = stack.outputs["Output"].removeprefix("s3://").split("/", 1)
    pages = (
        account.client("s3")
        .get_paginator("list_objects_v2")
        .paginate(Bucket=bucket, Prefix=f"{prefix}dt=", Delimiter="/")
    )
    named = (entry["Prefix"] for page in pages for entry in page.get("CommonPrefixes", []))
    found = (match[1] for match in map(_DATE.search, named) if match)
    return [date for date in found if since is None or date >= since]


def select(account: Account, stack: Stack, since: str | None = None) -> str:
    """The lines of these dates, all columns."""
    name = f"{quoted(stack.outputs['Database'])}.{quoted(stack.outputs['Table'])}"
    listed = ", ".join(map(literal, dates(account, stack, since)))
    where = f"dt IN ({listed})" if listed else "false"
    if not account.local:
        return f"SELECT * FROM {name} WHERE {where}"
    return _typed(_columns(account, stack), name, where)


def _columns(account: Account, stack: Stack) -> dict[str, str]:
    table: dict[str, Any] = account.client("glue").get_table(
        DatabaseName=stack.outputs["Database"], Name=stack.outputs["Table"]
    )["Table"]
    columns = [*table["StorageDescriptor"]["Columns"], *table["PartitionKeys"]]
    return {column["Name"]: column["Type"] for column in columns}


def _typed(columns: dict[str, str], table: str, where: str) -> str:
    """What Glue says of the table, in DuckDB's words.

    ministack does not look there: it takes columns and types from the lines themselves. One that no
    line has is absent, one that is null in the lines it looked at has no type. A column that the
    inner SELECT does not find in the table it finds in the row of nulls beside it.
    """
    absent = ", ".join(f"NULL AS {quoted(name)}" for name in columns)
    read = ", ".join(f"{quoted(name)} AS {quoted('_' + name)}" for name in columns)
    cast = ", ".join(f"{_cast(name, kind)} AS {quoted(name)}" for name, kind in columns.items())
    lines = f"(SELECT {absent}) AS absent CROSS JOIN LATERAL (SELECT {read} FROM {table}) AS line"
    return f"SELECT * FROM (SELECT {cast} FROM {lines}) AS typed WHERE {where}"


def _cast(name: str, kind: str) -> str:
    column = quoted("_" + name)
    if name in _OBJECTS:
        return f"CASE WHEN {column} IS NOT NULL THEN CAST(to_json({column}) AS VARCHAR) END"
    if kind in _DUCKDB:
        return f"CAST(to_json({column}) AS {_DUCKDB[kind]})"
    return f"json_extract_string(to_json({column}), '$')"
