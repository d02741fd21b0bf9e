"""The documentation is true: its examples run, its lists are complete, its links resolve."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from click import Context

from docs.cli_reference import cli_reference
from docs.coming_from import MIGRATIONS
from docs.generate import ANALYTICS_REFERENCE, DOCS, REFERENCES, RUNBOOKS, TRAPS, pages
from docs.proofs import UNPROVED, files_of_tests, with_proofs
from docs.sql_reference import STAND_INS, analytics_reference, sql_reference
from docs.transcript import TranscriptError, examples, rewrite
from rollupctl.cli import main
from tests.conftest import Connection
from tests.helpers import value
from tests.servers import ANALYTICS, EMPTY, ROOT, Server, warm_path

HINT = "regenerate it with ./run docs"
LONGEST_PAGE = 400  # lines
WITH_EXAMPLES = [
    page
    for page in pages()
    if page.parent != RUNBOOKS
    and page not in MIGRATIONS
    and "<!-- run" in page.read_text(encoding="utf-8")
]


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def anchors(page: Path) -> set[str]:
    """Returns the anchors that GitHub gives to the headings of a page."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", without_code(text_of(page)), re.MULTILINE):
        words = re.sub(r"[^\w\- ]", "", heading.lower())
        found.add(words.replace(" ", "-"))
    return found


def without_code(text: str) -> str:
    return re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.name)
def test_examples_print_what_the_page_shows(plain: Server, page: Path) -> None:
    name = plain.database(EMPTY)
    try:
        assert rewrite(page, plain.dsn(name), ROOT, {"PATH": warm_path()}) == text_of(page), HINT
    finally:
        plain.drop(name)


def test_pages_have_examples() -> None:
    names = {page.name for page in WITH_EXAMPLES}
    assert {"README.md", "rollups.md", "measures.md", "examples.md", "operations.md"} <= names


def test_pages_run_the_statements_that_the_first_page_explains() -> None:
    # docs/shop.sql creates for the other pages what docs/rollups.md explains step by step.
    listed = examples(text_of(DOCS / "rollups.md"), "rollups.md")
    source, declaration = [example.text for example in listed if example.language == "sql"][:2]
    shop = text_of(DOCS / "shop.sql")
    assert source in shop
    assert declaration in shop


def test_pages_are_short() -> None:
    lengths = {page.name: len(text_of(page).splitlines()) for page in {*pages()} - REFERENCES}
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_PAGE} == {}


def test_command_line_reference_is_up_to_date() -> None:
    assert cli_reference() == text_of(DOCS / "cli.md"), HINT


def test_reference_of_the_analytics_is_up_to_date(plain: Server) -> None:
    name = plain.database(ANALYTICS)
    try:
        with psycopg.connect(plain.dsn(name)) as db:
            assert analytics_reference(db) == text_of(ANALYTICS_REFERENCE), HINT
    finally:
        plain.drop(name)


@pytest.mark.parametrize("server", ["plain"], indirect=True)
def test_sql_reference_is_up_to_date(db: Connection) -> None:
    expected, written = sql_reference(db), text_of(DOCS / "sql.md")
    if value(db, "select exists (select from pg_extension where extname = 'topn')"):
        # The stand-ins are not there to be described.
        expected, written = (text.split(STAND_INS)[0] for text in (expected, written))
    assert expected == written, HINT


@pytest.mark.parametrize("page", TRAPS, ids=lambda page: page.name)
def test_lists_of_tests_are_up_to_date(page: Path) -> None:
    assert with_proofs(page, ROOT / "tests") == text_of(page), HINT


SECTIONS = {
    int(section.split(".")[0]): (page, section)
    for page in TRAPS
    for section in re.split(r"^### (?=\d+\.)", text_of(page), flags=re.MULTILINE)[1:]
}
# Traps whose paragraphs are still to be written.
WITHOUT_PARAGRAPH: set[int] = set()


def test_every_trap_has_one_paragraph() -> None:
    numbers = [
        int(number)
        for page in TRAPS
        for number in re.findall(r"^### (\d+)\.", text_of(page), re.MULTILINE)
    ]
    assert len(numbers) == len(set(numbers))
    assert set(numbers) == set(range(1, 64)) - WITHOUT_PARAGRAPH


