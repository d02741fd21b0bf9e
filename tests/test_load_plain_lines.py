"""JSON lines that are sent as CSV: the rows are those that the server makes of the documents."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from rollupctl.connect import Session, open_session
from rollupctl.loading import load, plainlines
from rollupctl.loading.dialect import Dialect
from rollupctl.loading.documents import Documents
from rollupctl.loading.fields import Fields
from rollupctl.loading.load import RESULT, Options
from rollupctl.loading.plainlines import PlainLines
from rollupctl.loading.receive import Receiver
from rollupctl.loading.rejects import RejectFile
from rollupctl.loading.target import find_target
from rollupctl.output import Table
from tests.conftest import Connection
from tests.helpers import rows
from tests.servers import Server
from tests.test_load import write
from tests.test_load_documents import lines, load_as

_EXAMPLES = int(os.environ.get("ROLLUP_TEST_EXAMPLES", "8"))
_COLUMNS = """
alter table events add flag boolean, add code varchar(3), add seen timestamp, add day date,
    add kind mood, add uid uuid, add tags text[], add raw json, add few small, add part real,
    add cents numeric(6, 2)
"""
_USUAL = {
    "customer_id": ["7", "0", "-3", '"12"', "9223372036854775807"],
    "event_type": ['"a"', '""', '"null"', "null", "7", "true", '"é"', '"a,b"', '"\\""', '"\\\\"', '"\\n"',
                   '"\\\\."', '"\\\\n"', '"\\u00e9\\t"', '"\\ud83d\\ude00"', '"\\u0001\\\\"', '"\\/"', '"]\\n["', "-0"],
    "amount": ["1", "1.50", "1e2", "0.10000000000000000001", "-7.25", '"3.40"', "1E-5", "null", "0"],
    "value": ["0.1", "1e300", "-1.5e-3", "12345678901234567890", "3.40282347e+38", '"2"'],
    "quantity": ["2", "null", "-0"],
    "properties": ["{}", '{"a":[1,"x\\"y\\n"],"b":{"c":null}}', "null", "[1]", '"s"', "1e5", '{"é":"\\u0041"}'],
    "event_time": ['"2024-05-01"', '"2024-05-01T10:00:00Z"', '"2024-05-01 10:00:00.123456+02"'],
    "flag": ["true", "false", '"yes"', "null", "1"],
    "code": ['"abc"', '"a"', '"abc  "'],
    "seen": ['"2024-05-01 10:00:00"', '"1999-12-31"', "null"],
    "day": ['"2024-02-29"', '"2024-05-01T23:00:00Z"'],
    "kind": ['"good"', '"bad"', "null"],
    "uid": ['"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"'],
    "few": ["1", "9"],
    "part": ["0.1", "1e30"],
    "cents": ["1.005", "12.345"],
}  # fmt: skip
_ODD = [
    *("-0", "-0.0", "-0e1", "1e400", "1e200000", "01", "NaN", "-", "1.", ".5", "[1]", "{}", "12345678901", "1e5"),
    *('"NaN"', '"Infinity"', '"-0"', '" 1 "', '"1_000"', '"\\u0000"', '"\\ud800"', '"\\udc00x"', '"a\tb"', '"now"'),
    *('"2024-02-31"', '"2999-01-01"', '"1999-12-31"', '"20240501"', '"2024-05-01T10:00:00-11:30"', '"{a,b}"'),
    *("1.0", "true", '"x', '"\\x"', '{"a":1e999999}', '{"a":1,"a":2}', '{"amount":1}', "9223372036854775808", '"€€€€"'),
    *("null", "9" * 400, '"' + "9" * 400 + '"', "123e-20000", '"1e5"', '["\\ud800"]', '"\\u0022"', '"\x7f"'),
]  # fmt: skip
_names = st.sampled_from([*_USUAL, "odd", "tags", "raw", "event_id", "\\u0061mount"])
_text = st.text(max_size=6).map(json.dumps)
_usual = st.sampled_from([(name, each) for name, values in _USUAL.items() for each in values])
_odd = st.tuples(_names, st.one_of(st.sampled_from(_ODD), _text, st.integers().map(str)))


@st.composite
def _documents(draw: st.DrawFn) -> bytes:
    fields = draw(st.lists(st.one_of(*[_usual] * 20, _odd), max_size=6))
    if draw(st.integers(0, 9)):
        fields.insert(draw(st.integers(0, len(fields))), ("customer_id", "5"))
    space = draw(st.sampled_from(["", " ", "\t"]))
    end = draw(st.sampled_from([*[""] * 8, "\r", " "]))
    inside = f",{space}".join(f'"{name}":{space}{each}' for name, each in fields)
    return f"{{{inside}}}{end}".encode("utf-8", "surrogatepass")


_broken = st.sampled_from(
    [b"", b" ", b"{}{}", b'{"customer_id":', b'{"customer_id":1}}', b"[]", b"1", b"\\.", b"{}", b"{",
     b' {"customer_id":1}', b'{"event_type":"\xff"}', b'{"customer_id":1,"event_type":"\xed\xa0\x80"}',
     b'{"customer_id":1,}', b"\xef\xbb\xbf{}"]
)  # fmt: skip
_lines = st.lists(st.one_of(*[_documents()] * 12, _broken), min_size=20, max_size=40)
_dialects = st.sampled_from(
    [
        Dialect(),
        Dialect(ignore_unknown=True),
        Dialect(fields={"odd": "source"}, constants={"country": 'n"u\\l,l', "path": "null"}),
    ]
)
_LOADED = (
    "select customer_id, event_type, amount::text, value::text, quantity, properties::text, source, country, path,"
    " flag, code::text, seen, day, kind::text, uid, tags, raw::text, few, part::text, cents::text,"
    " case when event_time < '2026-01-01' then event_time end from events order by event_id"
)  # fmt: skip


@pytest.fixture
def plain_dsn(plain: Server) -> Iterator[str]:
    """A database on plain PostgreSQL: the text that is sent does not depend on the server."""
    name = plain.database()
    with psycopg.connect(plain.dsn(name), autocommit=True) as db:
        prepare(db)
    yield plain.dsn(name)
    plain.drop(name)


@pytest.fixture(scope="module")
def lab_session(plain: Server) -> Iterator[Session]:
    """A session that changes nothing."""
    name = plain.database()
    with psycopg.connect(plain.dsn(name), autocommit=True) as db:
        prepare(db)
    with open_session(plain.dsn(name), "test") as session:
        yield session
    plain.drop(name)


def prepare(db: Connection) -> None:
    db.execute("create type mood as enum ('good', 'bad')")
    db.execute("create domain small as integer check (value < 10)")
    db.execute(_COLUMNS.encode())


class Ways:
    """Loads lines in both ways, and counts the blocks that went each way."""

    def __init__(self, session: Session, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._session = session
        session.execute("set rollup.max_partitions = 0")  # parts of the past are sent twice
        self._file, self._bad = folder / "a.ndjson", folder / "bad"
        self._patch = patch
        self.copied = self.staged = self.retried = 0
        read, receive = PlainLines.read, Receiver.receive

        def counting(plain: PlainLines, chunks: Any) -> Any:
            for command, text in read(plain, chunks):
                self.copied += command is not None
                self.staged += command is None
                yield command, text

        def watching(receiver: Receiver, *args: Any) -> Any:
            self.retried += args[3] > 0
            return receive(receiver, *args)

        patch.setattr(PlainLines, "read", counting)
        patch.setattr(Receiver, "receive", watching)

    def load(self, text: list[bytes], dialect: Dialect, *, quick: bool) -> Any:
        """The rows that come of lines, and those that are rejected with their lines."""
        self._session.execute("truncate events, rollup_internal.loads, rollup_internal.load_parts")
        self._bad.unlink(missing_ok=True)
        self._file.write_bytes(b"".join(line + b"\n" for line in text))
        options = {"dialect": dialect, "again": True}
        with self._patch.context() as patch, RejectFile(str(self._bad), 1000) as rejects:
            if not quick:
                patch.setattr(PlainLines, "suits", staticmethod(lambda *_: False))
            given = Options(**options, rejects=rejects)  # type: ignore[arg-type]
            load.load_files(self._session, [str(self._file)], given, report=Table(RESULT))
        found = self._bad.read_text().splitlines() if self._bad.exists() else []
        return (
            self._session.execute(_LOADED).fetchall(),
            [{**json.loads(line), "load": 0} for line in found],
        )

    def is_refused(self, command: Any, text: bytes) -> bool:
        """Whether the server refuses a row of CSV."""
        try:
            with (
                self._session.transaction(force_rollback=True),
                self._session.cursor() as cursor,
                cursor.copy(command) as copy,
            ):
                copy.write(text)
        except psycopg.Error:
            return True
        return False


def plain_lines(session: Session, dialect: Dialect) -> PlainLines:
    given = (dialect, "iso", load.AS_IS.time_range)
    target = find_target(session, "events")
    return PlainLines(target, Fields(target, Documents(), *given), *given)


def test_usual_values(plain_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them are sent as CSV, also between others, and the rows keep their order."""
    monkeypatch.setattr(plainlines, "BLOCK", 1)
    text = [
        f'{{"customer_id":5,"{name}":{each}}}'.encode()
        for name, values in _USUAL.items()
        if name != "customer_id"
        for each in values
    ]
    text += [
        f'{{"event_type":"b","customer_id":{each}}}'.encode() for each in _USUAL["customer_id"]
    ]
    with open_session(plain_dsn, "test") as session:
        ways = Ways(session, tmp_path, monkeypatch)
        quick = ways.load(text, Dialect(), quick=True)
        assert (ways.copied, ways.staged, ways.retried) == (len(text), 0, 0)
        assert quick == ways.load(text, Dialect(), quick=False)
        assert (ways.copied, len(quick[0])) == (len(text), len(text))
        odd = [line[:-1] + b',"source":1.50}' for line in text]
        mixed = [text[0], *(line for pair in zip(text, odd, strict=True) for line in pair)]
        quick = ways.load(mixed, Dialect(), quick=True)
        assert (ways.copied, ways.staged, ways.retried) == (2 * len(text) + 1, len(text), 0)
        assert quick == ways.load(mixed, Dialect(), quick=False)


