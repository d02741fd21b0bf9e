"""The text of a part as COPY reads it into the stage: whole, or record by record."""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import sql

from rollupctl.loading.copycommand import copy_csv
from rollupctl.loading.csvfile import CsvFile
from rollupctl.loading.dialect import Dialect
from rollupctl.loading.fields import STAGE
from rollupctl.loading.parts import Part
from rollupctl.loading.records import Record, csv_records, documents
from rollupctl.loading.source import Source
from rollupctl.loading.target import Target


class StagedText:
    """How the records of a file are written into the stage."""

    def __init__(self, file: CsvFile, source: Source, target: Target, columns: list[str]) -> None:
        """`columns` of the table are those that the fields of a CSV file are for."""
        self._file = file
        self._source = source
        is_text = {c.name: c.is_text for c in target.columns}
        self._not_text = [
            name
            for name, column in zip(source.columns, columns, strict=False)
            if not is_text.get(column, True)
        ]

    def command(
        self, dialect: Dialect, *, header: bool, before: tuple[str, ...] = ()
    ) -> sql.Composed:
        """The COPY of text as it came; NULL is what it is in a COPY into the table."""
        names = [*before, *self._source.columns]
        return copy_csv(STAGE, names, dialect, header=header, not_text=self._not_text)

    def numbered_command(self) -> sql.Composed:
        """The COPY of records with the numbers of their lines."""
        if self._file.source:
            return sql.SQL("copy {} (line, document) from stdin").format(STAGE)
        return self.command(self._file.dialect, header=False, before=("line",))

    def numbered(self, record: Record) -> bytes:
        """A record with the number of its line."""
        number = str(record.line).encode()
        if not self._file.source:
            return number + self._file.dialect.delimiter.encode() + record.raw + b"\n"
        raw = record.raw.replace(b"\\", b"\\\\").replace(b"\t", b"\\t").replace(b"\r", b"\\r")
        return number + b"\t" + raw + b"\n"

    def records(self, part: Part) -> Iterator[Record]:
        """The records of a part, once more."""
        if self._file.source:
            return documents(part.again())
        header = not part.start and not self._file.dialect.columns
        return csv_records(
            part.again(), self._file.dialect, part.line_end, len(self._file.header), header=header
        )
