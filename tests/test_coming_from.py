"""Migrations from other tools, run where these are installed: docs/coming-from."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pytest

from docs.coming_from import MIGRATIONS, database_with, missing
from docs.generate import DOCS
from docs.transcript import examples, rewrite
from tests.servers import GIVEN, ROOT, warm_path

PAGES = sorted(MIGRATIONS)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_migration_prints_what_the_page_shows(page: Path) -> None:
    lacking = missing(MIGRATIONS[page])
    if GIVEN or lacking:
        pytest.skip(f"not installed: {', '.join(lacking)}" if lacking else "needs its own server")
    with database_with(MIGRATIONS[page]) as dsn:
        assert rewrite(page, dsn, ROOT, {"PATH": warm_path()}) == page.read_text(
            encoding="utf-8"
        ), "./run docs writes it"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_numbers_are_the_same_before_and_after(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    answers: dict[str, list[str]] = defaultdict(list)
    for example in examples(text, page.name):
        if example.language == "sql" and example.output:
            answers[example.text].append(text[slice(*example.output)])
    repeated = [printed for printed in answers.values() if len(printed) > 1]
    compared = re.findall(r"^ differences\n-+\n +(\d+)$", text, re.MULTILINE)
    assert ": no differences\n" in text
    if page.stem == "cron":  # its job has errors, and the page shows each
        assert len(repeated) == 1
        assert repeated[0][0] != repeated[0][1]
        return
    assert set(compared) == {"0"}
    assert len(repeated) >= 2
    for before, after in repeated:
        assert before == after


def test_each_migration_has_a_page_of_the_index() -> None:
    folder = DOCS / "coming-from"
    listed = re.findall(
        r"^\| .* \| \[.*\]\((.+\.md)\) \|$", (folder / "index.md").read_text(), re.M
    )
    assert sorted(listed) == sorted(
        page.name for page in folder.glob("*.md") if page.stem != "index"
    )
    assert sorted(listed) == [page.name for page in PAGES]
