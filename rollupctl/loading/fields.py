"""What the columns of a table get from the fields of staged rows, in SQL."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from psycopg import sql

from rollupctl.errors import UsageError
from rollupctl.loading.dialect import Dialect
from rollupctl.loading.qualified import as_sql, qualified
from rollupctl.loading.source import Source
from rollupctl.loading.target import Column, Target
from rollupctl.loading.timerange import TimeRange
from rollupctl.loading.timevalue import ANY, EPOCHS, PLAIN

_WITH_COMMA = r"^\s*[-+]?([0-9]{1,3}([.][0-9]{3})+|[0-9]*)(,[0-9]+)?\s*$"
LONGEST_KEY = 1000  # bytes of an event key: an index takes no more than 2,700
NAME = "rollupctl_stage"
STAGE = sql.Identifier("pg_temp", NAME)
SITES = sql.Identifier("pg_temp", "rollupctl_sites")
TIMES = sql.Identifier("pg_temp", "rollupctl_bad_times")


class Fields:
    """The columns of a table that a format can fill, and the expression for each."""

    def __init__(
        self,
        target: Target,
        source: Source,
        dialect: Dialect,
        time_format: str,
        time_range: TimeRange,
    ) -> None:
        """Raises UsageError if an option names a column that does not exist or cannot be loaded."""
        self._source = source
        self._dialect = dialect
        self._format = time_format
        self._range = time_range
        named = {column: field for field, column in dialect.fields.items()}
        for option, columns in (
            ("--map", named),
            ("--set", dialect.constants),
            ("--site", dialect.sites),
            ("--rest", [dialect.rest] if dialect.rest else []),
        ):
            for column in columns:
                _require_loadable(target, column, option)
        by_name = {
            c.name: (source.usual_time if c.is_partition_key else None) or c.name
            for c in target.columns
        }
        self.field_of = {**by_name, **named, **dialect.sites}
        self.columns = [c for c in target.columns if c.is_loadable and self._has_value(c)]
        self.known = sorted(
            {
                *(
                    self.field_of[c.name]
                    for c in target.columns
                    if c.is_loadable and c.name not in dialect.constants and c.name != dialect.rest
                ),
                *([dialect.event_key] if dialect.event_key else []),
            }
        )
        self._require_key(target)
        self.corrected = [self._corrected(target, name) for name in dialect.corrects]
        self.rest = target.column(dialect.rest) if dialect.rest else None
        if self.rest and self.rest.form != "json":
            raise UsageError(f"--rest: column {self.rest.name} is not of type jsonb")

    def _require_key(self, target: Target) -> None:
        field = self._dialect.event_key
        if field is None:
            return
        if not self._source.offers(field):
            raise UsageError(f"--event-key: there is no field {field!r}")
        if target.tenant and all(column.name != target.tenant for column in self.columns):
            raise UsageError(
                f"--event-key: no field has the {target.tenant} of an event",
                "keys belong to tenants, so events need theirs: --map or --set gives it",
            )

    def _corrected(self, target: Target, name: str) -> Column:
        found = next((c for c in self.columns if c.name == name), None)
        if found is None or name == self._dialect.rest:
            raise UsageError(
                f"--correct: no field goes to a column {name!r} of {target.qualified}",
                "name the columns that identify a row: --correct order_id",
            )
        return found

    @property
    def key(self) -> sql.Composable | None:
        """The event key of a row as text; None if events have none."""
        field = self._dialect.event_key
        return None if field is None else self._source.text(field)

    def has_good_key(self, key: sql.Composable) -> sql.Composable:
        """Whether a row has a key that can be kept."""
        return qualified(
            "coalesce({0} <> '' and pg_catalog.octet_length({0}) <= {1}, false)"
        ).format(key, LONGEST_KEY)

    def _has_value(self, column: Column) -> bool:
        given = column.name in self._dialect.constants or column.name == self._dialect.rest
        return given or self._source.offers(self.field_of[column.name])

    @property
    def sites(self) -> list[str]:
        """The fields that name sites."""
        return list(self._dialect.sites.values())

    @property
    def takes_unknown(self) -> bool:
        """Whether rows may have fields that no column gets."""
        return self._dialect.takes_unknown or self._source.are_fixed

    @property
    def judged_times(self) -> list[Column]:
        """The columns whose times are checked as they are written."""
        return [] if self._format in EPOCHS else self.times

    @property
    def range_text(self) -> tuple[str, str]:
        """The first and the last time of the range, for a message."""
        return f"{self._range.first}", f"{self._range.last}"

    plain_time = sql.Literal(f"^(?:{PLAIN})$")

    @property
    def times(self) -> list[Column]:
        """The columns whose times are checked."""
        constants = self._dialect.constants
        if self._format == ANY:
            return []
        return [c for c in self.columns if c.is_time and c.name not in constants]

    def text(self, column: Column) -> sql.Composable:
        """The field of a column as text, NULL where that stands for no value."""
        text = self._source.text(self.field_of[column.name])
        null = self._dialect.null
        # COPY has taken it out of CSV, in quotes only for columns that are not text.
        if null is None or self._source.has_header:
            return text
        return qualified("case when {} <> {} then {} end").format(text, null, text)

    def value(self, column: Column) -> sql.Composable:
        """What a column gets, in its type."""
        return sql.SQL("({})::{}").format(self._untyped(column), as_sql(column.cast_type))

    def _untyped(self, column: Column) -> sql.Composable:
        dialect, source = self._dialect, self._source
        if column.name in dialect.constants:
            return sql.Literal(dialect.constants[column.name])
        if column.name == dialect.rest:
            return self._rest(column.name)
        if column.name in dialect.sites:
            return sql.SQL("{}.customer_id").format(sql.Identifier(f"site of {column.name}"))
        field = self.field_of[column.name]
        value: sql.Composable
        if column.form == "json":
            value = qualified("case when {0} <> 'null'::pg_catalog.jsonb then {0} end").format(
                source.json(field)
            )
        elif column.form == "nested":
            value = sql.SQL(
                "(select x.v from pg_catalog.jsonb_to_record("
                "pg_catalog.jsonb_build_object('v', {})) as x (v {}))"
            ).format(source.json(field), _type(column))
        elif column.is_time and self._format in EPOCHS:
            value = qualified("pg_catalog.to_timestamp({}::pg_catalog.numeric / {})").format(
                self.text(column), EPOCHS[self._format]
            )
            if not column.is_instant:
                value = sql.SQL("pg_catalog.timezone('UTC', {})").format(value)
        else:
            value = self._number(column) if column.is_number else self.text(column)
        if column.default_text is None or source.has_header:
            return value
        return sql.SQL("case when {} then {} else {} end").format(
            source.has(field),
            sql.SQL("({})::{}").format(value, as_sql(column.cast_type)),
            as_sql(column.default_text),
        )

    def _number(self, column: Column) -> sql.Composable:
        """A number as it is written in SQL; with --decimal comma, 1.5 is none."""
        text = self.text(column)
        if not self._dialect.has_commas:
            return text
        return qualified(
            "case when {0} ~ {1} then pg_catalog.translate({0}, ',.', '.')"
            " when {0} ~ '[.]' then pg_catalog.concat({0}, ' with --decimal ,') else {0} end"
        ).format(text, _WITH_COMMA)

    def _rest(self, field: str) -> sql.Composable:
        """All unknown fields, together with those that the row has in a field of this name."""
        return qualified(
            "case when rest = '{{}}'::pg_catalog.jsonb then null"
            " when pg_catalog.jsonb_typeof(rest -> {0}) = 'object'"
            " then (rest - {0}::pg_catalog.text) || (rest -> {0}) else rest end"
        ).format(field)

    def is_good(self, judged: bool) -> sql.Composable:
        """Whether a row has no unknown fields, and only times as they are usually written; with
        `judged`, only those that are not in the table of bad times.
        """
        checks = [self._source.valid]
        if self.key is not None:
            checks.append(self.has_good_key(self.key))
        for column in self.corrected:
            checks.append(sql.SQL("{} is not null").format(self.value(column)))
        if not self.takes_unknown:
            checks.append(self._source.is_known(self.known))
        for column in self.judged_times:
            good = "{0} <> all (array(select value from {2}))" if judged else "{0} ~ {1}"
            checks.append(
                qualified(f"({{0}} is null or {good})").format(
                    self.text(column), self.plain_time, TIMES
                )
            )
        return sql.SQL(" and ").join(checks)

    def in_range(self, columns: Sequence[Column] | None = None) -> sql.Composable:
        """Whether the converted times of a row are in the range: all, or those of `columns`."""
        first, end = self._range.first, self._range.end
        bounds = [
            qualified("({0} is null or ({0} >= {1}::{3} and {0} < {2}::{3}))").format(
                sql.Identifier(c.name), first.isoformat(), end.isoformat(), _type(c)
            )
            for c in columns or self.times
            if c.is_partition_key
        ]
        return sql.SQL(" and ").join([*bounds, sql.SQL("true")])

    def rows(self, between: str) -> sql.Composed:
        """The rows with what their fields are read from."""
        source = self._source
        parsed = source.rows(STAGE, qualified(f"{source.row} and {between}"))
        if self.rest:
            parsed = sql.SQL("select p.*, {} as rest from ({}) p offset 0").format(
                source.rest([f for f in self.known if f != self.rest.name]), parsed
            )
        return parsed

    def joins(self) -> sql.Composable:
        """The tables of sites that the names of a row are looked up in."""
        joins = [
            qualified(" left join {} {} on {} = {}").format(
                SITES,
                (alias := sql.Identifier(f"site of {column}")),
                sql.SQL("{}.name").format(alias),
                self._source.text(field),
            )
            for column, field in self._dialect.sites.items()
        ]
        return sql.Composed(joins)


def _type(column: Column) -> sql.SQL:
    return as_sql(column.type)


def _require_loadable(target: Target, column: str, option: str) -> None:
    found = target.column(column)
    known = [c.name for c in target.columns if c.is_loadable]
    if found is None:
        close = difflib.get_close_matches(column.lower(), known, 1)
        hint = f"perhaps {close[0]} is meant" if close else f"the columns are {', '.join(known)}"
        raise UsageError(f"{option}: {target.qualified} has no column {column!r}", hint)
    if not found.is_loadable:
        raise UsageError(
            f"{option}: column {column} cannot be loaded", f"{target.qualified} makes its values"
        )
