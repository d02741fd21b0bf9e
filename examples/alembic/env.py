"""Runs migrations, and keeps autogenerate away from what rollups make."""

from __future__ import annotations

import os
import sys
from logging.config import fileConfig
from pathlib import Path

from alembic import context
from sqlalchemy import create_engine, text

sys.path.insert(0, str(Path(__file__).parent))

from models import metadata

if context.config.config_file_name:
    fileConfig(context.config.config_file_name)


def made_by_rollups(connection):
    """Schema and name of each table that belongs to a rollup, partitions included."""
    if connection.scalar(text("select to_regclass('rollup.rollups')")) is None:
        return set()
    query = """
        select n.nspname, c.relname
          from rollup.rollups r
         cross join lateral (
               select r.target::oid union select relid from pg_partition_tree(r.target)) t (relid)
          join pg_class c on c.oid = t.relid join pg_namespace n on n.oid = c.relnamespace
    """
    return {tuple(row) for row in connection.execute(text(query))}


with create_engine(os.environ["DATABASE_URL"]).connect() as connection:
    ours = {table.schema for table in metadata.tables.values()}
    theirs = made_by_rollups(connection)

    def include_name(name, kind, parents):
        """Whether autogenerate looks at an object."""
        if kind == "schema":
            return name in ours
        if kind == "table":
            return (parents["schema_name"], name) not in theirs
        return True

    connection.rollback()
    context.configure(
        connection=connection,
        target_metadata=metadata,
        include_schemas=True,
        include_name=include_name,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
