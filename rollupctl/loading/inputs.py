"""Open a file in whatever format it is."""

from __future__ import annotations

from dataclasses import replace

from rollupctl.errors import UsageError
from rollupctl.loading.columnar import ColumnarContent, columnar_form
from rollupctl.loading.content import UTF8, Content
from rollupctl.loading.csvfile import CsvFile, open_csv, read_head
from rollupctl.loading.dialect import AUTO, CSV, Dialect
from rollupctl.loading.documents import is_documents, open_documents
from rollupctl.loading.loglines import is_log, open_log

CSV_FORM, NDJSON, PARQUET, ARROW, CLF = "csv", "ndjson", "parquet", "arrow", "clf"
FORMS = (AUTO, CSV_FORM, NDJSON, PARQUET, ARROW, CLF)


def open_input(path: str, dialect: Dialect = CSV) -> CsvFile:
    """Open `path` ("-" for standard input), and read its beginning.

    Raises BadFileError if the file does not exist, cannot be read, or does not begin as a file of
    its format does.
    """
    content = Content(path, dialect.encoding)
    try:
        head = read_head(content, dialect.quote)
        form = _form(head, dialect)
        if form == NDJSON:
            return open_documents(content, head, dialect)
        if form == CLF:
            return open_log(content, head, dialect)
        if form in (PARQUET, ARROW):
            if dialect.encoding != UTF8 or dialect.columns or dialect.has_commas:
                raise UsageError("--encoding, --columns and --decimal are for files of text")
            content = ColumnarContent(content, head, form)
            dialect = replace(dialect, delimiter=CSV.delimiter, quote=CSV.quote, null=None)
            head = read_head(content)
        return open_csv(content, head, dialect)
    except BaseException:
        content.close()
        raise


def _form(head: bytes, dialect: Dialect) -> str:
    if dialect.form != AUTO:
        return dialect.form
    if form := columnar_form(head):
        return form
    if dialect.columns:
        return CSV_FORM
    if is_documents(head):
        return NDJSON
    return CLF if is_log(head) else CSV_FORM
