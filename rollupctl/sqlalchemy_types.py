"""Types of SQLAlchemy for the columns of rollups: sketches of distinct values, digests, top lists.

Importing this module lets reflection recognize `hll` and `tdigest`. A top list is `jsonb` to the
database, so name its type where you reflect a table::

    hours = Table("visits_by_hour", metadata, Column("pages", TopList), autoload_with=engine)
    devices = hours.c.visitors.union_agg().cardinality()
    items = select(hours.c.pages.union_agg().label("list")).subquery()
    top = items.c.list.top(10)
    select(top.c.item, top.c.value).select_from(items.join(top, true()))

Values themselves are opaque texts, which may be inserted again. Requires rollupctl[sqlalchemy].
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Double, Numeric, Text, column, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TableValuedAlias
from sqlalchemy.types import UserDefinedType

_rollup: Any = func.rollup  # the schema
__all__ = ["Hll", "TDigest", "TopList"]


class Hll(UserDefinedType[str]):
    """A sketch of distinct values, as measures of the kind `distinct` have.

    The parameters are those of the extension: log2 of the number of registers, their width in bits,
    the threshold of explicit values, and whether sparse sketches are used.
    """

    cache_ok = True

    def __init__(
        self,
        log2m: int | str = 11,
        regwidth: int | str = 5,
        expthresh: int | str = -1,
        sparseon: int | str = 1,
    ) -> None:
        self.log2m = int(log2m)
        self.regwidth = int(regwidth)
        self.expthresh = int(expthresh)
        self.sparseon = int(sparseon)

    def get_col_spec(self, **_: Any) -> str:
        """The name of the type in SQL."""
        return f"hll({self.log2m},{self.regwidth},{self.expthresh},{self.sparseon})"

    class Comparator(UserDefinedType.Comparator[str]):
        """Expressions over a sketch."""

        def cardinality(self) -> ColumnElement[int]:
            """The estimated number of distinct values of one sketch."""
            return func.round(func.hll_cardinality(self.expr)).cast(BigInteger)

        def union_agg(self) -> ColumnElement[str]:
            """The aggregate that unites the sketches of several rows."""
            return func.hll_union_agg(self.expr, type_=self.type)

    comparator_factory = Comparator


class TDigest(UserDefinedType[str]):
    """A digest of a distribution, as measures of the kind `quantiles` have."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """The name of the type in SQL."""
        return "tdigest"

    class Comparator(UserDefinedType.Comparator[str]):
        """Expressions over a digest."""

        def percentile(self, fraction: float) -> ColumnElement[float]:
            """The aggregate that estimates a percentile, 0 to 1, of all values of several rows."""
            return func.tdigest_percentile(self.expr, fraction, type_=Double())

        def union_agg(self) -> ColumnElement[str]:
            """The aggregate that unites the digests of several rows."""
            return func.tdigest(self.expr, type_=self.type)

    comparator_factory = Comparator


class TopList(JSONB):
    """A top list, as measures of the kind `top` have."""

    cache_ok = True

    class Comparator(JSONB.Comparator[Any]):
        """Expressions over a top list."""

        def union_agg(self) -> ColumnElement[Any]:
            """The aggregate that unites the lists of several rows."""
            united: ColumnElement[Any] = _rollup.top_union_agg(self.expr, type_=self.type)
            return united

        def top(self, number: int) -> TableValuedAlias:
            """The first items of one list as rows of `item` and `value`, to be joined laterally."""
            items = _rollup.top(self.expr, number)
            found: TableValuedAlias = items.table_valued(
                column("item", Text), column("value", Numeric)
            ).lateral()
            return found

    comparator_factory = Comparator


for _schema in ("", "public."):
    ischema_names[f"{_schema}hll"] = Hll
    ischema_names[f"{_schema}tdigest"] = TDigest
