"""Open a file in whatever format it is."""

from __future__ import annotations

from rollupctl.loading.content import Content
from rollupctl.loading.csvfile import CsvFile, open_csv, read_head
from rollupctl.loading.dialect import AUTO, CSV, Dialect
from rollupctl.loading.documents import is_documents, open_documents

CSV_FORM, NDJSON = "csv", "ndjson"
FORMS = (AUTO, CSV_FORM, NDJSON)


def open_input(path: str, dialect: Dialect = CSV) -> CsvFile:
    """Open `path` ("-" for standard input), and read its beginning.

    Raises BadFileError if the file does not exist, cannot be read, or does not begin as a file of
    its format does.
    """
    content = Content(path, dialect.encoding)
    try:
        head = read_head(content, dialect.quote)
        if _form(head, dialect) == NDJSON:
            return open_documents(content, head, dialect)
        return open_csv(content, head, dialect)
    except BaseException:
        content.close()
        raise


def _form(head: bytes, dialect: Dialect) -> str:
    if dialect.form != AUTO:
        return dialect.form
    return NDJSON if is_documents(head) and not dialect.columns else CSV_FORM
