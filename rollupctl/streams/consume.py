"""Consume a stream until it is interrupted, or has nothing more."""

from __future__ import annotations

import time
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

from rollupctl.errors import UsageError, mask
from rollupctl.output import Table
from rollupctl.streams.debezium import unwrap
from rollupctl.streams.feed import Batch, Feed, PositionOf
from rollupctl.streams.kafkafeed import KafkaFeed
from rollupctl.streams.redisfeed import RedisFeed
from rollupctl.streams.store import FencedError, Store

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
        was_ready = feed.is_ready  # otherwise nothing could come for a part of the time
        batches = feed.read(most, seconds)
        if not batches and once and was_ready:
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
    table.add(mask(url), messages, stored, store.rejected, store.duplicates, seconds_taken)
    return table


def _unwrapped(batch: Batch, corrects: bool) -> Batch:
    return replace(batch, messages=[unwrap(m, corrects=corrects) for m in batch.messages])