@pytest.mark.parametrize(
    "line",
    [
        b'{"customer_id":1,"value":-0.0}', b'{"customer_id":1,"value":-0e5}', b'{"customer_id":1.0}',
        b'{"customer_id":1e2}', b'{"customer_id":1,"event_type":1.50}', b'{"customer_id":1,"event_type":{}}',
        b'{"customer_id":1,"event_type":"\\u0000"}', b'{"customer_id":1,"odd":"\\u0000"}',
        b'{"customer_id":1,"odd":"\\ud800"}', b'{"customer_id":1,"odd":"\xff"}', b'{"customer_id":1,"odd":1e999999}',
        b'{"customer_id":1,"odd":[1e-20000]}', b'{"customer_id":1,"odd":1.' + b"9" * 20_000 + b"}",
        b'{"customer_id":1,"odd":"\\x"}', b'{"customer_id":1,"odd":01}', b'{"customer_id":1,"odd":"a\tb"}',
        b'{"customer_id":1,"amount":1e999999,"amount":1}', b'{"customer_id":1,"\\u0061mount":1e999999,"amount":1}',
        b'{"customer_id":1,"properties":{"a":1e999999},"properties":{}}', b'{"customer_id":1,"amount":"1\\u0030"}',
        b'{"customer_id":1,"amount":[1]}', b'{"customer_id":1,"amount":01}', b'{"customer_id":1,"amount":true}',
        b'{"customer_id":1,"event_time":"now"}', b'{"customer_id":1,"event_time":null,"event_time":"2999-01-01"}',
        b'{"customer_id":1,"event_time":"2999-01-01"}', b'{"customer_id":1,"event_time":20240501}',
        b'{"customer_id":1,"tags":["a"]}', b'{"customer_id":1,"raw":{"b":1,"a":2}}', b'{"customer_id":1}{"customer_id":1}',
        b'{"customer_id":1} {"customer_id":1}', b"", b"[]", b'{"customer_id":1', b'{"customer_id":1}x', b"null",
    ],
)  # fmt: skip
def test_unusual_values(lab_session: Session, line: bytes) -> None:
    """They are left to the server, although another line is as it should be."""
    fields = (
        b'{"customer_id":1,"event_time":"2024-05-01"}' if b"time" in line else b'{"customer_id":1}'
    )
    good = fields + b"\n"
    plain = plain_lines(lab_session, Dialect(ignore_unknown=b"odd" in line))
    ((command, text),) = plain.read([good + good])
    assert command is not None
    ((command, text),) = plain.read([good + line + b"\n"])
    assert (command, text) == (None, good + line + b"\n")


