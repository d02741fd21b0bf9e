"""A stream of Redis."""

from __future__ import annotations

import json
import time
from urllib.parse import SplitResult

from rollupctl.errors import RollupError
from rollupctl.output import note
from rollupctl.streams.feed import Batch, Message, PositionOf
from rollupctl.streams.redisurl import open_stream

_BEGINNING = "0-0"


def _order(position: str) -> tuple[int, int]:
    time_part, _, number = position.partition("-")
    return int(time_part), int(number or 0)


class RedisFeed:
    """Reads entries with XREAD. The position is the id of the last entry that was stored, so no
    consumer group is needed, and several consumers take turns.
    """

    def __init__(
        self, url: SplitResult, options: dict[str, str], position_of: PositionOf, field: str | None
    ) -> None:
        """`field` has a JSON document; without one, the fields of an entry are those of the event.

        Raises RollupError if the server does not answer or entries are gone.
        """
        stream = open_stream(url, options)
        self._problem = stream.problem
        self._error = stream.error
        self._stream = stream.name
        self._redis = stream.client
        self._channel = stream.channel
        self._position_of = position_of
        self._field = field
        self._position: str | None = None
        self.go_back(self._channel)
        self._require_entries()

    def _require_entries(self) -> None:
        """Raise RollupError if the stream is another one; say so if it may have lost entries."""
        try:
            if not self._redis.exists(self._stream):
                return
            info = self._redis.xinfo_stream(self._stream)
        except self._error as error:
            raise self._problem(error) from None
        if self._position is None:
            return
        if _order(info["last-generated-id"].decode()) < _order(self._position):
            raise RollupError(
                f"stream {self._stream} ends before {self._position}, where its channel is",
                "it was deleted and made again: the position is in rollup.loads; delete its row "
                "there to begin again",
            )
        # Streams are trimmed from their beginning.
        first = info["first-entry"]
        if first and _order(first[0].decode()) > _order(self._position):
            note(
                f"stream {self._stream} was trimmed up to {first[0].decode()}: entries after "
                f"{self._position} may have been removed before they were read"
            )

    def read(self, most: int, seconds: float) -> list[Batch]:
        """See Feed."""
        until = time.monotonic() + seconds
        messages: list[Message] = []
        last = self._position or _BEGINNING
        while len(messages) < most and (left := until - time.monotonic()) > 0:
            try:
                found = self._redis.xread(
                    {self._stream: last}, most - len(messages), max(1, int(left * 1000))
                )
            except self._error as error:
                raise self._problem(error) from None
            for _, entries in found or ():
                for entry, fields in entries:
                    last = entry.decode()
                    messages.append(Message(f"entry {last}", self._document(fields)))
        if not messages:
            return []
        return [Batch(self._channel, self._position, last, messages)]

    @property
    def is_ready(self) -> bool:
        """See Feed."""
        return True

    def _document(self, fields: dict[bytes, bytes]) -> bytes:
        if self._field is not None:
            return fields.get(self._field.encode(), b"")
        # Bytes that are not UTF-8 stay what they are, so that the message is refused.
        text = {
            name.decode(errors="surrogateescape"): value.decode(errors="surrogateescape")
            for name, value in fields.items()
        }
        return json.dumps(text, ensure_ascii=False).encode(errors="surrogateescape")

    def stored(self, batch: Batch) -> None:
        """See Feed."""
        self._position = batch.position

    def go_back(self, channel: str) -> None:
        """See Feed."""
        self._position = self._position_of(channel)

    def close(self) -> None:
        """See Feed."""
        self._redis.close()
