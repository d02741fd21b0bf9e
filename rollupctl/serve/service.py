"""What requests share: the spool and its drain, the sessions that answer questions, the metrics."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rollupctl.connect import Session, query, transaction
from rollupctl.serve.answers import Answers, Results
from rollupctl.serve.intake import Intake, Loader
from rollupctl.serve.keys import Keys, RateLimit
from rollupctl.serve.metrics import Metrics, State
from rollupctl.serve.problems import from_server, unavailable
from rollupctl.serve.running import Runner

T = TypeVar("T")

READERS = 8  # sessions that answer questions
WAIT_SECONDS = 10.0  # for one of them
_BEGIN = """
select pg_catalog.set_config('transaction_read_only', 'on', true),
       pg_catalog.set_config('statement_timeout', '10s', true),
       pg_catalog.set_config('rollup_serve.tenant', %s, true),
       pg_catalog.set_config('role', coalesce(%s, pg_catalog.current_setting('role')), true)
"""


@dataclass
class Service:
    """A running service."""

    open: Callable[[], Session]
    spool: Intake
    drain: Loader
    runner: Runner
    keys: Keys
    rate_limit: RateLimit | None = None
    metrics: Metrics = field(default_factory=Metrics)
    answers: Answers = field(default_factory=Answers)
    results: Results = field(default_factory=Results)
    under_way: set[str] = field(default_factory=set)
    stopping: bool = False
    told: int = 0  # how many senders were told that their events are stored
    _executor: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(READERS, thread_name_prefix="reader")
    )
    _local: threading.local = field(default_factory=threading.local)

    def __post_init__(self) -> None:
        self.metrics.registry.register(State(self))

    @property
    def changes(self) -> int:
        """A number that differs whenever events have been stored or counted here."""
        return self.runner.rounds + (self.drain.totals.stored if self.runner.seconds is None else 0)

    @property
    def problem(self) -> str | None:
        """Why events are not accepted, or do not reach the database, if so."""
        return self.drain.problem or self.spool.problem

    async def ask(self, tenant: str, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query, which reads only. Raises ProblemError."""
        return await self.read(
            tenant, lambda session: list(map(tuple, query(session, text, *values).rows))
        )

    async def read(self, tenant: str, work: Callable[[Session], T]) -> T:
        """Do something in a read-only transaction of one of the readers. Raises ProblemError.

        `tenant` is the only one whose rows can be read; an empty one stands for all.
        """
        loop = asyncio.get_running_loop()
        until = time.monotonic() + WAIT_SECONDS
        return await loop.run_in_executor(self._executor, self._read, tenant, work, until)

    def close(self) -> None:
        """Close the readers' sessions."""
        self._executor.shutdown(cancel_futures=True)

    def _read(self, tenant: str, work: Callable[[Session], T], until: float) -> T:
        if time.monotonic() > until:
            raise unavailable("too many questions at once")
        try:
            try:
                return self._transact(tenant, work)
            except _LostError:
                return self._transact(tenant, work)
        except Exception as error:
            raise from_server(error) from error

    def _transact(self, tenant: str, work: Callable[[Session], T]) -> T:
        """Raises _LostError if the session was lost since it was used before."""
        session: Session | None = getattr(self._local, "session", None)
        is_new = session is None or session.closed
        if session is None or session.closed:
            session = self._local.session = self.open()
        has_begun = False
        try:
            with transaction(session):
                # The key of one site reads as a role that sees no other, whatever is asked.
                session.execute(_BEGIN, [tenant, self.runner.reader if tenant else None])
                has_begun = True
                return work(session)
        except Exception as error:
            if session.broken:
                session.close()
                if not is_new and not has_begun:
                    raise _LostError from error
            raise


class _LostError(Exception):
    """A session was lost while nothing was asked."""
