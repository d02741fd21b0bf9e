"""What requests share: the spool and its drain, the sessions that answer questions, the metrics."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, TypeVar

from starlette.requests import Request

from rollupctl.connect import Session, query, transaction
from rollupctl.serve.answers import Answers
from rollupctl.serve.drain import Drain
from rollupctl.serve.metrics import Metrics, State
from rollupctl.serve.problems import from_server
from rollupctl.serve.running import Runner
from rollupctl.serve.spool import Spool

T = TypeVar("T")

READERS = 8  # sessions that answer questions
QUERY_TIMEOUT = "10s"


@dataclass
class Service:
    """A running service."""

    open: Callable[[], Session]
    spool: Spool
    drain: Drain
    runner: Runner
    metrics: Metrics = field(default_factory=Metrics)
    answers: Answers = field(default_factory=Answers)
    under_way: set[str] = field(default_factory=set)
    stopping: bool = False
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

    def tenant_of(self, request: Request) -> str:
        """Whose request it is, for what is remembered of it."""
        del request
        return ""

    async def ask(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query, which reads only. Raises ProblemError."""
        return await self.read(lambda session: list(map(tuple, query(session, text, *values).rows)))

    async def read(self, work: Callable[[Session], T]) -> T:
        """Do something in a read-only transaction of one of the readers. Raises ProblemError."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._read, work)

    def close(self) -> None:
        """Close the readers' sessions."""
        self._executor.shutdown(cancel_futures=True)

    def _read(self, work: Callable[[Session], T]) -> T:
        try:
            session: Session | None = getattr(self._local, "session", None)
            if session is None or session.closed:
                session = self._local.session = self.open()
            try:
                with transaction(session, {"statement_timeout": QUERY_TIMEOUT}):
                    session.execute("set transaction read only")
                    return work(session)
            except Exception:
                # A session that was lost is replaced by the next request.
                if session.broken:
                    session.close()
                raise
        except Exception as error:
            raise from_server(error) from error
