"""Reads rows together with the rows that hang on them: one statement, so one moment, and one way there and back.

Each ``nested`` column carries the rows of a correlated query as one JSON array. What comes back are mappings by column
name with the values those columns have in a query of their own, on both databases.

Source: https://www.postgresql.org/docs/current/functions-aggregate.html (json_agg),
https://sqlite.org/json1.html (json_group_array).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import JSON, Boolean, ColumnElement, Dialect, Float, FromClause, Select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

from inspection_service.storage.tables.base import Moment


def nested(
    rows: Select[Any],
    outer: FromClause,
    *,
    order: tuple[str, ...],
    made: type[NamedTuple] | None = None,
) -> ColumnElement[Any]:
    """Make a column of the rows of another query, each a mapping by column name.

    Args:
        rows: Which; its conditions may name columns of ``outer``. Not ordered, no bytes among its columns.
        outer: The table it hangs on.
        order: Names of its columns that give the order; none of them is ever null.
        made: What each row is made instead, where there are many: a named tuple of these very columns.
    """
    columns = rows.selected_columns
    names = tuple(str(column.key) for column in columns)
    readers = tuple(_reader_of(column) for column in columns)
    array = _RowsAsJson(*columns)
    assert made is None or made._fields == names, "a row has other columns than what is made of it"
    array.type = _Rows(names, readers, tuple(names.index(name) for name in order), made)
    query = rows.with_only_columns(array, maintain_column_froms=True)
    return query.correlate(outer).scalar_subquery()


class _RowsAsJson(FunctionElement[Any]):
    """An aggregate: all rows as an array of arrays; null or empty when there are none."""

    name = "rows_as_json"
    inherit_cache = True


@compiles(_RowsAsJson, "postgresql")
def _on_postgresql(element: _RowsAsJson, compiler: SQLCompiler, **options: Any) -> str:
    values = (compiler.process(column, **options) for column in element.clauses)
    return f"json_agg(json_build_array({', '.join(values)}))"


@compiles(_RowsAsJson, "sqlite")
def _on_sqlite(element: _RowsAsJson, compiler: SQLCompiler, **options: Any) -> str:
    values = (_sqlite_value(column, compiler.process(column, **options)) for column in element.clauses)
    return f"json_group_array(json_array({', '.join(values)}))"


def _sqlite_value(column: ColumnElement[Any], written: str) -> str:
    if isinstance(column.type, JSON):
        return f"json({written})"  # else it would become a string
    if isinstance(column.type, Float):
        # As a number it would lose its last digits.
        return f"CASE WHEN {written} IS NOT NULL THEN printf('%!.17g', {written}) END"
    return written


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is UTC:
        return moment
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_READERS: Final[Mapping[str, Callable[[Any], Any]]] = {"moment": _moment, "bool": bool, "float": float}


def _reader_of(column: ColumnElement[Any]) -> str:
    """Name how a column's value is made of what JSON has of it; empty: it is that already."""
    kinds = {Moment: "moment", Boolean: "bool", Float: "float"}
    return next((name for kind, name in kinds.items() if isinstance(column.type, kind)), "")


class _Rows(TypeDecorator[tuple[Any, ...]]):
    """Reads the array."""

    impl = JSON
    cache_ok = True

    def __init__(
        self,
        names: tuple[str, ...],
        readers: tuple[str, ...],
        order: tuple[int, ...],
        made: type[NamedTuple] | None,
    ) -> None:
        super().__init__()
        self.names = names
        self.readers = readers
        self.order = order
        self.made = made

    def process_result_value(self, value: list[list[Any]] | None, dialect: Dialect) -> tuple[Any, ...]:  # noqa: ARG002 - SQLAlchemy's signature
        """Return the rows in their order."""
        if not value:
            return ()
        for place, reader in enumerate(self.readers):
            if reader:
                read = _READERS[reader]
                for row in value:
                    if row[place] is not None:
                        row[place] = read(row[place])
        value.sort(key=itemgetter(*self.order))
        if self.made is not None:
            return tuple(map(self.made._make, value))
        return tuple(dict(zip(self.names, row, strict=True)) for row in value)