def test_two_lines_are_two_documents(lab_session: Session) -> None:
    """As many documents as line breaks are not enough."""
    text = b'{"customer_id":1}{"customer_id":2}\n{"customer_id":\n3}\n'
    ((command, _),) = plain_lines(lab_session, Dialect()).read([text])
    assert command is None
    ((command, _),) = plain_lines(lab_session, Dialect()).read([b'{"customer_id":1,"odd":2}'])
    assert command is None


def test_a_default_is_for_all_lines_or_none(lab_session: Session) -> None:
    """COPY cannot give some rows the default of a column, and others a value."""
    timed, other = b'{"customer_id":1,"event_time":"2024-05-01"}\n', b'{"customer_id":1}\n'
    plain = plain_lines(lab_session, Dialect())
    texts = [
        timed,
        other,
        timed + other,
        other + timed,
        timed,
        timed.replace(b'"2024-05-01"', b"null"),
    ]
    found = [next(plain.read([text])) for text in texts]
    assert [text for command, text in found if command] == [
        b'"2024-05-01",1\n', b"1\n", b'"2024-05-01",1\n', b"null,1\n",
    ]  # fmt: skip
    assert [command is None for command, _ in found] == [False, False, True, True, False, False]


def test_they_are_what_the_server_makes_of_them(
    plain_dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line that is sent as CSV becomes the same row as from its document, or none."""
    monkeypatch.setattr(plainlines, "BLOCK", 1)
    counts = {"good": 0, "bad": 0, "left": 0}
    with open_session(plain_dsn, "test") as session:
        ways = Ways(session, tmp_path, monkeypatch)

        @seed(9)
        @settings(max_examples=_EXAMPLES, deadline=None, database=None)
        @given(_lines, _dialects)
        def compare(text: list[bytes], dialect: Dialect) -> None:
            text = [b'{"customer_id":1}', *text]  # by which the format is known
            stored, bad = ways.load(text, dialect, quick=False)
            assert ways.load(text, dialect, quick=True) == (stored, bad)
            plain = plain_lines(session, dialect)
            sent = [next(plain.read([line + b"\n"])) for line in text]
            wrong = {row["line"] for row in bad}
            good = []
            for number, (line, (command, csv)) in enumerate(zip(text, sent, strict=True), 1):
                if command is None:
                    counts["left"] += 1
                elif number in wrong:
                    counts["bad"] += 1
                    assert ways.is_refused(command, csv), line
                else:
                    counts["good"] += 1
                    good.append(line)
            # None of these is bad, so that nothing is loaded with more care than the first time.
            before = ways.staged, ways.retried
            quick = ways.load(good, dialect, quick=True)
            assert (ways.staged, ways.retried) == before
            assert quick == ways.load(good, dialect, quick=False)

        compare()
    assert counts["good"] > 3 * _EXAMPLES
    assert counts["bad"]
    assert counts["left"]
    assert ways.copied
    assert ways.staged


def test_tables_that_take_no_copy(db: Connection, dsn: str, tmp_path: Path) -> None:
    """What a rule, a trigger or row security does with an INSERT is done as before."""
    with open_session(dsn, "test") as session:
        assert find_target(session, "events").takes_copy
    db.execute("create table plain (customer_id bigint, n int)")
    db.execute("create table seen (n int)")
    db.execute("create rule also as on insert to plain do also insert into seen values (new.n)")
    path = write(tmp_path / "a.ndjson", lines({"customer_id": 1, "n": 7}))
    assert load_as(dsn, path, table="plain") == (1, 0)
    assert rows(db, "select n from seen") == [(7,)]
    db.execute("drop rule also on plain")
    with open_session(dsn, "test") as session:
        assert find_target(session, "plain").takes_copy
        db.execute(
            "create function note() returns trigger language plpgsql as"
            " $$ begin insert into seen values (0); return null; end $$"
        )
        db.execute("create trigger note after insert on plain execute function note()")
        assert not find_target(session, "plain").takes_copy
    # Between lines that would be sent by COPY, one that would be staged: two statements.
    text = lines(
        {"customer_id": 1, "n": 8}, {"customer_id": 1, "n": 9.0}, {"customer_id": 1, "n": 8}
    )
    other = write(tmp_path / "b.ndjson", text.replace(b"9.0", b'"9"'))
    assert load_as(dsn, other, table="plain") == (3, 0)
    assert rows(db, "select n from seen") == [(7,), (0,)]
