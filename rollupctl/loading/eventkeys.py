"""Event keys: an event whose key was loaded before is left out."""

from __future__ import annotations

from dataclasses import dataclass

from psycopg import sql

from rollupctl.connect import Session, query
from rollupctl.loading.dialect import Dialect
from rollupctl.loading.qualified import as_sql, qualified
from rollupctl.loading.target import Target, find_target
from rollupctl.output import note

KEY = sql.Identifier("event key")
_LINE = sql.Identifier("line of file")
_NEW = sql.Identifier("pg_temp", "rollupctl_new_keys")
_KEPT = "7 days"  # if nobody has said how long
_SET = "select rollup.set_retention(%s, %s::pg_catalog.interval, keys => true)"


def require_keys(session: Session, target: Target, dialect: Dialect) -> Target:
    """The target with its table of keys, which is created if events have keys for the first time.

    The server raises an error if the table is not the source of a rollup, or another's.
    """
    if dialect.event_key is None or target.keys is not None:
        return target
    query(session, _SET, target.qualified, _KEPT)
    target = find_target(session, target.qualified)
    note(
        f"keys of events are kept for {_KEPT}, in {target.keys}; "
        f"`rollupctl retention {target.qualified} '30 days' --keys` changes that"
    )
    return target


@dataclass(frozen=True)
class EventKeys:
    """The keys of one load. Rows are in the table `typed`, with their key and their line.

    A loader that meets the key of another one waits until that has committed, or not. Keys are
    claimed in their order, so that loaders of the same events do not wait for each other in a
    circle; on Citus, where nodes work side by side, one of them may be cancelled.
    """

    session: Session
    target: Target
    typed: sql.Identifier
    load_id: int

    @property
    def _keys(self) -> sql.SQL:
        assert self.target.keys
        return as_sql(self.target.keys)

    @property
    def _tenant(self) -> sql.Composable:
        """The tenant of a row, before other columns."""
        tenant = self.target.tenant
        return sql.SQL("{}, ").format(sql.Identifier(tenant)) if tenant else sql.SQL("")

    @property
    def _tenant_of_key(self) -> sql.SQL:
        return sql.SQL("tenant, " if self.target.tenant else "")

    def begin(self) -> None:
        """Prepare for claims."""
        self.session.execute(
            sql.SQL(
                "create temp table rollupctl_new_keys on commit drop as"
                " select {}event_key from {} limit 0"
            ).format(self._tenant_of_key, self._keys)
        )

    def move(self, names: sql.Composable, between: sql.Composable) -> tuple[int, int]:
        """Move the rows whose keys are new to the target; how many these, and the others, are."""
        typed = sql.SQL("{} where {}").format(self.typed, between)
        (rows,) = self.session.execute(
            sql.SQL("select pg_catalog.count(*) from {}").format(typed)
        ).fetchone() or (0,)
        self.session.execute(sql.SQL("delete from {}").format(_NEW))
        claimed = self.session.execute(
            sql.SQL(
                "with claimed as (insert into {keys} ({tenant}event_key, load_id)"
                " select f.*, {load} from ({first}) f on conflict do nothing"
                " returning {tenant}event_key) insert into {new} select * from claimed"
            ).format(
                keys=self._keys,
                tenant=self._tenant_of_key,
                load=self.load_id,
                first=self._first(typed, sql.SQL("{}{}").format(self._tenant, KEY)),
                new=_NEW,
            )
        ).rowcount
        is_new = (
            typed
            if claimed == rows
            else sql.SQL("({}) t where exists (select from {} n where {})").format(
                self._first(typed, sql.SQL("*")), _NEW, self._is_claimed()
            )
        )
        target = sql.Identifier(self.target.schema, self.target.name)
        moved = self.session.execute(
            sql.SQL("insert into {} ({}) select {} from {} order by {}").format(
                target, names, names, is_new, _LINE
            )
        ).rowcount
        return moved, rows - moved

    def _first(self, typed: sql.Composable, columns: sql.Composable) -> sql.Composable:
        """The first row of each key, in the order of the keys."""
        order = sql.SQL('{}{} collate pg_catalog."C"').format(self._tenant, KEY)
        return sql.SQL("select distinct on ({0}) {1} from {2} order by {0}, {3}").format(
            order, columns, typed, _LINE
        )

    def _is_claimed(self) -> sql.Composable:
        same = qualified("n.event_key = t.{}").format(KEY)
        if self.target.tenant is None:
            return same
        tenant = sql.Identifier(self.target.tenant)
        return qualified(
            "{0} and coalesce(n.tenant::pg_catalog.text = t.{1}::pg_catalog.text,"
            " n.tenant is null and t.{1} is null)"
        ).format(same, tenant)
