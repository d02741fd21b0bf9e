"""rollupctl load: compressed files, directories and patterns, encodings, mapped and constant columns."""

from __future__ import annotations

import bz2
import gzip
import io
import itertools
import lzma
import os
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollupctl.loading.dialect import Constants, Dialect
from rollupctl.loading.unpack import unpack
from tests.conftest import Connection, Rollupctl
from tests.helpers import rows, value
from tests.test_load import GOOD, HEADER, count, events, write
from tests.test_load_documents import load_as

TEXT = HEADER + "7,buy,Österreich,opera,70,700\n" * 3


def zstd(data: bytes) -> bytes:
    zstandard = pytest.importorskip("zstandard")
    packed: bytes = zstandard.compress(data)
    return packed


COMPRESSED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "two members": lambda data: gzip.compress(data[:50]) + gzip.compress(data[50:]),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstd,
    "two frames": lambda data: zstd(data[:50]) + zstd(data[50:]),
}


@pytest.mark.parametrize("how", COMPRESSED)
def test_compression_is_told_by_content(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path, how: str
) -> None:
    packed = COMPRESSED[how](TEXT.encode())
    done = rollupctl("load", write(tmp_path / "a.txt", packed))
    assert (done.returncode, done.stderr) == (0, "")
    assert {row[2] for row in events(db)} == {"Österreich"}
    # The same content, whatever holds it.
    assert rollupctl("load", write(tmp_path / "a.csv", TEXT)).returncode == 0
    assert rollupctl("load", "-", input=packed).returncode == 0
    assert rollupctl("load", str(tmp_path / "a.txt")).returncode == 0
    assert count(db) == 3
    assert rows(db, "select bytes from rollup.loads") == [(len(TEXT.encode()),)]


