"""Files of JSON, one object a line: each field goes to the column of its name."""

from __future__ import annotations

from collections.abc import Sequence

from psycopg import sql

from rollupctl.errors import BadFileError, UsageError
from rollupctl.loading.content import Content
from rollupctl.loading.csvfile import BOM, CsvFile
from rollupctl.loading.dialect import Dialect
from rollupctl.loading.qualified import qualified

# A line becomes one field of CSV. In valid JSON, control characters do not stand in strings.
_DELIMITER, _QUOTE = "\x01", "\x02"


def open_documents(content: Content, head: bytes, dialect: Dialect) -> CsvFile:
    """The file of `content`, whose beginning `head` has been read.

    Raises BadFileError for a JSON array, UsageError for options that mean nothing here.
    """
    if dialect.columns:
        raise UsageError("--columns is for CSV files", "fields of JSON have names of their own")
    if dialect.has_commas:
        raise UsageError("--decimal is for CSV files", "numbers of JSON have a point")
    first = head.removeprefix(BOM).lstrip()[:1]
    if first == b"[":
        raise BadFileError(
            f"{content.name}: is a JSON array, not one object a line",
            f"convert it on the way: `jq -c '.[]' {content.shell_name} | rollupctl load -`",
        )
    if not first:
        raise BadFileError(f"{content.name}: is empty", "one JSON object a line is needed")
    return line_file(content, head, dialect, Documents())


def line_file(content: Content, head: bytes, dialect: Dialect, source: Documents) -> CsvFile:
    """A file whose lines are staged as they are."""
    lines = Dialect(_DELIMITER, _QUOTE, encoding=dialect.encoding, columns=("document",))
    return CsvFile(content.name, content, ["document"], head, lines, source)


def is_documents(head: bytes) -> bool:
    """Whether a content that begins with `head` is JSON."""
    return head.removeprefix(BOM).lstrip()[:1] in (b"{", b"[")


class Documents:
    """How the fields of staged lines are written in SQL, `d` being the line as jsonb."""

    columns = ("document",)
    # JSON takes a carriage return for white space.
    row = "pg_catalog.rtrim(document, E' \\t\\r') <> ''"
    # A document that is no object has no fields, so it must not count as one that has none.
    valid: sql.Composable = qualified("(pg_catalog.jsonb_typeof(d) = 'object')")
    flaw = "is not a JSON object"
    has_header = False
    usual_time: str | None = None
    are_fixed = False

    def rows(self, stage: sql.Identifier, condition: sql.Composable) -> sql.Composed:
        """The staged lines of a condition, with `d`."""
        return sql.SQL(
            "select line, document::pg_catalog.jsonb as d from {} where {} offset 0"
        ).format(stage, condition)

    def offers(self, field: str) -> bool:
        """Whether a row may have the field."""
        return True

    def has(self, field: str) -> sql.Composable:
        """Whether the row has the field."""
        if "." not in field:
            return qualified("(d ? {})").format(field)
        return sql.SQL("{} is not null").format(self.json(field))

    def json(self, field: str) -> sql.Composable:
        """The field as jsonb; a dot leads into an object, unless a name has it."""
        if "." not in field:
            return qualified("(d -> {})").format(field)
        return qualified("coalesce(d -> {}, d #> {})").format(field, _path(field))

    def text(self, field: str) -> sql.Composable:
        """The field as text."""
        if "." not in field:
            return qualified("(d ->> {})").format(field)
        return qualified("coalesce(d ->> {}, d #>> {})").format(field, _path(field))

    def rest(self, known: Sequence[str]) -> sql.Composable:
        """The document without the fields `known`."""
        text: sql.Composable = qualified("(d - {}::pg_catalog.text[])").format(list(known))
        for field in known:
            if "." in field:
                text = qualified("({} #- {})").format(text, _path(field))
        return text

    def is_known(self, known: Sequence[str]) -> sql.Composable:
        """Whether the document has the fields `known` only."""
        if not any("." in field for field in known):
            return qualified("({} = '{{}}'::pg_catalog.jsonb)").format(self.rest(known))
        # Taking a field out may leave an empty object behind.
        return sql.SQL(
            "not pg_catalog.jsonb_path_exists({}, '$.** ? (@.type() != \"object\")')"
        ).format(self.rest(known))


def _path(field: str) -> sql.Composable:
    return sql.SQL("{}::pg_catalog.text[]").format(field.split("."))
