"""All steps from an empty machine to dashboards, with the duration of each."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from rollupctl import rolling
from rollupctl.cluster import Cluster
from rollupctl.connect import Session, find_dsn, open_session, query, transaction
from rollupctl.errors import RollupError
from rollupctl.files import project_root
from rollupctl.generate import Sample
from rollupctl.install import install
from rollupctl.loading.load import RESULT, load_files
from rollupctl.output import Table, note, render
from rollupctl.sqlscript import read_script

SAMPLE = Sample(files=10, rows=20_000)
MAX_EVENTS = 1_000_000


def run(dsn: str | None, form: str) -> None:
    """Run every step and print what it did, then the result of each dashboard query.

    In the embedded PostgreSQL, unless `dsn` or ROLLUPCTL_DSN names another server.
    """
    steps = Table(("step", "what", "seconds"))
    server = _find(dsn, steps)
    with open_session(*server) as session, _timed(steps, "install") as what:
        done = install(session)
        what.append(f"{sum(done.column('statements'))} statements of {len(done.rows)} files")
    # A new session has the search_path that the installation set for the database.
    with (
        open_session(*server) as session,
        tempfile.TemporaryDirectory(prefix="rollupctl-") as folder,
    ):
        with _timed(steps, "generate") as what:
            files = SAMPLE.write(Path(folder)).column("file")
            what.append(f"{len(files)} files of {SAMPLE.rows} events")
        with _timed(steps, "load") as what:
            loaded = Table(RESULT)
            load_files(session, files, report=loaded)
            skipped = loaded.column("status").count("skipped")
            what.append(f"{sum(loaded.column('rows'))} events")
            if skipped:
                what.append(f"{skipped} files had been loaded before")
        with _timed(steps, "rollup") as what:
            outcomes = rolling.catch_up_all(session, (), MAX_EVENTS)
            what += [f"{each.rollup}: {each.events} events ({each.status})" for each in outcomes]
        if code := rolling.exit_code(outcomes):
            click.get_current_context().exit(code)
        answers = list(_ask(session))
    _print(steps, answers, form)


def _find(dsn: str | None, steps: Table) -> tuple[str, str]:
    """The server that the demo may write to, and its origin; starts the embedded PostgreSQL if
    necessary.
    """
    found = find_dsn(dsn, deliberate=True)
    if found is None:
        cluster = Cluster.default()
        with _timed(steps, "up") as what:
            what.append("PostgreSQL started" if cluster.up() else "PostgreSQL was up already")
        found = cluster.dsn(), "the embedded PostgreSQL"
    return found


@contextmanager
def _timed(steps: Table, step: str) -> Iterator[list[str]]:
    """Add a row for a step that succeeds: what it appended to the list, and its seconds."""
    note(f"{step} …")
    what: list[str] = []
    began = time.monotonic()
    yield what
    steps.add(step, ", ".join(what), round(time.monotonic() - began, 2))


def _ask(session: Session) -> Iterator[tuple[str, float, Table]]:
    """Title, seconds and result of each query of queries.sql."""
    for statement in read_script(project_root() / "queries.sql"):
        with transaction(session):
            began = time.monotonic()
            answer = query(session, statement.text)
            seconds = time.monotonic() - began
        yield statement.title, seconds, answer


def _print(steps: Table, answers: list[tuple[str, float, Table]], form: str) -> None:
    if not answers:
        raise RollupError("queries.sql holds no query")
    if form == "json":
        whole = Table(("steps", "dashboards"))
        boards = [
            {"title": title, "seconds": round(seconds, 4), "rows": answer.records()}
            for title, seconds, answer in answers
        ]
        whole.add(steps.records(), boards)
        click.echo(render(whole, form), nl=False)
        return
    click.echo(render(steps, form))
    for title, seconds, answer in answers:
        click.echo(f"{title}  ({seconds * 1000:.1f} ms)")
        click.echo(render(answer, form))
