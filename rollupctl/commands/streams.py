"""consume: events from Redis and Kafka."""

from __future__ import annotations

import contextlib

import click

from rollupctl.commands.dialectoptions import pairs
from rollupctl.errors import UsageError
from rollupctl.loading.dialect import Dialect
from rollupctl.loading.rejects import RejectFile
from rollupctl.loading.target import find_target
from rollupctl.loading.timerange import parse_range
from rollupctl.loading.timevalue import FORMATS, ISO
from rollupctl.options import Settings, pass_settings, shared_options
from rollupctl.streams.consume import consume as consume_stream
from rollupctl.streams.consume import open_feed
from rollupctl.streams.store import Store
from rollupctl.zones import require_time_zone


@click.command()
@click.argument("stream", metavar="URL")
@click.option("--table", default="events", show_default=True, help="Table to load into.")
@click.option("--map", "fields", metavar="COLUMN=FIELD", multiple=True, help="As in `load`.")
@click.option("--set", "constants", metavar="COLUMN=VALUE", multiple=True, help="As in `load`.")
@click.option("--site", "sites", metavar="COLUMN=FIELD", multiple=True, help="As in `load`.")
@click.option("--rest", metavar="COLUMN", help="As in `load`.")
@click.option("--event-key", metavar="FIELD", help="As in `load`.")
@click.option("--ignore-unknown", is_flag=True, help="As in `load`.")
@click.option("--time-zone", default="UTC", show_default=True, help="As in `load`.")
@click.option("--time-format", type=click.Choice(FORMATS), default=ISO, help="As in `load`.")
@click.option("--time-range", metavar="FROM..TO", help="As in `load`.")
@click.option("--field", metavar="NAME", help="Redis: the field of an entry that has the event.")
@click.option("--debezium", is_flag=True, help="Messages are envelopes of Debezium.")
@click.option(
    "--correct",
    "corrects",
    metavar="COLUMNS",
    help="With --debezium: the columns that identify a row. Updates replace its event, deletions "
    "remove it, and rollups follow.",
)
@click.option("--reject", metavar="FILE", help="Write bad messages into this file, and go on.")
@click.option(
    "--batch",
    type=click.IntRange(1, 100_000),
    default=10_000,
    show_default=True,
    help="Commit after so many messages.",
)
@click.option(
    "--every",
    type=click.FloatRange(0.05, 60),
    default=1.0,
    show_default=True,
    help="Commit after so many seconds.",
)
@click.option("--once", is_flag=True, help="End when nothing has come for that long.")
@shared_options
@pass_settings
def consume(
    settings: Settings,
    stream: str,
    table: str,
    fields: tuple[str, ...],
    constants: tuple[str, ...],
    sites: tuple[str, ...],
    rest: str | None,
    event_key: str | None,
    ignore_unknown: bool,
    time_zone: str,
    time_format: str,
    time_range: str | None,
    field: str | None,
    debezium: bool,
    corrects: str | None,
    reject: str | None,
    batch: int,
    every: float,
    once: bool,
) -> None:
    """Load events from a stream of Redis or a topic of Kafka, each exactly once.

    URL is redis://host:6379/STREAM (pip install 'rollupctl[redis]') or
    kafka://broker:9092/TOPIC?group=NAME (pip install 'rollupctl[kafka]'); other parameters of a
    Kafka URL are settings of librdkafka. A message is a JSON object, whose fields go to the columns
    of their names. The position in the stream is in rollup.loads and commits with the events, so
    the command goes on there, whatever was killed; several consumers take turns or share the
    partitions.

    A bad message stops the command, unless --reject is given. With --debezium, the row after an
    insert or an update is loaded as a new event; deletions are passed over, unless --correct is
    given. Tombstones always are.

    \b
    Example:
      rollupctl consume redis://localhost/clicks
      rollupctl consume 'kafka://localhost:9092/orders?group=rollup' --debezium --reject bad.json
    """
    of_columns = pairs("--map", fields)
    mapped = {name: column for column, name in of_columns.items()}
    if len(mapped) < len(of_columns):
        raise UsageError("--map: a field can be loaded into one column only")
    if corrects and (event_key or not debezium):
        raise UsageError("--correct goes with --debezium, and without --event-key")
    dialect = Dialect(
        fields=mapped,
        constants=pairs("--set", constants),
        sites=pairs("--site", sites),
        rest=rest,
        ignore_unknown=ignore_unknown,
        event_key=event_key,
        corrects=tuple(name.strip() for name in corrects.split(",")) if corrects else (),
    )
    with contextlib.ExitStack() as opened:
        session = opened.enter_context(settings.connect())
        require_time_zone(session, time_zone)
        target = find_target(session, table)
        rejects = opened.enter_context(RejectFile(reject, None)) if reject is not None else None
        if rejects:
            rejects.clear_uncommitted(session)
        where = (time_format, time_zone, parse_range(time_range))
        store = Store(session, target, dialect, *where, rejects)
        feed = opened.enter_context(contextlib.closing(open_feed(stream, store.position, field)))
        done = consume_stream(
            store, feed, stream, most=batch, seconds=every, once=once, debezium=debezium
        )
    settings.emit(done)


COMMANDS = (consume,)
