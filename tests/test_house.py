"""The house of sql/: rooms in layers, each with a manifest and a README; who may call whom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from rollupctl.sqlscript import read_script
from tests.conftest import Connection
from tests.helpers import rows
from tests.servers import ROOT, Server

SQL = ROOT / "sql"
ROOM = re.compile(r"^\\ir (\w+)/install\.sql$", re.M)
# Houses of their own above the others, installed on request.
OPTIONAL = [
    f"{house}/{room}"
    for house in ("analytics", "serve")
    for room in ROOM.findall((SQL / house / "install.sql").read_text())
]
ROOMS = ROOM.findall((SQL / "install.sql").read_text()) + OPTIONAL
# Rooms that hold no functions, and the two that run before and after everything else.
WITHOUT_FUNCTIONS = {
    *("migrations", "tables", "types", "views", "finish"),
    *(f"analytics/{room}" for room in ("prepare", "tables", "types", "finish")),
    *(f"serve/{room}" for room in ("prepare", "tables", "finish")),
}
SCHEMAS = "rollup|rollup_internal|rollup_analytics|rollup_analytics_internal|rollup_serve"
PICTURE = re.search(
    r"^## The house$.*?^```text$(.*?)^```$",
    (ROOT / "docs" / "architecture.md").read_text(),
    re.M | re.S,
)
assert PICTURE
# Rooms side by side in a layer, from the bottom up, as docs/architecture.md draws them.
LAYERS = [line[12:54].split() for line in reversed(PICTURE[1].splitlines()) if line.strip()]
MAX_FILES = 25
CREATES = re.compile(
    r"^\s*(?:create (?:or replace )?(?:function|procedure|aggregate|type|table(?: if not exists)?) "
    rf"|call rollup_internal\.replace_view\(')((?:{SCHEMAS})\.\w+)",
    re.M,
)
ROUTINES = re.compile(r"^create (?:or replace )?(?:function|procedure|aggregate) ([\w.]+)", re.M)
# Texts for people may name what is above them: a hint says which function to call.
FOR_PEOPLE = re.compile(
    r"\b(?:message|detail|hint|todo|finding)\s*:?=\s.*?"
    r"(?=;|,\s*\n\s*\w+ =|\n\s*(?:end|return|continue|elsif|else|status|finding|todo)\b)",
    re.S,
)


def files(room: str) -> list[Path]:
    """The files of a room in the order of its manifest."""
    manifest = SQL / room / "install.sql"
    return [SQL / room / name for name in re.findall(r"^\\ir (\S+)$", manifest.read_text(), re.M)]


def defined_routines() -> dict[Path, list[str]]:
    """The functions, procedures and aggregates that each file of rollup and rollup_internal makes."""
    return {
        path: ROUTINES.findall(path.read_text())
        for room in ROOMS
        if room not in WITHOUT_FUNCTIONS | {"compat"}
        for path in files(room)
        if ROUTINES.search(path.read_text())
    }


def code_of(path: Path) -> str:
    """What a file does: without comments and without texts for people."""
    text = re.sub(r"^comment on .*?;$", "", path.read_text(), flags=re.M | re.S)
    text = re.sub(r"--[^\n]*", "", text)
    text = re.sub(r"hashtextextended\('[\w.]+'", "", text)  # the name of a lock
    return FOR_PEOPLE.sub(lambda said: re.sub(r"'(?:[^']|'')*'", "''", said[0]), text)


def calls_up() -> Iterator[str]:
    """What a file names that is made neither before it nor in its own room."""
    room_of = {name: room for room in ROOMS for path in files(room) for name in made_by(path)}
    layer_of = {room: number for number, layer in enumerate(LAYERS) for room in layer}
    for room in ROOMS:
        if room in ("migrations", "finish", "analytics/finish", "serve/finish"):
            continue
        for path in files(room):
            for name in sorted(set(re.findall(rf"\b(?:{SCHEMAS})\.\w+", code_of(path)))):
                other = room_of.get(name, room)
                if other != room and layer_of[other] >= layer_of[room]:
                    yield f"{path.relative_to(SQL)} uses {name} of {other}"


def made_by(path: Path) -> list[str]:
    return CREATES.findall(path.read_text())


def test_every_file_is_in_the_manifest_of_its_room_once() -> None:
    outer = {*ROOMS, "analytics", "serve"} - {*OPTIONAL}
    assert sorted(outer) == sorted(path.name for path in SQL.iterdir() if path.is_dir())
    inner = [path for house in ("analytics", "serve") for path in (SQL / house).iterdir()]
    rooms = [path.relative_to(SQL).as_posix() for path in inner if path.is_dir()]
    assert sorted(OPTIONAL) == sorted(rooms)
    for room in ROOMS:
        lines = (SQL / room / "install.sql").read_text().splitlines()
        assert all(re.fullmatch(r"\\ir \w+\.sql", line) for line in lines), room
        there = {path for path in (SQL / room).iterdir() if path.suffix == ".sql"}
        assert sorted(files(room)) == sorted(there - {SQL / room / "install.sql"})


def test_rooms_are_small_and_say_what_they_are_for() -> None:
    for room in ROOMS:
        assert len(files(room)) <= MAX_FILES, room
        lines = (SQL / room / "README.md").read_text().rstrip("\n").splitlines()
        assert lines[0] == f"# {room}"
        assert len(lines) <= 8, room
        for said in ("Decides: ", "May touch: ", "Entry points: "):
            assert any(line.startswith(f"- {said}") for line in lines), f"{room}: {said}"


def test_every_function_has_the_file_of_its_name() -> None:
    for path, made in defined_routines().items():
        assert [name.split(".")[1] for name in made] == [path.stem], path


def test_a_file_of_functions_holds_the_function_and_its_comment() -> None:
    for path, (name,) in defined_routines().items():
        beginnings = [
            re.sub(r"\s+", " ", statement.text).lower() for statement in read_script(path)
        ]
        # What takes a declaration cannot go to Citus workers, where there are none.
        if beginnings[0] == "set citus.enable_ddl_propagation to off":
            assert beginnings.pop() == "reset citus.enable_ddl_propagation", path.name
            del beginnings[0]
        assert len(beginnings) == 2, path.name
        kind = re.match(r"create or replace (function|procedure|aggregate) ", beginnings[0])
        assert kind, path.name
        assert beginnings[1].startswith(f"comment on {kind[1]} {name}("), path.name


def test_rooms_use_only_rooms_of_lower_layers() -> None:
    assert sorted(ROOMS) == sorted(room for layer in LAYERS for room in layer)
    order = [room for layer in LAYERS for room in layer]
    assert [order.index(room) for room in ROOMS] == sorted(order.index(room) for room in ROOMS)
    assert list(calls_up()) == []


def names_a_kind(code: str) -> list[str]:
    """The kinds of measures whose names stand in quotes in code."""
    kinds = "|".join(
        path.stem.removeprefix("kind_") for path in files("kinds") if path.stem.startswith("kind_")
    )
    return [kind for _, kind in re.findall(rf"""(['"])({kinds})\1""", code)]


def test_kinds_of_measures_are_known_in_their_room_only() -> None:
    for path in [*SQL.rglob("*.sql"), *(ROOT / "rollupctl").rglob("*.py")]:
        # Declarations name kinds, as those of users do. Their questions about users
        # have models and parameters called first and last.
        declares = path.name.endswith(("_day_measures.sql", "_1min.sql", "wanted_rollups.sql"))
        # `top` is a command too, and dbt's freshness has a `count`.
        others = ("cli.py", "dbt.py", "questions.py")
        exempt = declares or path.parent.name in ("users", "analyses") or path.name in others
        if path.parent != SQL / "kinds" and not exempt:
            code = code_of(path) if path.suffix == ".sql" else path.read_text()
            assert names_a_kind(code) == [], path.relative_to(ROOT)


def test_guard_sees_the_name_of_a_kind() -> None:
    code = """when 'top' then x; select spec ->> "stddev", 'count(*)', s.first, 'summary'"""
    assert names_a_kind(code) == ["top", "stddev"]


def test_state_is_internal_and_read_through_views() -> None:
    tables = {path.stem for path in files("tables")}
    assert {path.stem for path in files("views")} <= tables
    for path in files("tables"):
        assert made_by(path) == [f"rollup_internal.{path.stem}"]
    for path in files("views"):
        assert made_by(path) == [f"rollup.{path.stem}"]


# Objects in the database


@pytest.fixture
def plain_db(plain: Server) -> Iterator[Connection]:
    name = plain.database()
    with psycopg.connect(plain.dsn(name), autocommit=True) as connection:
        yield connection
    plain.drop(name)


def test_public_functions_fit_on_one_screen(plain_db: Connection) -> None:
    public = rows(
        plain_db, "select proname from pg_proc where pronamespace = 'rollup'::regnamespace"
    )
    assert len(public) <= 72
