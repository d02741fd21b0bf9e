"""What expires is archived first: verified, complete, and loadable without being counted twice."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollupctl.archiving import archive
from rollupctl.archiving.rows import rows_of
from rollupctl.connect import open_session
from rollupctl.errors import RollupError
from tests import servers
from tests.helpers import Lab, rows, value

pytest.importorskip("pyarrow")

EVENTS = "select * from lab.e order by event_id"
OLD = ("expire", "--table", "lab.e", "--older-than", "300 days", "--yes", "-o", "json")


@pytest.fixture
def old(lab: Lab) -> Lab:
    """Two partitions and a default one with values of all kinds, counted."""
    lab.source(columns=", note text, price numeric, ratio double precision, data jsonb")
    lab.declare()
    with lab.connect() as db:
        for day in ("2024-06-01", "2024-06-02", "2024-05-01"):
            db.execute(
                """insert into lab.e (event_time, customer_id, country, device_id, amount, note, price, ratio, data)
                   select %s::timestamptz + i * interval '1.000001 minutes', i %% 5, case when i %% 3 > 0 then 'de' end, i, 3,
                          (array['', null, e'a,"b"\nc\\\\', 'Ä\u2028'])[i %% 4 + 1], i / 7.0, i / 3.0,
                          case when i %% 2 = 0 then '{"a": [1, null, "x"]}'::jsonb end
                     from generate_series(1, 100) i""",
                [f"{day} 00:00Z"],
            )
        db.execute("call rollup.run_all()")
    return lab


def run(lab: Lab, *args: str) -> tuple[int, str, str]:
    done = servers.rollupctl(lab.server.dsn(lab.database), *args)
    return done.returncode, done.stdout, done.stderr


def test_there_and_back(old: Lab, tmp_path: Path) -> None:
    with old.connect() as db:
        events = rows(db, EVENTS)
        counted = rows(db, "select * from lab.visits order by 1, 2, 3")
        code, out, err = run(old, *OLD, "--archive", str(tmp_path))
        assert code == 0, err
        assert [part["action"] for part in json.loads(out)] == [
            "dropped",
            "dropped",
            "rows deleted",
        ]
        files = sorted(str(path) for path in tmp_path.iterdir())
        assert [Path(file).name for file in files] == [
            "lab.e_1.parquet", "lab.e_2.parquet", "lab.e_default.parquet"]  # fmt: skip
        assert err.count("100 events of lab.e_") == 3
        assert rows(db, EVENTS) == []
        # A late event of an archived time, in the default partition, and a name that is taken.
        db.execute("insert into lab.e (event_time, customer_id) values ('2024-06-01 05:00Z', 9)")
        db.execute("call rollup.run_all()")
        code, _, err = run(old, *OLD, "--archive", str(tmp_path))
        assert (code, err) == (
            0,
            f"{tmp_path}/lab.e_default.2.parquet: 1 events of lab.e_default\n",
        )

        code, out, err = run(old, "restore", *files, "-o", "json")
        assert code == 0, err
        assert [(part["events"], part["restored"]) for part in json.loads(out)] == [(100, 100)] * 3
        assert rows(db, EVENTS) == events
        # They are not counted again, and what was counted is what there is.
        assert rows(db, "select status from rollup.run('visits')") == [("nothing new",)]
        db.execute("delete from lab.visits where customer_id = 9")  # whose event is not back
        assert rows(db, "select * from lab.visits order by 1, 2, 3") == counted
        assert value(db, "select count(*) from rollup.verify('visits')") == 0
        # Twice is once; a rollup that is declared later counts them.
        assert run(old, "restore", *files)[0] == 0
        assert rows(db, EVENTS) == events
        old.declare("again")
        db.execute("call rollup.run_all()")
        assert value(db, "select sum(n) from lab.again") == 300
        # And they expire again, without an archive of what is archived.
        assert run(old, *OLD)[0] == 0
        assert rows(db, EVENTS) == []


def test_late_events_are_kept(old: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also those that are counted at once: they are in no archive."""
    dsn = old.server.dsn(old.database)
    with old.connect() as db, open_session(dsn, "test") as session:
        job = "select rollup.start_job('expire', '{lab.e}', older_than => '300 days')::text"
        step = "select job::text, report, failure from rollup.next_step(%s::rollup.job)"
        job, _, _ = rows(db, step, value(db, job))[0]
        job = archive.archive_next(session, job, tmp_path)
        db.execute("insert into lab.e (event_time, customer_id) values ('2024-06-01 05:00Z', 9)")
        db.execute("call rollup.run_all()")
        job, report, failure = rows(db, step, job)[0]
        assert "lab.e_1 was kept: " in failure["message"]
        assert value(db, "select count(*) from lab.e_1") == 101
        # Of the default partition, too.
        job = archive.archive_next(session, job, tmp_path)
        job, report, _ = rows(db, step, job)[0]
        assert [part["action"] for part in report] == ["dropped"]
        job = archive.archive_next(session, job, tmp_path)
        db.execute("insert into lab.e (event_time, customer_id) values ('2024-05-01 05:00Z', 9)")
        db.execute("call rollup.run_all()")
        job, report, failure = rows(db, step, job)[0]
        assert "lab.e_default was kept: events of lab.e_default have changed" in failure["message"]
        assert value(db, "select count(*) from lab.e_default") == 101
    code, _, err = run(old, *OLD, "--archive", str(tmp_path))
    assert code == 0, err
    assert "lab.e_1.2.parquet: 101 events" in err


