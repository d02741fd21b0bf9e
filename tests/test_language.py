"""The project's language: idiomatic technical English, and one term for each thing.

`TEXTS` says which files are checked, `REPLACED` which words are rejected and what to write instead.
docs/architecture.md defines the terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from docs.generate import REFERENCES
from tests.servers import ROOT

# Globs of the files whose language is checked, relative to the root of the project.
TEXTS = [
    "*.md",
    "docs/*.md",
    "docs/*.sql",
    "docs/*.py",
    "sql/*/README.md",
    "sql/*/*.sql",
    "sql/analytics/**/*.*",
    "sql/serve/**/*.*",
    "docs/analytics/*.md",
    "docs/coming-from/*.md",
    "docs/runbooks/*.md",
    "*.sql",
    "examples/*.sql",
    "rollupctl/**/*.py",
    "bench/*.py",
    "docker/*",
    "docker-compose.yml",
    "tests/test_docs.py",
]
# The references repeat comments and help texts, which are checked where they are written.
# The migration reads state by the names of 0.1.0.
EXEMPT = REFERENCES | {ROOT / "sql" / "migrations" / "move_state.sql"}
# Messages that scripts of users may look for keep their words.
KEPT = re.compile(
    r"'rollup %I is there already'|%s is there already;|\]}: is there already|could not be counted anew without"
)

# Patterns of words that were replaced, in any case, and what to write instead.
REPLACED = {
    # Terms
    r"put(?:s|ting)?[-\s]offs?": "deferred",
    r"heads": "last ids; a horizon",
    r"(?<!time\s)spans?": "id range; interval",
    r"(?<!in\s)fronts?": "initiator",
    r"strays?": "orphan",
    # English
    r"who(?:so)?ever|whomever": "the subject: any role that …, the session that …",
    r"anew": "again",
    r"for ever": "permanently, indefinitely, unlimited",
    r"(?:what|that) (?:is|are) none": "what it is instead: invalid, not a difference",
    r"dear(?:er|est)?": "expensive; high",
    r"step(?:s|ped|ping)? aside": "returns busy; is replaced",
    r"mend(?:s|ed|ing)?": "fix, repair, correct",
    r"(?:is|are|be) there already": "already exists",
    r"twice is once": "idempotent",
    r"be had": "be counted, be restored",
    r"hitherto|henceforth|thereupon|whence|thence|lest|erstwhile": "plain English",
}
# A phrase may continue on the next line of a comment.
GAP = r"(?:\s|\n\s*(?:--|#)\s*)+"
WORDS = re.compile(
    "|".join(rf"(?<![\w.-])({pattern.replace(' ', GAP)})(?![\w(-])" for pattern in REPLACED),
    re.IGNORECASE,
)


def checked_files() -> list[Path]:
    return sorted({p for glob in TEXTS for p in ROOT.glob(glob) if p.is_file()} - EXEMPT)


def prose(path: Path) -> str:
    """Returns the text of a file; in Markdown, with blank lines in place of code.

    Code contains names and output, whose language is checked where they are written.
    """
    text = KEPT.sub("", path.read_text(encoding="utf-8"))
    if path.suffix != ".md":
        return text
    return re.sub(
        r"^(`{3,}).*?^\1$|^<!--.*?-->$|`[^`]+`",
        lambda block: "\n" * block[0].count("\n"),
        text,
        flags=re.MULTILINE | re.DOTALL,
    )


def replaced_words(text: str) -> Iterator[str]:
    """Yields "LINE: WORD (write … instead)" for each word of `text` that was replaced."""
    instead = list(REPLACED.values())
    for found in WORDS.finditer(text):
        assert found.lastindex is not None
        line = text.count("\n", 0, found.start()) + 1
        word = " ".join(found[0].split())
        yield f"{line}: {word} (write {instead[found.lastindex - 1]})"


@pytest.mark.parametrize("path", checked_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_texts_use_the_projects_words(path: Path) -> None:
    assert list(replaced_words(prose(path))) == []


@pytest.mark.parametrize(
    "text",
    [
        "The run was put off.",
        "a put-off run",
        "Whoever reads it",
        "counted\nanew",
        "-- kept for\n-- ever",
        "differences that\nare none",
        "a transaction without its front",
        "the span of a run",
        "rows are there already",
    ],
)
def test_guard_finds_a_replaced_word(text: str) -> None:
    assert len(list(replaced_words(text))) == 1


@pytest.mark.parametrize(
    "text",
    ["a time span", "in front of it", "forever", "ahead", "amended", "output of it", "renewed"],
)
def test_guard_accepts_other_words(text: str) -> None:
    assert list(replaced_words(text)) == []


def test_guard_reads_prose_and_not_code(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- output -->\n```text\nput off\n```\nAnew `anew`.\n", encoding="utf-8")
    assert list(replaced_words(prose(page))) == ["5: Anew (write again)"]
