"""A stream of Redis by its URL."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import SplitResult, unquote

from rollupctl.errors import RollupError, UsageError

_FORM = "write redis://host:6379/STREAM, with ?db=1 for another database"


@dataclass(frozen=True)
class RedisStream:
    """A stream, and a client of its server."""

    client: Any
    name: str
    server: str
    database: int
    error: type[Exception]  # of which all that the client raises are
    refusals: tuple[type[Exception], ...]  # of these, what a replica or missing rights raise

    @cached_property
    def channel(self) -> str:
        """The channel of the stream in the ledger of loads. Its first reader keeps it beside the
        stream, so that another spelling of the server's name does not begin again.

        Raises RollupError if the server does not answer. A server that refuses to write leaves
        the channel to the URL.
        """
        key, by_url = f"{self.name}:channel", f"redis {self.server}/{self.database} {self.name}"
        try:
            kept = self.client.get(key)
            if kept is None and not self.client.set(key, by_url, nx=True):
                kept = self.client.get(key)  # another one was first
        except self.refusals:
            return by_url
        except self.error as error:
            raise self.problem(error) from None
        return by_url if kept is None else str(kept.decode())

    def problem(self, error: Exception) -> RollupError:
        """What an error of the client means for people."""
        return RollupError(f"redis at {self.server}: {error}", "check host, port and password")


def open_stream(url: SplitResult, options: dict[str, str]) -> RedisStream:
    """The stream of a URL with these parameters. Does not connect yet.

    A command that fails is not sent again, since it may have been carried out. Raises UsageError.
    """
    try:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry
    except ImportError:
        raise RollupError(
            "redis:// needs redis-py, which is not installed",
            "install it: pip install 'rollupctl[redis]'",
        ) from None
    name = unquote(url.path.strip("/"))
    if not name or not url.hostname:
        raise UsageError(f"{url.geturl()!r} names no stream", _FORM)
    database = options.pop("db", "0")
    if options or not database.isdigit():
        raise UsageError(f"redis:// has no option {next(iter(options), 'db=' + database)}", _FORM)
    server = f"{url.hostname}:{url.port or 6379}"
    client = redis.Redis(
        host=url.hostname,
        port=url.port or 6379,
        db=int(database),
        username=unquote(url.username) if url.username else None,
        password=unquote(url.password) if url.password else None,
        socket_connect_timeout=10,
        retry=Retry(NoBackoff(), 0),
    )
    refusals = (redis.exceptions.ReadOnlyError, redis.exceptions.NoPermissionError)
    return RedisStream(client, name, server, int(database), redis.RedisError, refusals)
