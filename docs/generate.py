"""Writes the generated parts of docs/: `./run docs`, or `./run docs --check` to only compare."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg

from docs.cli_reference import cli_reference
from docs.proofs import with_proofs
from docs.sql_reference import sql_reference
from docs.transcript import examples, rewrite
from tests.servers import EMPTY, INSTALLED, ROOT, Server, plain_server

DOCS = ROOT / "docs"


def pages() -> list[Path]:
    """Every Markdown file of the project that a person reads."""
    return [*sorted(ROOT.glob("*.md")), *sorted(DOCS.glob("*.md"))]


def generated(server: Server) -> Iterator[tuple[Path, str]]:
    """Each file that is generated, whole or in part, with the text it should have.

    Makes databases on `server`, one for each file with examples, and drops them.
    """
    yield DOCS / "cli.md", cli_reference()
    name = server.database(INSTALLED)
    with psycopg.connect(server.dsn(name)) as db:
        yield DOCS / "sql.md", sql_reference(db)
    server.drop(name)
    yield DOCS / "correctness.md", with_proofs(DOCS / "correctness.md", ROOT / "tests")
    for page in pages():
        if examples(page.read_text(encoding="utf-8"), page.name):
            name = server.database(EMPTY)
            yield page, rewrite(page, server.dsn(name), ROOT)
            server.drop(name)


def main() -> int:
    """Write what differs; with --check write nothing and return 1 when something differs."""
    parser = argparse.ArgumentParser(prog="./run docs", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say what is out of date")
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
