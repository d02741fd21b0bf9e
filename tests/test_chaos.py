"""A short storm: writers, runs on several connections, upkeep, and kill -9 of sessions and server.

The long one is `./run chaos`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import servers
from tests.chaos.storm import storm
from tests.servers import Server


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
