"""Write the events that a step of an expiry removes to a Parquet file, and verify it."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path

from psycopg import sql

from rollupctl.archiving.rows import MARK, Facts, facts_of, rows_of, stage
from rollupctl.connect import Session, query, transaction
from rollupctl.errors import RollupError
from rollupctl.exporting.columnar import PARQUET, Columnar, import_pyarrow, schema_of
from rollupctl.exporting.export import copy_out
from rollupctl.exporting.outfile import writing
from rollupctl.output import note

_PART = """
select relation::text as relation, source::text as source, id_column, columns, conditions,
       range_from::text as range_from, range_to::text as range_to
  from rollup_internal.expiry_part(%s::rollup.job)
 where relation is not null
"""
_SEARCH_PATH = {"search_path": "pg_catalog, pg_temp"}
_ARCHIVED = "select job::text as job from rollup_internal.expiry_part(%s::rollup.job, %s, %s)"


def require_directory(directory: Path) -> None:
    """Raise RollupError unless files can be written into `directory`, and pyarrow is installed."""
    import_pyarrow("an archive")
    if not directory.is_dir():
        raise RollupError(f"there is no directory {directory}", "create it first")
    try:
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise RollupError(f"{directory} cannot be written to: {error.strerror}") from None


def archive_next(session: Session, job: str, directory: Path) -> str:
    """Archive what the next step of `job` removes; return the job, which then removes only that.

    A job whose next step removes no events is returned as it is. Raises RollupError if the file
    cannot be written, or does not hold what the table holds; then nothing is removed.
    """
    with transaction(session, _SEARCH_PATH):  # names with their schemas
        found = query(session, _PART, job).records()
    if not found:
        return job
    part = found[0]
    if not part["id_column"]:
        raise RollupError(
            f"{part['source']} has no id column, by which archived events are recognized",
            "expire it without --archive",
        )
    path = _free_name(directory, part["relation"])
    try:
        _write(session, part, path)
        there = _read_back(session, part, path)
    except OSError as error:
        path.unlink(missing_ok=True)
        raise RollupError(
            f"{path} cannot be written: {error.strerror or error}",
            f"nothing of {part['relation']} was removed",
        ) from None
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    if not there.rows:
        path.unlink()
    else:
        note(f"{path}: {there.rows} events of {part['relation']}")
    (marked,) = query(session, _ARCHIVED, job, there.rows, there.ids).column("job")
    return str(marked)


def _free_name(directory: Path, relation: str) -> Path:
    """The first name for the archive of `relation` that no file has."""
    name = re.sub(r"[^\w.-]", "_", relation.replace('"', ""))
    number = 1
    path = directory / f"{name}.parquet"
    while path.exists():
        number += 1
        path = directory / f"{name}.{number}.parquet"
    return path


def _write(session: Session, part: dict[str, str], path: Path) -> None:
    text = " ".join(
        ("select", part["columns"], "from", part["relation"], "where", part["conditions"])
    )
    mark = {key: part[key] for key in ("source", "id_column", "range_from", "range_to")}
    with (
        transaction(session, _SEARCH_PATH),
        writing(str(path)) as stream,
        session.cursor() as cursor,
    ):
        cursor.execute(sql.SQL("select * from ({}) q limit 0").format(sql.SQL(text)))
        schema = schema_of(cursor.description or (), "UTC")
        schema = schema.with_metadata({MARK: json.dumps(mark)})
        Columnar(stream, schema, PARQUET).write(copy_out(cursor, text))
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)  # the name of the file
    finally:
        os.close(handle)


def _read_back(session: Session, part: dict[str, str], path: Path) -> Facts:
    """Read the file as a restore does; raise RollupError unless it has the events of the part."""
    with transaction(session, _SEARCH_PATH, force_rollback=True):
        columns, id_column = part["columns"], part["id_column"]
        staged = stage(session, part["source"], columns, rows_of(path))
        there = facts_of(session, staged, "true", columns, id_column)
        wanted = facts_of(session, part["relation"], part["conditions"], columns, id_column)
    if there != wanted:
        raise RollupError(
            f"events of {part['relation']} changed while they were archived, or {path} is damaged",
            "nothing of it was removed: run the command again",
            detail=f"{there.rows} events in the file, {wanted.rows} in the table",
        )
    return there
