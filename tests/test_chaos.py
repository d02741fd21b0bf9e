"""Short storms: writers, runs on several connections, upkeep, the HTTP service, and kill -9.

The long ones are `./run chaos` and `./run chaos --serve`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import servers
from tests.chaos.pages import serve_storm
from tests.chaos.storm import storm
from tests.servers import SERVING, Server


@pytest.fixture(params=["plain", "citus"])
def own_server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server that may be killed: not the one that the other tests share."""
    if request.param == "citus":
        if not servers.citus_is_installed():
            pytest.skip("citus is not installed")
        with servers.citus_server() as server:
            yield server
    else:
        with servers.plain_server(own=True) as server:
            yield server


def test_every_event_is_counted_once_through_a_storm(own_server: Server) -> None:
    database = own_server.database()
    report = storm(own_server, database, seconds=15, seed=20261122)
    assert report.wrong == []
    assert report.figures["events committed"] > 1000
    assert report.figures["transactions that changed events"] > 10
    assert report.figures["run_all: done"] > 0
    assert sum(n for what, n in report.figures.items() if "with -9" in what) > 0


def test_every_accepted_event_is_counted_once_while_the_service_is_killed(
    own_server: Server, tmp_path: Path
) -> None:
    database = own_server.database(SERVING)
    report = serve_storm(own_server, database, 15, tmp_path, rate=1000, pages=8, seed=20261129)
    assert report.wrong == []
    assert report.figures["events accepted"] > 2000
    assert (report.figures["kill database"], report.figures["kill service"]) == (2, 2)
    assert report.figures["streams resumed"] >= 16
    assert report.figures["answers told"] > 20