def test_the_overview_lists_each_trap_under_its_page() -> None:
    overview = text_of(DOCS / "correctness.md")
    listed: dict[int, str] = {}
    for name, text in re.findall(r"^\| \[.*?\]\((traps-.*?)\) \| ([^:]*):", overview, re.MULTILINE):
        for first, last in re.findall(r"(\d+)(?: to (\d+))?", text):
            listed |= dict.fromkeys(range(int(first), int(last or first) + 1), name)
    assert {number: page.name for number, (page, _) in SECTIONS.items()} == {
        number: name for number, name in listed.items() if number not in WITHOUT_PARAGRAPH
    }


@pytest.mark.parametrize("number", sorted(SECTIONS))
def test_every_trap_has_a_test(number: int) -> None:
    _, section = SECTIONS[number]
    assert f"<!-- tests {number:02}" in section
    assert UNPROVED not in section


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_named_tests_exist(page: Path) -> None:
    modules = {path.stem for path in (ROOT / "tests").rglob("test_*.py")}
    named = set(re.findall(r"`(test_\w+)`", text_of(page)))
    assert named - files_of_tests(ROOT / "tests").keys() - modules == set()


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_has_help_with_an_example(name: str) -> None:
    command = main.commands[name]
    text = command.get_help(Context(command, info_name=f"rollupctl {name}"))
    summary = (command.help or "").strip().splitlines()[0]
    assert summary.endswith(".")
    example = text.split("Example:")[1]
    assert f"rollupctl {name}" in example


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.name)
def test_links_resolve(page: Path) -> None:
    links = re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", without_code(text_of(page)))
    dead = []
    for link in links:
        if re.match(r"https?://", link):
            continue
        target, _, anchor = link.partition("#")
        path = (page.parent / target).resolve() if target else page
        if not path.exists() or (anchor and anchor not in anchors(path)):
            dead.append(link)
    assert dead == []


def test_files_that_the_pages_name_exist() -> None:
    missing = []
    for page in pages():
        for name in re.findall(
            r"`((?:sql|docs|tests|docker|rollupctl|bench)/[\w./-]+)`", text_of(page)
        ):
            if (
                not (ROOT / name.rstrip("/")).exists()
                and "NAME" not in name
                and "VERSION" not in name
            ):
                missing.append(f"{page.name}: {name}")
    assert missing == []


@pytest.mark.parametrize("server", ["plain"], indirect=True)
def test_settings_are_documented_with_their_defaults(db: Connection) -> None:
    (file,) = (ROOT / "sql").rglob("setting.sql")
    body = text_of(file)
    page = text_of(DOCS / "operations.md")
    names = sorted(set(re.findall(r'"(rollup\.\w+)":', body)))
    assert names
    for name in names:
        default = value(db, "select rollup_internal.setting(%s)", name)
        assert f"| `{name}` | `{default}` |" in page


def test_every_parameter_of_create_rollup_is_documented(plain: Server) -> None:
    name = plain.database()
    try:
        with psycopg.connect(plain.dsn(name)) as db:
            parameters = value(
                db,
                "select proargnames from pg_proc where oid = to_regproc('rollup.create_rollup')",
            )
    finally:
        plain.drop(name)
    page = text_of(DOCS / "declaring.md")
    assert [each for each in parameters if f"| `{each}` |" not in page] == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("<!-- output -->\n```text\n```\n", "output without an example"),
        ("<!-- run -->\n```python\n```\n", "cannot run python"),
        ("<!-- runs -->\n```sh\n```\n", "unknown mark"),
    ],
)
def test_invalid_marks_are_rejected(text: str, problem: str) -> None:
    with pytest.raises(TranscriptError, match=problem):
        examples(text, "page.md")


@pytest.mark.parametrize(
    ("mark", "command", "problem"),
    [("run", "exit 3", "exited with 3"), ("run: fails", "true", "succeeded")],
)
def test_examples_must_end_as_marked(tmp_path: Path, mark: str, command: str, problem: str) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"<!-- {mark} -->\n```sh\n{command}\n```\n", encoding="utf-8")
    with pytest.raises(TranscriptError, match=problem):
        rewrite(page, "", tmp_path)


def test_output_is_written_below_its_example(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    example = "<!-- run -->\n```sh\necho 1; echo 2 >&2\n```\n"
    page.write_text(f"{example}\n<!-- output -->\n```text\nold\n```\nb\n", encoding="utf-8")
    assert "<!-- output -->\n```text\n1\n2\n```\nb\n" in rewrite(page, "", tmp_path)