@pytest.mark.parametrize("how", COMPRESSED)
def test_content_that_is_cut_off_loads_nothing(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path, how: str
) -> None:
    packed = COMPRESSED[how]((HEADER + GOOD * 50_000).encode())
    for at in (len(packed) // 2, len(packed) - 3):
        done = rollupctl("load", write(tmp_path / "a.csv", packed[:at]))
        assert done.returncode == 1
        assert "compressed content is damaged or cut off" in done.stderr
    assert count(db) == 0


@pytest.mark.parametrize("how", COMPRESSED)
def test_frames_that_follow_each_other(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path, how: str
) -> None:
    pack = COMPRESSED[how]
    packed = pack(HEADER.encode()) + pack(b"") + pack(GOOD.encode()) + pack(GOOD.encode() * 9)
    assert rollupctl("load", write(tmp_path / "a", packed)).returncode == 0
    assert count(db) == 10
    # One that is damaged at its beginning is not the end of those before it.
    for damaged in (b"x" + pack(GOOD.encode())[1:], b"\0\0x", pack(GOOD.encode())[:-1]):
        done = rollupctl("load", write(tmp_path / "b", pack(HEADER.encode() * 2) + damaged))
        assert "compressed content is damaged or cut off" in done.stderr
    assert count(db) == 10
    zeros = pack(HEADER.encode()) + bytes(512) + pack(GOOD.encode()) + bytes(70_000)
    assert rollupctl("load", write(tmp_path / "c", zeros)).returncode == 0
    assert count(db) == 11


def test_a_frame_of_zstd_that_is_skipped(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    pack = COMPRESSED["zstd"]
    skipped = b"\x50\x2a\x4d\x18\4\0\0\0abcd"
    packed = skipped + pack(HEADER.encode()) + skipped + pack(GOOD.encode()) + skipped
    assert rollupctl("load", write(tmp_path / "a", packed)).returncode == 0
    assert count(db) == 1


def test_what_expands_a_lot_comes_in_pieces() -> None:
    for how in ("gzip", "bzip2", "xz"):
        packed = COMPRESSED[how](bytes(50_000_000))
        unpacked = unpack(packed[:6], io.BytesIO(packed), "a", "a")
        assert unpacked
        assert {len(unpacked.read(65536)) for _ in range(700)} == {65536}


def test_standard_input_from_a_file(
    db: Connection, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Path(write(tmp_path / "a.csv", "first\n" + TEXT))
    for added in (3, 0):
        with path.open() as file:
            os.lseek(file.fileno(), 6, os.SEEK_SET)  # as after `read` of a shell
            monkeypatch.setattr(sys, "stdin", file)
            assert load_as(dsn, "-") == (added, 0)
    assert rows(db, "select bytes from rollup.loads") == [(len(TEXT.encode()),)]


def test_directories_and_patterns(db: Connection, rollupctl: Rollupctl, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        write(tmp_path / f"{number}.csv", HEADER + GOOD * number)
    write(tmp_path / ".hidden.csv", "no events")
    write(tmp_path / "_SUCCESS", "")
    assert rollupctl("load", str(tmp_path / "[12].csv")).returncode == 0
    assert count(db) == 3
    assert rollupctl("load", str(tmp_path)).returncode == 0
    assert count(db) == 6
    # A name that exists is no pattern.
    assert rollupctl("load", write(tmp_path / "[4].csv", HEADER + GOOD * 4)).returncode == 0
    assert count(db) == 10


@pytest.mark.parametrize("encoding", ["latin1", "cp1252", "utf-16", "utf-16-be"])
def test_encodings(db: Connection, rollupctl: Rollupctl, tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "a.csv", TEXT.encode(encoding))
    done = rollupctl("load", path, "--encoding", encoding)
    assert (done.returncode, done.stderr) == (0, "")
    assert {row[2] for row in events(db)} == {"Österreich"}


def test_an_encoding_that_does_not_fit(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", (HEADER + GOOD).encode() + b"1,\x81,a,b,1,1\n")
    done = rollupctl("load", path, "--encoding", "cp1252")
    assert done.returncode == 1
    assert "is not cp1252: byte 0x81" in done.stderr
    assert rollupctl("load", path, "--encoding", "klingon").returncode == 2
    assert rollupctl("load", path, "--encoding", "rot13").returncode == 2
    assert count(db) == 0


def test_a_file_without_a_header(db: Connection, rollupctl: Rollupctl, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", GOOD * 2)
    columns = HEADER.strip()
    assert rollupctl("load", path, "--columns", columns).returncode == 0
    assert count(db) == 2
    path = write(tmp_path / "b.csv", "1,2024-06-01 10:00\n1,now\n")
    done = rollupctl("load", path, "--columns", "customer_id, event_time")
    assert "line 2, column event_time" in done.stderr
    path = write(tmp_path / "c.csv", "1,now\n")
    done = rollupctl("load", path, "--columns", "customer_id,event_time")
    assert "line 1, column event_time" in done.stderr
    path = write(tmp_path / "d.csv", "1,x\n")
    done = rollupctl("load", path, "--columns", "customer_id,device_id")
    assert "line 1, column device_id" in done.stderr
    assert count(db) == 2


def test_a_bom_before_the_first_value(db: Connection, rollupctl: Rollupctl, tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "\ufeff7,buy\n8,buy\n")
    done = rollupctl("load", path, "--columns", "customer_id,event_type")
    assert done.returncode == 0, done.stderr
    assert rows(db, "select customer_id from events order by 1") == [(7,), (8,)]


def test_columns_by_another_name_and_constants(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", 'site,land,what\n7,AT,"a\n""b"""\n7,,c')
    mapped = ["--map", "customer_id=site", "--map", "country=land", "--map", "event_type=what"]
    options = [*mapped, "--set", 'browser=a, "b"\nc', "--set", "device_id=5"]
    done = rollupctl("load", path, *options)
    assert (done.returncode, done.stderr) == (0, "")
    assert events(db) == [
        (7, 'a\n"b"', "AT", 'a, "b"\nc', 5, None),
        (7, "c", None, 'a, "b"\nc', 5, None),
    ]
    for wrong, said in (
        (["--map", "path=nation"], "there is no field 'nation' to map"),
        (["--set", "nation=DE"], "has no column 'nation'"),
    ):
        done = rollupctl("load", path, *mapped, *wrong)
        assert (done.returncode, said in done.stderr) == (1, True), done.stderr
    done = rollupctl("load", path, *mapped, "--set", "customer_id=1")
    assert (done.returncode, "named twice" in done.stderr) == (2, True), done.stderr
    for wrong in (["--set", "country"], ["--map", "=x"], ["--set", "a=1", "--set", "a=2"],
                  ["--map", "country=x", "--map", "path=x"]):  # fmt: skip
        assert rollupctl("load", path, *wrong).returncode == 2


_GERMAN = (
    '"Kunden-Nr";"Zeit";"Stadt, Land";"Betrag";"Stück"\r\n'
    '"7";"31.12.2024";"Köln";"1.234,56";"1.000"\r\n'
    '"7";"31.12.2024 13:45";"";"";""\r\n'
    '"7";"01.02.2025 08:00";"Österreich";-0,5;3\r\n'
)
_FOR_GERMAN = {"Kunden-Nr": "customer_id", "Zeit": "event_time", "Stadt, Land": "country",
               "Betrag": "amount", "Stück": "quantity"}  # fmt: skip


@pytest.mark.parametrize(("encoding", "delimiter"), [("cp1252", ";"), ("utf-16", "tab")])
def test_messages_lead_to_an_export_in_german(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path, encoding: str, delimiter: str
) -> None:
    """Who knows only what the columns mean, and does what the messages say, gets the file in."""
    text = _GERMAN if delimiter == ";" else _GERMAN.replace(";", "\t")
    path = write(tmp_path / "umsatz.csv", text.encode(encoding))
    options: list[str] = []
    for _ in range(12):
        done = rollupctl("load", path, *options)
        if done.returncode == 0:
            break
        if unknown := re.search("has no column '(.*)'", done.stderr):
            options += ["--map", f"{_FOR_GERMAN[unknown[1]]}={unknown[1]}"]
        else:
            hint = done.stderr.partition("\nhint: ")[2]
            said = re.search(r"--[a-z-]+ (?:'[^']*'|[\w-]+)", hint)
            assert said, done.stderr
            options += shlex.split(said[0])
    assert done.returncode == 0, done.stderr
    assert len(options) == 2 * (5 + len(_FOR_GERMAN))
    assert {options[at]: options[at + 1] for at in range(0, len(options), 2)}.items() >= {
        "--encoding": encoding, "--delimiter": delimiter, "--null": "", "--time-format": "dmy",
        "--decimal": ",",
    }.items()  # fmt: skip
    found = "select event_time at time zone 'UTC', country, amount::text, quantity from events order by event_id"
    assert [(f"{row[0]}", *row[1:]) for row in rows(db, found)] == [
        ("2024-12-31 00:00:00", "Köln", "1234.56", 1000),
        ("2024-12-31 13:45:00", "", None, None),
        ("2025-02-01 08:00:00", "Österreich", "-0.5", 3),
    ]


@pytest.mark.parametrize("word", ["NA", "n/a", "#N/A", "None", "(null)", "\\N", "-", "?"])
def test_words_for_no_value(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path, word: str
) -> None:
    path = write(tmp_path / "a.csv", f"customer_id,amount\n1,{word}\n")
    done = rollupctl("load", path)
    assert f"hint: where {word} stands for no value, say --null '{word}'" in done.stderr
    told = shlex.split(done.stderr.partition("say ")[2].partition(";")[0])
    done = rollupctl("load", path, *told)
    assert done.returncode == 0, done.stderr
    assert rows(db, "select customer_id, amount from events") == [(1, None)]


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("1,5", "1.5"), ("-1.234.567,80", "-1234567.80"), ("12", "12"), ("1.234", "1234"), ("+0,50", "0.50"),
        ("1.5", None), ("1.2345", None), ("1,2,3", None), ("12.34,5", None), ("1.234,", None), ("x", None),
    ],
)  # fmt: skip
def test_numbers_with_a_comma(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path, written: str, stored: str | None
) -> None:
    """1.5 is no number where a point stands between thousands."""
    path = write(tmp_path / "a.csv", f"customer_id;amount\n1;{written}\n")
    done = rollupctl("load", path, "--delimiter", ";", "--decimal", ",")
    assert done.returncode == (stored is None), done.stderr
    assert rows(db, "select amount::text from events") == ([(stored,)] if stored else [])
    if stored is None:
        assert (
            f'line 2, column amount: invalid input syntax for type numeric: "{written}'
            in done.stderr
        )


def test_an_array_of_objects(rollupctl: Rollupctl, tmp_path: Path) -> None:
    path = write(tmp_path / "my export.json", '[\n  {"customer_id": 1},\n  {"customer_id": 2}\n]\n')
    done = rollupctl("load", path)
    assert done.returncode == 1
    assert f"`jq -c '.[]' '{path}' | rollupctl load -`" in done.stderr
    done = rollupctl("load", write(tmp_path / "one.json", '{\n  "customer_id": 1\n}\n'))
    assert "`jq -c . FILE | rollupctl load -`" in done.stderr
    wrong = rollupctl("load", path, "--decimal", ",", "--format", "ndjson")
    assert "--decimal is for CSV files" in wrong.stderr


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.lists(st.text('ab"\n\r,', max_size=5), min_size=2, max_size=2), max_size=8),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
    st.lists(st.integers(0, 60), max_size=6),
    st.text('c",\n', max_size=4),
)
def test_constants_end_every_record(
    records: list[list[str]], end: str, ends: bool, cuts: list[int], constant: str
) -> None:
    def quoted(text: str) -> str:
        return '"' + text.replace('"', '""') + '"'

    lines = ["h,i"] + [",".join(map(quoted, record)) for record in records]
    data = (end.join(lines) + (end if ends else "")).encode()
    constants = Constants(Dialect(constants={"k": constant}), end.encode())
    places = [0, *sorted(cuts), len(data)]
    sent = b"".join(constants.add(data[a:b]) for a, b in itertools.pairwise(places))
    expected = end.join(f"{line},{quoted(constant)}" for line in lines) + (end if ends else "")
    assert sent + constants.end() == expected.encode()


def test_a_constant_that_is_wrong_is_told_with_its_column(
    db: Connection, rollupctl: Rollupctl, tmp_path: Path
) -> None:
    path = write(tmp_path / "a.csv", HEADER.replace(",session_id", "") + "1,a,b,c,1\n")
    done = rollupctl("load", path, "--set", "session_id=x")
    assert (done.returncode, value(db, "select count(*) from events")) == (1, 0)
    assert 'line 2, column session_id: "x" is not a valid bigint' in done.stderr