def test_files_that_cannot_be_written(
    old: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, _, err = run(old, *OLD, "--archive", str(tmp_path / "none"))
    assert (code, err.splitlines()) == (
        1, [f"rollupctl: error: there is no directory {tmp_path}/none", "hint: create it first"])  # fmt: skip
    with old.connect() as db, open_session(old.server.dsn(old.database), "test") as session:
        job = value(
            db, "select rollup.start_job('expire', '{lab.e}', older_than => '300 days')::text"
        )
        job = value(db, "select job::text from rollup.next_step(%s::rollup.job)", job)

        @contextlib.contextmanager
        def full(name: str) -> Iterator[object]:
            with Path("/dev/full").open("wb") as stream:
                yield stream

        with monkeypatch.context() as patch:
            patch.setattr(archive, "writing", full)
            with pytest.raises(RollupError, match=r"lab.e_1.parquet cannot be written: No space"):
                archive.archive_next(session, job, tmp_path)
        # A file that has lost rows on its way to the disk.
        with monkeypatch.context() as patch:
            patch.setattr(archive, "rows_of", lambda path: (r for r in [*rows_of(path)][:0]))
            with pytest.raises(RollupError, match="or .* is damaged"):
                archive.archive_next(session, job, tmp_path)
        assert list(tmp_path.iterdir()) == []
        assert value(db, "select count(*) from lab.e") == 300


def test_what_is_no_archive(old: Lab, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("no")
    code, _, err = run(old, "restore", str(tmp_path / "a.parquet"))
    assert (code, "is not Parquet" in err, len(err.splitlines())) == (1, True, 1)
    code, _, err = run(old, "restore", str(tmp_path / "b.parquet"))
    assert (code, err) == (
        1, f"rollupctl: error: {tmp_path}/b.parquet: No such file or directory\n")  # fmt: skip
    assert run(old, "export", "lab.e", str(tmp_path / "c.parquet"))[0] == 0
    code, _, err = run(old, "restore", str(tmp_path / "c.parquet"))
    assert (code, "was not written by `rollupctl expire --archive`" in err) == (1, True)
    # The name of the table in the file is a name, whatever else it says.
    pq = pytest.importorskip("pyarrow.parquet")
    columns = pq.read_table(tmp_path / "c.parquet")
    mark = {"source": "lab.e; drop table lab.e", "id_column": "event_id", "range_from": None}
    made = columns.replace_schema_metadata({"rollup": json.dumps(mark | {"range_to": None})})
    pq.write_table(made, tmp_path / "d.parquet")
    code, _, err = run(old, "restore", str(tmp_path / "d.parquet"))
    assert (code, "internal error" in err) == (1, False), err
    assert value(old.connect(), "select count(*) from lab.e") > 0


def test_without_pyarrow(old: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(RollupError, match="an archive needs pyarrow"):
        archive.require_directory(tmp_path)
