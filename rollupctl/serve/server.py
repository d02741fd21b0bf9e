"""Running the service: sockets, signals, and the order in which things start and stop."""

from __future__ import annotations

import gc
import ipaddress
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn

from rollupctl.connect import Session, find_dsn, open_session, query
from rollupctl.errors import ConnectError, NoServerError, RollupError, UsageError
from rollupctl.install import install
from rollupctl.serve import log
from rollupctl.serve.app import make_app
from rollupctl.serve.drain import Drain
from rollupctl.serve.intake import Intake, Loader
from rollupctl.serve.keys import Keys, RateLimit
from rollupctl.serve.protocol import Protocol, Socket
from rollupctl.serve.redisqueue import RedisQueue
from rollupctl.serve.running import Runner, is_scheduled
from rollupctl.serve.service import Service
from rollupctl.serve.sockets import MAX_MESSAGE
from rollupctl.serve.spool import Spool
from rollupctl.serve.watch import Watch
from rollupctl.versions import require_same_version

MAX_CONNECTIONS = 4096
SWITCH_SECONDS = 0.0005
DRAIN_SECONDS = 30.0  # for the events that are in the spool when the service stops


@dataclass(frozen=True)
class Options:
    """What `rollupctl serve` was told."""

    dsn: str | None
    host: str
    port: int
    spool: Path
    spool_bytes: int
    rollup_every: float | None  # seconds
    rate_limit: float | None  # requests a second
    queue: str | None = None  # URL of a stream of Redis in place of the spool


def run(options: Options) -> None:
    """Serve until SIGTERM or SIGINT; events of the spool are stored before it returns.

    Raises RollupError if the database cannot be reached and the spool has never been drained, if
    the spool is in use, or if the address cannot be bound.
    """
    found = find_dsn(options.dsn)
    if found is None:
        raise NoServerError(
            "no database to talk to",
            "start the embedded PostgreSQL with `rollupctl up`, or use --dsn",
        )

    def open_database() -> Session:
        return open_session(*found)

    spool: Intake
    make_loader: Callable[[Callable[[], Session], Callable[[], None]], Loader]
    if options.queue is None:
        spool = kept = Spool.open(options.spool, options.spool_bytes)
        make_loader = partial(Drain, kept)
    else:
        spool = queue = RedisQueue.open(options.queue, options.spool_bytes)
        make_loader = partial(Watch, queue)
        options.spool.mkdir(parents=True, exist_ok=True, mode=0o700)  # for what is known of keys
    try:
        keys = Keys(options.spool)
        every = _prepare(open_database, spool, keys, options.rollup_every)
        if not keys and not is_loopback(options.host):
            raise UsageError(
                f"{options.host} can be reached from other machines, and there are no keys",
                "create one with `rollupctl keys LABEL`, or listen on localhost",
            )
        sockets = _listen(options.host, options.port)
        runner = Runner(open_database, keys, every)
        drain = make_loader(open_database, runner.poke)
        limit = RateLimit(options.rate_limit) if options.rate_limit else None
        service = Service(open_database, spool, drain, runner, keys, limit)
        _serve(service, sockets)
    finally:
        spool.close()


def _prepare(
    open_database: Callable[[], Session], spool: Intake, keys: Keys, every: float | None
) -> float | None:
    """Install what is missing; returns how often to run rollups.

    During an outage a spool that has been drained before accepts events as always.
    """
    try:
        session = open_database()
    except ConnectError as error:
        if spool.database is None:
            raise
        log.warning("database_unreachable", message=error.message, detail=error.detail)
        return every
    with session:
        present = "select pg_catalog.to_regnamespace('rollup_serve') is not null as there"
        if not all(query(session, present).column("there")):
            log.info("installing")
            install(session, serve=True)
        require_same_version(session)
        query(session, "select rollup.create_sites()")
        missing = "select name from rollup_serve.wanted_rollups() where not is_declared"
        for name in query(session, missing).column("name"):
            declared = query(session, "select rollup_serve.declare_rollup(%s) as what", name)
            log.info("declared", what=declared.column("what")[0])
        keys.refresh(session)
        spool.database = session.info.dbname
        if every is not None and is_scheduled(session):
            log.info("rollups_are_scheduled", by="pg_cron")
            return None
    return every


def _listen(host: str, port: int) -> list[socket.socket]:
    """Sockets for every address of a host: localhost has two."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise RollupError(f"{host} is not an address to listen on: {error.strerror}") from None
    sockets: list[socket.socket] = []
    failure: OSError | None = None
    for family, kind, protocol, _, address in dict.fromkeys(found):
        made = socket.socket(family, kind, protocol)
        try:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            if sockets and port == 0:  # the same port for all addresses
                address = (address[0], sockets[0].getsockname()[1], *address[2:])
            made.bind(address)
            made.listen(2048)
            made.setblocking(False)
            sockets.append(made)
        except OSError as error:
            made.close()
            # A machine without IPv6 still resolves ::1.
            if family == socket.AF_INET or not sockets:
                failure = error if failure is None or family == socket.AF_INET else failure
    ports_taken = failure is not None and not any(s.family == socket.AF_INET for s in sockets)
    if failure is not None and (not sockets or ports_taken):
        for made in sockets:
            made.close()
        raise RollupError(
            f"cannot listen on {host}, port {port}: {failure.strerror}",
            "choose another port with --port, or stop what uses it",
        )
    return sockets


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Server(uvicorn.Server):
    """Ends streams when a signal arrives, so that the server need not wait for their clients."""

    def __init__(self, config: uvicorn.Config, service: Service) -> None:
        super().__init__(config)
        self._service = service

    def handle_exit(self, sig: int, frame: Any) -> None:
        """A signal to stop; a second one does not wait for requests.

        uvicorn would raise it again at its end, before the spool has been drained.
        """
        del sig, frame
        self._service.stopping = True
        self.force_exit = self.should_exit
        self.should_exit = True


def _serve(service: Service, sockets: list[socket.socket]) -> None:
    config = uvicorn.Config(
        make_app(service),
        http=Protocol,
        loop="uvloop",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=15,
        ws=Socket,
        ws_max_size=MAX_MESSAGE,
        ws_per_message_deflate=False,
    )
    server = _Server(config, service)
    log.listen()
    # The loop gets its turn soon while the loader computes, and what was imported is not searched
    # for garbage again and again.
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.collect()
    gc.freeze()
    service.drain.start()
    service.runner.start()
    for made in sockets:
        host, port = made.getsockname()[:2]
        log.info("listening", host=host, port=port, url=f"http://localhost:{port}/")
    try:
        server.run(sockets)
    finally:
        service.stopping = True
        log.info("stopping", spool_events=service.spool.events)
        if not service.drain.stop(DRAIN_SECONDS):
            log.warning("events_left", spool_events=service.spool.events)
        service.runner.stop()
        service.close()
        log.info("stopped")
