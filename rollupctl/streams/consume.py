"""Consume a stream until it is interrupted, or has nothing more."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from rollupctl.errors import BadFileError, UsageError
from rollupctl.loading.flaws import Flaw
from rollupctl.output import Table
from rollupctl.streams.debezium import unwrap
from rollupctl.streams.feed import Batch, Feed, Message, PositionOf
from rollupctl.streams.kafkafeed import KafkaFeed
from rollupctl.streams.redisfeed import RedisFeed
from rollupctl.streams.store import FencedError, OnBad, Store

RESULT = ("stream", "messages", "stored", "rejected", "duplicates", "seconds")


def open_feed(url: str, position_of: PositionOf, field: str | None = None) -> Feed:
    """The stream of a URL. Raises UsageError for another kind, RollupError if it cannot be read."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.scheme in ("redis", "kafka"):
        try:
            _ = parts.port if parts.scheme == "redis" else None
        except ValueError:
            raise UsageError(f"{url!r} has no valid port") from None
    if parts.scheme == "redis":
        return RedisFeed(parts, options, position_of, field)
    if field is not None:
        raise UsageError("--field is for redis://", "messages of Kafka have no fields")
    if parts.scheme == "kafka":
        return KafkaFeed(parts, options, position_of)
    raise UsageError(
        f"{url!r} is not a stream", "write redis://host/STREAM or kafka://broker/TOPIC?group=NAME"
    )


def consume(
    store: Store, feed: Feed, url: str, *, most: int, seconds: float, once: bool, debezium: bool
) -> Table:
    """Store batch after batch of about `most` messages, or what has come within `seconds`.

    With `once`, ends when nothing has come for that long. With `debezium`, messages are envelopes.
    """
    began = time.monotonic()
    messages = stored = 0
    while True:
        batches = feed.read(most, seconds)
        if not batches and once:
            break
        for each in batches:
            batch = _unwrapped(each, store.corrects) if debezium else each
            try:
                stored += store.store(batch)
            except FencedError:
                feed.go_back(batch.channel)
                continue
            messages += len(batch.messages)
            feed.stored(batch)
    table = Table(RESULT)
    seconds_taken = round(time.monotonic() - began, 3)
    table.add(url, messages, stored, store.rejected, store.duplicates, seconds_taken)
    return table


def _unwrapped(batch: Batch, corrects: bool) -> Batch:
    return replace(batch, messages=[unwrap(m, corrects=corrects) for m in batch.messages])


@contextmanager
def rejecting(path: str | None) -> Iterator[OnBad | None]:
    """What writes bad messages to a file, as lines of JSON; None without a file.

    They are written before their batch commits, so after a crash one may be there twice.
    """
    if path is None:
        yield None
        return
    try:
        stream = Path(path).open("a", encoding="utf-8")  # noqa: SIM115 -- by closing()
    except OSError as error:
        raise BadFileError(f"{path}: {error.strerror}") from None
    with closing(stream):

        def write(batch: Batch, message: Message, flaw: Flaw) -> None:
            told = {
                "source": batch.channel,
                "place": message.place,
                "column": flaw.column,
                "reason": flaw.reason,
                "row": (message.body or b"").decode(errors="replace"),
            }
            stream.write(json.dumps(told, ensure_ascii=False) + "\n")
            stream.flush()

        yield write
