"""The file of rejected rows and messages: what could not be loaded, as it came, and why."""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rollupctl.connect import Session, query
from rollupctl.errors import BadFileError
from rollupctl.loading.content import NOTHING_LOADED, STDIN, printable
from rollupctl.loading.parts import Part
from rollupctl.loading.receive import Rejected

_COMMITTED = """
select load_id, bytes, position from rollup.loads where load_id = any (%s::pg_catalog.int8[])
"""

Row = dict[str, Any]


class RejectFile:
    """Rows of JSON: load, source, column, reason, row. A row that is not text is in base64, as
    row_base64. One of a file has its line and byte, where it begins in the text; a message has its
    place in the stream, and the position `after` which its batch begins.

    Rows are written before their part commits. If it never does, the next loader that opens the
    file takes them out, since it finds the load in the ledger not to have come so far.
    """

    def __init__(self, path: str, most: int | None) -> None:
        """Opens the file, and locks it for this loader; not more than `most` rows are taken."""
        self.name = printable(path)
        if path == STDIN:
            raise BadFileError("--reject -: bad rows are kept in a file", "name a file")
        place = Path(path)
        if place.exists() and not (place.is_file() or place.is_dir()):
            raise BadFileError(
                f"--reject {self.name}: is not a regular file, which could be read again",
                "name a file",
            )
        self._most = most
        self._count = 0  # rows of this loader that stay
        self._committed = 0  # bytes that stay
        try:
            self._file = place.open("a+", encoding="utf-8")
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise BadFileError(f"--reject {self.name}: {reason}") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise BadFileError(
                f"{self.name}: another loader writes its bad rows there",
                "name another file with --reject",
            ) from None

    def __enter__(self) -> RejectFile:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def clear_uncommitted(self, session: Session) -> None:
        """Take out the rows of parts that have not been committed.

        Raises BadFileError if the file has something else than rejected rows.
        """
        self._file.seek(0)
        rows: list[tuple[str, Row]] = []
        for number, line in enumerate(self._file, 1):
            try:
                row = json.loads(line)
                rows.append((line, row | {"load": int(row["load"])}))
                _ = row["after"] if "after" in row else int(row["byte"])
            except (ValueError, KeyError, TypeError):
                if not line.endswith("\n"):
                    break  # cut off by the end of the loader that wrote it
                raise BadFileError(
                    f"{self.name}, line {number}: is not a rejected row",
                    "name a file that does not exist, or one that --reject has written",
                ) from None
        loads = sorted({row["load"] for _, row in rows})
        reached: dict[int, tuple[int, str | None]] = {}
        if loads:
            found = query(session, _COMMITTED, loads).rows
            reached = {load: (size, position) for load, size, position in found}
        kept = [line for line, row in rows if _has_committed(row, reached.get(row["load"]))]
        if sum(len(line.encode()) for line in kept) != os.fstat(self._file.fileno()).st_size:
            self._file.seek(0)
            self._file.truncate()
            self._file.writelines(kept)
            self._flush()
        self.committed(0)

    def write(self, rows: Sequence[Row]) -> None:
        """Append the bad rows of a part; raises BadFileError if they are too many.

        They replace those of the attempt before, unless that has committed.
        """
        os.ftruncate(self._file.fileno(), self._committed)
        if self._most is not None and self._count + len(rows) > self._most:
            first = rows[self._most - self._count]
            raise BadFileError(
                f"{first['source']}, line {first['line']}: more than {self._most} rows are bad, "
                f"this one because: {first['reason']}",
                f"see {self.name}; --max-rejects allows more; {NOTHING_LOADED}",
            )
        for row in rows:
            self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
        if rows:
            self._flush()

    def committed(self, rejected: int) -> None:
        """Keep what was written: its part has committed, with so many bad rows."""
        self._count += rejected
        self._committed = os.fstat(self._file.fileno()).st_size

    def _flush(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())


def _has_committed(row: Row, reached: tuple[int, str | None] | None) -> bool:
    if reached is None:
        return False
    size, position = reached
    # The position of a stream never comes back to where it was.
    return row["after"] != position if "after" in row else int(row["byte"]) < size


def rows_of_part(load_id: int, part: Part, rejected: Sequence[Rejected]) -> list[Row]:
    """The bad rows of a part of a file."""
    return [
        {
            "load": load_id,
            "source": part.name,
            "line": part.lines_before + each.record.line,
            "byte": part.start + each.record.start + part.bom,
            "column": each.flaw.column,
            "reason": each.flaw.reason,
            **as_it_came(each.record.raw),
        }
        for each in rejected
    ]


def as_it_came(raw: bytes) -> Row:
    """A row as text, or in base64."""
    try:
        return {"row": raw.decode()}
    except UnicodeDecodeError:
        return {"row_base64": base64.b64encode(raw).decode()}
