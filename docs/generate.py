"""Writes the generated parts of docs/: `./run docs`, or `./run docs --check` to compare only."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg

from docs.cli_reference import cli_reference
from docs.coming_from import MIGRATIONS, database_with, missing
from docs.man_page import man_page
from docs.proofs import with_proofs
from docs.sql_reference import STAND_INS, analytics_reference, sql_reference
from docs.transcript import examples, rewrite
from tests.servers import ANALYTICS, EMPTY, INSTALLED, ROOT, Server, plain_server

DOCS = ROOT / "docs"
ANALYTICS_REFERENCE = DOCS / "analytics" / "reference.md"
REFERENCES = {DOCS / "cli.md", DOCS / "sql.md", ANALYTICS_REFERENCE}  # generated as a whole
RUNBOOKS = DOCS / "runbooks"  # their commands need situations: tests/test_runbooks.py
TRAPS = sorted(DOCS.glob("traps-*.md"))


def pages() -> list[Path]:
    """Every Markdown file of the project for readers."""
    folders = (ROOT, DOCS, DOCS / "analytics", DOCS / "coming-from", RUNBOOKS)
    return [path for folder in folders for path in sorted(folder.glob("*.md"))]


def generated(server: Server) -> Iterator[tuple[Path, str]]:
    """Yields each file that is generated, as a whole or in part, with the text it should have.

    Creates databases on `server`, one for each file with examples, and drops them. Leaves out
    migrations from a tool that is not installed.
    """
    yield DOCS / "cli.md", cli_reference()
    yield DOCS / "rollupctl.1", man_page()
    name = server.database(INSTALLED)
    with psycopg.connect(server.dsn(name)) as db:
        reference = sql_reference(db)
        if db.execute("select from pg_extension where extname = 'topn'").rowcount:
            # A database with the topn extension has no stand-ins to describe.
            reference = _with_stand_ins_of(DOCS / "sql.md", reference)
        yield DOCS / "sql.md", reference
    server.drop(name)
    name = server.database(ANALYTICS)
    with psycopg.connect(server.dsn(name)) as db:
        yield ANALYTICS_REFERENCE, analytics_reference(db)
    server.drop(name)
    for page in TRAPS:
        yield page, with_proofs(page, ROOT / "tests")
    for page in pages():
        if page in MIGRATIONS:
            if not missing(MIGRATIONS[page]):
                with database_with(MIGRATIONS[page]) as dsn:
                    yield page, rewrite(page, dsn, ROOT)
        elif page.parent != RUNBOOKS and examples(page.read_text(encoding="utf-8"), page.name):
            name = server.database(EMPTY)
            yield page, rewrite(page, server.dsn(name), ROOT)
            server.drop(name)


def _with_stand_ins_of(page: Path, reference: str) -> str:
    """Returns `reference` with the section on stand-ins as the file `page` has it."""
    before, heading, _ = reference.partition(STAND_INS)
    return before + heading + page.read_text(encoding="utf-8").partition(STAND_INS)[2]


def main() -> int:
    """Write outdated files; with --check write nothing, and return 1 if any file is outdated."""
    parser = argparse.ArgumentParser(prog="./run docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only report what is out of date")
    check = parser.parse_args().check
    stale = 0
    with plain_server() as server:
        for path, text in generated(server):
            name = path.relative_to(ROOT)
            if path.exists() and path.read_text(encoding="utf-8") == text:
                print(f"{name}: up to date")
                continue
            stale += 1
            if not check:
                path.write_text(text, encoding="utf-8")
            print(f"{name}: {'out of date' if check else 'written'}")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
