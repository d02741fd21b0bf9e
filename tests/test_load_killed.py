"""Each row is in the table or among the rejected ones, once, wherever the loader or its server dies.

ROLLUP_TEST_KILLS=100 kills each of them so often, and the server of Citus too.
"""

from __future__ import annotations

import gzip
import io
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests import servers
from tests.conftest import Connection
from tests.helpers import rows, until
from tests.servers import Server
from tests.test_load_documents import rejected

_KILLS = int(os.environ.get("ROLLUP_TEST_KILLS", "4"))
_MOST_MOMENTS = 600  # a file has 450 to 1,000
_PART_SIZE = 500
_LINES = 60


class Round:
    """A file whose rows belong to one customer; some of its lines are bad."""

    def __init__(self, folder: Path, number: int, chosen: random.Random) -> None:
        self.customer = number + 1
        self.rejects = folder / f"bad{number}"
        lines = [(n, chosen.random() < 0.1) for n in range(_LINES)]
        self.good = [n for n, is_bad in lines if not is_bad]
        self.bad = [n for n, is_bad in lines if is_bad]
        values = [f"x{n}" if is_bad else str(n) for n, is_bad in lines]
        form = ("csv", "ndjson", "gzip", "parquet")[number % 4]
        self.path = folder / f"{number}.{form}"
        self.path.write_bytes(self._content(form, values))

    def _content(self, form: str, values: list[str]) -> bytes:
        head = "customer_id,device_id\n"
        text = head + "".join(f"{self.customer},{each}\n" for each in values)
        if form == "ndjson":
            shown = [each if each.isdigit() else f'"{each}"' for each in values]
            lines = [f'{{"customer_id":{self.customer},"device_id":{each}}}\n' for each in shown]
            text = "".join(lines)
        if form != "parquet":
            return gzip.compress(text.encode()) if form == "gzip" else text.encode()
        pa = pytest.importorskip("pyarrow")
        import pyarrow.parquet

        sink = io.BytesIO()
        customers = [self.customer] * len(values)
        table = pa.table({"customer_id": customers, "device_id": values})
        pyarrow.parquet.write_table(table, sink, row_group_size=20)
        return sink.getvalue()

    def load(self, dsn: str, moment: int, victim: str) -> bool:
        """Load the file; False if loader or server were killed at the moment."""
        args = [dsn, self.path, self.rejects, _PART_SIZE, moment, victim]
        done = subprocess.run(
            [sys.executable, "-m", "tests.dying", *map(str, args)],
            capture_output=True,
            check=False,
            timeout=300,
        )
        assert moment or done.returncode == 0, done.stderr.decode()
        return done.returncode == 0

    def check(self, db: Connection) -> None:
        """Each row is there once, and the ledger knows."""
        query = "select device_id from events where customer_id = %s order by device_id"
        assert [n for (n,) in rows(db, query, self.customer)] == self.good
        found = [row.decode() for *_, row in rejected(self.rejects)]
        assert len(found) == len(self.bad)
        assert all(f"x{n}" in row for n, row in zip(self.bad, found, strict=True))
        counted = "select sum(rows), sum(rejected) from rollup.loads where file_name = %s"
        assert rows(db, counted, str(self.path)) == [(len(self.good), len(self.bad))]


def kill(dsn: str, folder: Path, victim: str, kills: int, seed: int) -> Iterator[Round]:
    """Load files until so many loaders or servers were killed; each file as it is complete."""
    chosen = random.Random(seed)
    number = 0
    while kills > 0:
        each = Round(folder, number, chosen)
        for _ in range(5):
            if each.load(dsn, chosen.randint(1, _MOST_MOMENTS), victim):
                break
            kills -= 1
            if victim == "server":
                wait_for(dsn)
        else:
            each.load(dsn, 0, victim)
        yield each
        number += 1


def wait_for(dsn: str) -> None:
    """Wait until the server is back, and has ended what it had begun on other nodes."""

    def answers() -> bool:
        try:
            with psycopg.connect(dsn, autocommit=True) as db:
                if rows(db, "select 1 from pg_extension where extname = 'citus'"):
                    db.execute("select recover_prepared_transactions()")
        except psycopg.OperationalError:
            return False
        return True

    until(answers, "the server is back")


def test_the_loader_is_killed(db: Connection, dsn: str, tmp_path: Path) -> None:
    for done in kill(dsn, tmp_path, "loader", _KILLS, seed=5):
        done.check(db)


def _kinds() -> list[str]:
    return ["plain", "citus"] if "ROLLUP_TEST_KILLS" in os.environ else ["plain"]


@pytest.fixture(params=_kinds())
def mortal(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that nobody else's test stands on."""
    if request.param == "citus" and not servers.citus_is_installed():
        pytest.skip("citus is not installed")
    own = servers.citus_server() if request.param == "citus" else servers.plain_server(own=True)
    with own as server:
        yield server


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc")
def test_the_server_is_killed(mortal: Server, tmp_path: Path) -> None:
    dsn = mortal.dsn(mortal.database())
    for done in kill(dsn, tmp_path, "server", _KILLS, seed=6):
        with psycopg.connect(dsn, autocommit=True) as db:
            done.check(db)
