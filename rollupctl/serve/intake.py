"""What keeps accepted events, and what brings them into the database, whatever they are."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Protocol

from rollupctl.serve.spoolfile import Answer


class NotAcceptedError(Exception):
    """Events could not be kept: there is no room, or what keeps them does not answer."""


@dataclass
class Totals:
    """Counts since the start."""

    stored: int = 0
    set_aside: int = 0
    failures: int = 0


class Intake(Protocol):
    """Keeps accepted events until the database has them. Methods may be called from any thread."""

    events: int
    used_bytes: int
    oldest_at: float | None  # when the oldest event was accepted, or an earlier moment

    @property
    def database(self) -> str | None:
        """The database that a service was last started for; None before."""
        ...

    @database.setter
    def database(self, identity: str) -> None: ...

    @property
    def problem(self) -> str | None:
        """Why no events are accepted, if so."""
        ...

    def append(self, bodies: Sequence[bytes], answer: Answer | None = None) -> Future[int]:
        """Keep events, and the answer to the request; the result is the position of the last one.

        Its exception is NotAcceptedError.
        """
        ...

    def answer(self, key: str) -> Answer | None:
        """The answer that was given to an idempotency key, unless it has expired."""
        ...

    def close(self) -> None:
        """Finish what is under way."""
        ...


class Loader(Protocol):
    """Brings kept events into the database, or knows what does."""

    totals: Totals
    problem: str | None

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self, seconds: float) -> bool:
        """End, within about `seconds`; False if events are left that nobody else will load."""
        ...

    def wait_for(self, position: int) -> Future[bool]:
        """Resolved when all events up to `position` were taken: True if they are stored or
        `reasons` has why not, False if one may have been rejected elsewhere.
        """
        ...

    def reasons(self, after: int, through: int) -> dict[int, str]:
        """Why events of these positions were set aside."""
        ...
