"""Logs of web servers, in the common or the combined format."""

from __future__ import annotations

import re

from psycopg import sql

from rollupctl.errors import UsageError
from rollupctl.loading.content import Content
from rollupctl.loading.csvfile import CsvFile
from rollupctl.loading.dialect import Dialect
from rollupctl.loading.documents import Documents, line_file
from rollupctl.loading.qualified import qualified

_QUOTED = r'"((?:[^"\\]|\\.)*)"'
# Other fields may follow, but not a part of these.
_LINE = (
    r"^(\S+) \S+ (\S+) \[(\d\d)/([A-Z][a-z]{2})/(\d{4}):(\d\d:\d\d:\d\d) ([-+]\d{4})\] "
    + _QUOTED
    + r" (\d{3}) (\d+|-)(?: "
    + _QUOTED
    + " "
    + _QUOTED
    + r'(?:\s.*)?|\s+[^"\s].*|\s*)$'
)
# What tells a log, also where its first lines are broken or in another format.
_TIME = re.compile(rb" \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [-+]\d{4}\] \"")
_FIRST_LINES = 20
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_FIELDS = """
select line, case when m is not null then pg_catalog.jsonb_strip_nulls(
    pg_catalog.jsonb_build_object(
        'host', m[1],
        'user', case when m[2] <> '-' then m[2] end,
        'time', pg_catalog.format('%s-%s-%s %s%s', m[5], pg_catalog.lpad(
                    pg_catalog.array_position({months}::pg_catalog.text[], m[4])::pg_catalog.text,
                    2, '0'), m[3], m[6], m[7]),
        'request', case when m[8] !~ '^[A-Z]+ ' then m[8] end,
        'method', pg_catalog.substring(m[8], '^([A-Z]+) '),
        'path', pg_catalog.substring(m[8], '^[A-Z]+ ([^ ?]+)'),
        'query', pg_catalog.substring(m[8], '^[A-Z]+ [^ ?]+[?]([^ ]*)'),
        'protocol', pg_catalog.substring(m[8], ' (HTTP/[0-9.]+)$'),
        'status', m[9],
        'bytes', case when m[10] <> '-' then m[10] end,
        'referer', case when m[11] <> '-' then m[11] end,
        'agent', case when m[12] <> '-' then m[12] end)) end as d
  from (select line, pg_catalog.regexp_match(document, {pattern}) as m
          from {stage} where {row} offset 0) s offset 0
"""


def is_log(head: bytes) -> bool:
    """Whether a content that begins with `head` is a log."""
    return any(map(_TIME.search, head.split(b"\n", _FIRST_LINES)[:_FIRST_LINES]))


def open_log(content: Content, head: bytes, dialect: Dialect) -> CsvFile:
    """The log of `content`, whose beginning `head` has been read; raises UsageError for options
    that mean nothing here.
    """
    if dialect.columns:
        raise UsageError("--columns is for CSV files", "the fields of a log have names")
    return line_file(content, head, dialect, LogLines())


class LogLines(Documents):
    """The fields of a line as a document: host, user, time, request and its parts, status, bytes,
    referer, agent. Those that no column has are left out, because every line has them.
    """

    flaw = "is not a line of the common or combined log format"
    usual_time = "time"
    valid = sql.SQL("d is not null")
    are_fixed = True

    def rows(self, stage: sql.Identifier, condition: sql.Composable) -> sql.Composed:
        """The staged lines of a condition, with `d`."""
        return qualified(_FIELDS).format(pattern=_LINE, months=_MONTHS, stage=stage, row=condition)
