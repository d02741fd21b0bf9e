"""Types of SQLAlchemy: reflected tables, and what is asked of them, against plain counts."""

from __future__ import annotations

from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.helpers import Lab, rows, value
from tests.servers import needs_tdigest

sqlalchemy = pytest.importorskip("sqlalchemy")

from sqlalchemy import Column, MetaData, Table, create_engine, select, true  # noqa: E402

from rollupctl.sqlalchemy_types import Hll, TDigest, TopList  # noqa: E402

MEASURES = {
    "n": {"count": "*"},
    "devices": {"distinct": "device_id", "log2m": 12},
    "amounts": {"quantiles": "amount"},
    "countries": {"top": "country"},
}


def engine_of(lab: Lab) -> Any:
    place = conninfo_to_dict(lab.server.dsn(lab.database))
    kept = {
        k: str(v) for k, v in place.items() if k in {"host", "port", "user", "dbname", "passfile"}
    }
    return create_engine("postgresql+psycopg://", connect_args=kept)


@needs_tdigest
@pytest.mark.no_hostile("connects by SQLAlchemy")
def test_a_rollup_is_reflected_and_asked(lab: Lab) -> None:
    lab.source()
    lab.declare(measures=MEASURES, dimensions=["country"], bucket="1 hour")
    db = lab.connect()
    db.execute(
        "insert into lab.e (event_time, customer_id, country, device_id, amount)"
        " select timestamptz '2024-06-01 09:30Z' + n * interval '7 minutes', n % 3,"
        " (array['de', 'fr', 'it'])[1 + n % 3], n % 17, n from generate_series(1, 600) n"
    )
    db.execute("call rollup.run_all()")
    engine = engine_of(lab)
    try:
        visits = Table(
            "visits", MetaData(schema="lab"), Column("countries", TopList), autoload_with=engine
        )
        assert isinstance(visits.c.devices.type, Hll)
        assert visits.c.devices.type.log2m == 12
        assert isinstance(visits.c.amounts.type, TDigest)
        items = select(visits.c.countries.union_agg().label("list")).subquery()
        top = items.c.list.top(2)
        with engine.connect() as connection:
            devices = visits.c.devices.union_agg().cardinality()
            assert connection.scalar(select(devices)) == 17
            by_country = select(visits.c.country, devices).group_by(visits.c.country)
            assert sorted(connection.execute(by_country).all()) == rows(
                db, "select country, count(distinct device_id) from lab.e group by 1 order by 1"
            )
            half = connection.scalar(select(visits.c.amounts.percentile(0.5)))
            assert half == pytest.approx(300, rel=0.05)
            found = connection.execute(
                select(top.c.item, top.c.value).select_from(items.join(top, true()))
            ).all()
            assert {v for _, v in found} == {200}
            assert len(found) == 2
            of_one = select(visits.c.devices.cardinality()).where(visits.c.n > 0)
            assert max(connection.scalars(of_one)) >= 1
            united = select(visits.c.amounts.union_agg())
            assert str(connection.scalar(united)).startswith("flags")
    finally:
        engine.dispose()


@needs_tdigest
@pytest.mark.no_hostile("connects by SQLAlchemy")
def test_a_table_of_these_types_is_created_and_copied_into(plain_lab: Lab) -> None:
    lab = plain_lab
    lab.source()
    lab.declare(measures=MEASURES, dimensions=["country"], bucket="1 hour")
    db = lab.connect()
    db.execute("insert into lab.e (customer_id, country, device_id, amount) values (1, 'de', 1, 5)")
    db.execute("call rollup.run_all()")
    engine = engine_of(lab)
    try:
        kept = Table(
            "kept",
            MetaData(schema="lab"),
            Column("devices", Hll(12)),
            Column("amounts", TDigest),
            Column("countries", TopList),
        )
        visits = Table("visits", MetaData(schema="lab"), autoload_with=engine)
        with engine.begin() as connection:
            kept.create(connection)
            copied = select(visits.c.devices, visits.c.amounts, visits.c.countries)
            connection.execute(
                kept.insert().from_select(["devices", "amounts", "countries"], copied)
            )
            (row,) = connection.execute(select(kept)).all()
            connection.execute(kept.insert().values(devices=row.devices, countries=row.countries))
        assert value(db, "select count(distinct devices::text) from lab.kept") == 1
        assert value(db, "select format_type(atttypid, atttypmod) from pg_attribute"
                         " where attrelid = 'lab.kept'::regclass and attname = 'devices'") == "hll(12,5,-1,1)"  # fmt: skip
    finally:
        engine.dispose()
