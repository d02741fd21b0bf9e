"""What a stream has to offer, whatever it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

# The position of a channel in the ledger, or None for one that is not there.
PositionOf = Callable[[str], str | None]


@dataclass(frozen=True)
class Message:
    """An event as it came, None for a tombstone, and its place for people. If it `deletes`, the
    body is the row that was deleted. `flaw` is what is wrong with it.
    """

    place: str
    body: bytes | None
    deletes: bool = False
    flaw: str | None = None


@dataclass(frozen=True)
class Batch:
    """Messages of one channel that follow the position `after`, and the position they lead to."""

    channel: str
    after: str | None
    position: str
    messages: list[Message]


class Feed(Protocol):
    """Reads a stream from the positions in the ledger on."""

    def read(self, most: int, seconds: float) -> list[Batch]:
        """About `most` messages; fewer after `seconds`, none if nothing has come by then."""
        ...

    @property
    def is_ready(self) -> bool:
        """Whether messages would have come if there were some."""
        ...

    def stored(self, batch: Batch) -> None:
        """The batch has been committed."""
        ...

    def go_back(self, channel: str) -> None:
        """Another consumer has moved the channel: go on from its position in the ledger."""
        ...

    def close(self) -> None:
        """Leave the stream."""
        ...
