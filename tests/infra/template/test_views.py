"""What Athena is told of the records: the table has their fields, the views are the SQL of litescore."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
import sqlglot
import yaml
from sqlglot.optimizer import annotate_types, qualify

from infra.cloud import queries
from infra.cloud.deployment import deploy
from litescore.record import Record

TEXT = deploy.TEMPLATE.read_text()
VIEWS = {"records": "RecordsView", "latest": "RecordsLatestView", "daily": "RecordsDailyView"}
# Type of a field -> Glue's. Objects of JSON are text, which json_extract takes apart.
TYPES = {
    "str": "string",
    "str | None": "string",
    "float | None": "double",
    "int": "int",
    "tuple[Mapping[str, Any], ...]": "array<struct<label:string,score:double>>",
    "Mapping[str, Any] | None": "string",
}
# Glue's type -> Trino's.
TRINO = {
    "string": "varchar",
    "int": "integer",
    "array<struct<label:string,score:double>>": "array(row(label varchar, score double))",
}


class Tags(yaml.SafeLoader):
    """CloudFormation's short forms, as {"Fn::Name": value}."""


def _tag(loader: yaml.SafeLoader, suffix: str, node: Any) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        return {f"Fn::{suffix}": loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {f"Fn::{suffix}": loader.construct_sequence(node, deep=True)}
    return {f"Fn::{suffix}": loader.construct_mapping(node, deep=True)}


Tags.add_multi_constructor("!", _tag)


def resources(text: str) -> dict[str, Any]:
    """The properties of each resource of a template."""
    found = yaml.load(text, Loader=Tags)["Resources"]
    return {name: resource.get("Properties", {}) for name, resource in found.items()}


def view_of(text: str, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A view as Glue has it, and as Athena finds it inside."""
    table = resources(text)[VIEWS[name]]["TableInput"]
    frame, inner = table["ViewOriginalText"]["Fn::Sub"]
    packed = inner["View"]["Fn::Base64"]["Fn::Sub"]
    # As CloudFormation would, and as Athena reads it back.
    encoded = base64.b64encode(packed.replace("${RecordsDatabase}", "shoes").encode()).decode()
    told = frame.replace("${View}", encoded)
    inside = told.removeprefix("/* Presto View: ").removesuffix(" */")
    return table, json.loads(base64.b64decode(inside))


def columns_of(table: dict[str, Any]) -> dict[str, str]:
    """Name -> type of a table's columns, in order."""
    return {column["Name"]: column["Type"] for column in table["StorageDescriptor"]["Columns"]}


def sql_types(view: str) -> dict[str, str]:
    """Name -> type of a view's columns as its SQL makes them, worked out by sqlglot."""
    table = resources(TEXT)["RecordsTable"]["TableInput"]
    written = columns_of(table) | {key["Name"]: key["Type"] for key in table["PartitionKeys"]}
    typed = {name: TRINO.get(kind, kind) for name, kind in written.items()}
    text = queries.with_views(f"SELECT * FROM {view}", "SELECT * FROM shoes.lines")
    parsed = sqlglot.parse_one(text, dialect="trino")
    schema = {"shoes": {"lines": typed}}
    known = annotate_types.annotate_types(
        qualify.qualify(parsed, schema=schema, dialect="trino"), schema=schema, dialect="trino"
    )
    return {
        one.alias_or_name: one.type.sql(dialect="trino").lower().replace("integer", "int")
        for one in known.selects
    }


def lost_fields(text: str) -> None:
    """The table's columns are the record's fields, in the order and of the types they have."""
    table = resources(text)["RecordsTable"]["TableInput"]
    kinds = {name: TYPES[kind.__forward_arg__] for name, kind in Record.__annotations__.items()}
    wanted = {"v": kinds.pop("v")} | kinds
    assert list(columns_of(table).items()) == list(wanted.items())


def other_sql(text: str) -> None:
    """Each view's SQL is that of its file, unknown to none."""
    assert {path.stem for path in deploy.TEMPLATE.parent.glob("cloud/queries/*.sql")} == {*VIEWS}
    for name in VIEWS:
        _, inside = view_of(text, name)
        assert " ".join(inside["originalSql"].split()) == queries.sql(name), name
        assert (inside["catalog"], inside["schema"]) == ("awsdatacatalog", "shoes")


def other_columns(text: str) -> None:
    """Athena calls a view stale whose columns are not told as its SQL makes them."""
    for name in VIEWS:
        table, inside = view_of(text, name)
        assert table["TableType"] == "VIRTUAL_VIEW"
        assert table["Parameters"]["presto_view"] == "true"
        glue = {column: TRINO.get(kind, kind) for column, kind in columns_of(table).items()}
        told = {column["name"]: column["type"] for column in inside["columns"]}
        assert list(told.items()) == list(glue.items()), name
        made = sql_types(name)
        assert list(made) == list(told), name
        assert made == {column: kind.replace("integer", "int") for column, kind in told.items()}


def costly_reading(text: str) -> None:
    """Partitions by date that Athena works out by itself; the work group's limits hold."""
    found = resources(text)
    table = found["RecordsTable"]["TableInput"]
    told = table["Parameters"]
    assert told["projection.enabled"] == "true"
    assert [key["Name"] for key in table["PartitionKeys"]] == ["dt"]
    assert told["projection.dt.type"] == "date"
    assert told["projection.dt.format"] == "yyyy-MM-dd"
    place = told["storage.location.template"]["Fn::Sub"]
    assert place == table["StorageDescriptor"]["Location"]["Fn::Sub"] + "dt=${!dt}"
    assert table["StorageDescriptor"]["SerdeInfo"]["Parameters"] == {
        "ignore.malformed.json": "true",
        "case.insensitive": "false",
    }
    group = found["RecordsWorkGroup"]["WorkGroupConfiguration"]
    assert group["EnforceWorkGroupConfiguration"] is True
    assert 10_000_000 <= group["BytesScannedCutoffPerQuery"] <= 10**12
    results = group["ResultConfiguration"]
    assert results["OutputLocation"]["Fn::Sub"] == "s3://${OutputBucket}/athena/"
    assert results["EncryptionConfiguration"]["EncryptionOption"] == "SSE_S3"


CHECKS = [lost_fields, other_sql, other_columns, costly_reading]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_athena_is_told_what_the_records_are(check: Callable[[str], None]) -> None:
    """Nothing that the check's docstring forbids is in the template."""
    check(TEXT)


@pytest.mark.parametrize(
    ("check", "old", "new"),
    [
        (lost_fields, "            - {Name: reason, Type: string}\n", ""),
        (lost_fields, "{Name: score, Type: double}", "{Name: score, Type: string}"),
        (lost_fields, "{Name: member, Type: string}", "{Name: part, Type: string}"),
        (other_sql, "WHERE id IS NOT NULL", "WHERE label IS NOT NULL"),
        (other_sql, "WHEN 'scored' THEN 1", "WHEN 'scored' THEN 3"),
        (
            other_columns,
            '{"name": "images", "type": "bigint"}',
            '{"name": "images", "type": "int"}',
        ),
        (other_columns, "{Name: mean_score, Type: double}", "{Name: mean_score, Type: string}"),
        (costly_reading, 'projection.enabled: "true"', 'projection.enabled: "false"'),
        (costly_reading, "dt=${!dt}", "${!dt}"),
        (
            costly_reading,
            "EnforceWorkGroupConfiguration: true",
            "EnforceWorkGroupConfiguration: false",
        ),
        (costly_reading, "EncryptionOption: SSE_S3", "EncryptionOption: NONE"),
        (costly_reading, 'malformed.json: "true"', 'malformed.json: "false"'),
    ],
)
def test_each_check_catches_what_it_is_for(
    check: Callable[[str], None], old: str, new: str
) -> None:
    """A template broken in that one place fails that check."""
    assert old in TEXT
    with pytest.raises(AssertionError):
        check(TEXT.replace(old, new))


@pytest.mark.parametrize("dialect", ["trino", "athena", "duckdb"])
@pytest.mark.parametrize("view", VIEWS)
def test_the_sql_is_read_by_athena_and_duckdb(view: str, dialect: str) -> None:
    """Parsed by each dialect's own grammar, alone and as `litescore query` sends it."""
    for text in (
        queries.sql(view),
        queries.with_views(f"SELECT * FROM {view}", "SELECT * FROM shoes.lines"),
    ):
        assert sqlglot.parse_one(text, dialect=dialect)


def test_the_outputs_name_what_a_query_needs() -> None:
    """Database, table and work group."""
    outputs = yaml.load(TEXT, Loader=Tags)["Outputs"]
    told = {name: outputs[name]["Value"]["Fn::Ref"] for name in ("Database", "Table", "WorkGroup")}
    assert told == {
        "Database": "RecordsDatabase",
        "Table": "RecordsTable",
        "WorkGroup": "RecordsWorkGroup",
    }
