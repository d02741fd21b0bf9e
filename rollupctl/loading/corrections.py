"""Rows that replace those of the same key, and rows that remove them: changes of a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from rollupctl.connect import Session, query
from rollupctl.errors import RollupError
from rollupctl.loading.fields import STAGE, Fields
from rollupctl.loading.qualified import as_sql, qualified
from rollupctl.loading.target import Column, Target

_LINE = sql.Identifier("line of file")
_DELETIONS = sql.Identifier("pg_temp", "rollupctl_deletions")
_LAST = sql.Identifier("pg_temp", "rollupctl_last")
_UNFOLLOWED = """
select 1 from rollup.rollups
 where source = %s::pg_catalog.regclass
   and not exists (select from pg_catalog.pg_trigger g
                    where g.tgrelid = source and g.tgname = 'rollup_changes_delete')
"""


def require_followed(session: Session, target: Target) -> None:
    """Raise RollupError if rollups would not notice that events are replaced."""
    if query(session, _UNFOLLOWED, target.qualified).rows:
        raise RollupError(
            f"rollups of {target.qualified} do not follow its changes",
            f"select rollup.follow_changes('{target.qualified}') lets them",
        )


@dataclass(frozen=True)
class Corrections:
    """Replaces the rows of a target that have the values of `keys` of new ones. Of several changes
    of one key in a part, the last counts.
    """

    session: Session
    target: Target
    fields: Fields
    typed: sql.Identifier
    deletions: Sequence[int]  # the lines that remove rows

    @property
    def _keys(self) -> list[Column]:
        return self.fields.corrected

    @property
    def _names(self) -> sql.Composable:
        return sql.SQL(", ").join(sql.Identifier(c.name) for c in self._keys)

    def begin(self) -> None:
        """Prepare for deletions."""
        columns = [
            sql.SQL("{} {} not null").format(sql.Identifier(c.name), as_sql(c.type))
            for c in self._keys
        ]
        self.session.execute(
            sql.SQL("create temp table rollupctl_deletions ({} bigint, {}) on commit drop").format(
                _LINE, sql.SQL(", ").join(columns)
            )
        )

    def take(self, between: str) -> None:
        """Take the keys of deletions from the stage. The server refuses incomplete ones."""
        rows = self.fields.rows(
            f"{between} and line operator(pg_catalog.=) any ({_numbers(self.deletions)})"
        )
        values = sql.SQL(", ").join(self.fields.value(c) for c in self._keys)
        self.session.execute(
            sql.SQL("insert into {} select line, {} from ({}) r{}").format(
                _DELETIONS, values, rows, self.fields.joins()
            )
        )

    def clear_stage(self) -> None:
        """Leave the other lines in the stage."""
        lines = as_sql(_numbers(self.deletions))
        self.session.execute(
            sql.SQL("delete from {} where line operator(pg_catalog.=) any ({})").format(
                STAGE, lines
            )
        )

    def move(self, names: sql.Composable) -> int:
        """Remove the rows of all keys, and insert the last of each; the number of these."""
        keys, target = self._names, sql.Identifier(self.target.schema, self.target.name)
        self.session.execute(
            sql.SQL(
                "create temp table rollupctl_last on commit drop as"
                " select distinct on ({keys}) {line}, {keys}"
                " from (select {line}, {keys} from {typed} union all select * from {deletions}) c"
                " order by {keys}, {line} desc"
            ).format(keys=keys, line=_LINE, typed=self.typed, deletions=_DELETIONS)
        )
        same = sql.SQL(" and ").join(
            qualified("e.{0} = l.{0}").format(sql.Identifier(c.name)) for c in self._keys
        )
        self.session.execute(
            sql.SQL("delete from {} e using {} l where {}").format(target, _LAST, same)
        )
        return self.session.execute(
            sql.SQL(
                "insert into {0} ({1}) select {1} from {2} where {3} in (select {3} from {4})"
                " order by {3}"
            ).format(target, names, self.typed, _LINE, _LAST)
        ).rowcount


def _numbers(lines: Sequence[int]) -> str:
    return f"'{{{','.join(map(str, lines))}}}'::pg_catalog.int8[]"
