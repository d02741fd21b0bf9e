"""The file of rejected rows: what could not be loaded, as it came, and why."""

from __future__ import annotations

import base64
import fcntl
import json
import os
from pathlib import Path
from typing import Any

from rollupctl.connect import Session, query
from rollupctl.errors import BadFileError
from rollupctl.loading.content import NOTHING_LOADED, STDIN, printable
from rollupctl.loading.parts import Part
from rollupctl.loading.receive import Rejected

_COMMITTED = """
select load_id, bytes from rollup.loads where load_id = any (%s::pg_catalog.int8[])
"""


class RejectFile:
    """Rows of JSON: load, source, line, byte (where the row begins in the text), column, reason,
    row. A row that is not text is in base64, as row_base64.

    Rows are written before their part commits. If it never does, the next loader that opens the
    file takes them out, since it finds the load in the ledger not to have come so far.
    """

    def __init__(self, path: str, most: int) -> None:
        """Opens the file, and locks it for this loader; not more than `most` rows are taken."""
        self.name = printable(path)
        if path == STDIN:
            raise BadFileError("--reject -: bad rows are kept in a file", "name a file")
        self._most = most
        self._count = 0  # rows of this loader that stay
        self._committed = 0  # bytes that stay
        try:
            self._file = Path(path).open("a+", encoding="utf-8")  # noqa: SIM115 -- by __exit__()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise BadFileError(f"{self.name}: {reason}") from None
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
        rows = []
        for number, line in enumerate(self._file, 1):
            try:
                row = json.loads(line)
                rows.append((line, int(row["load"]), int(row["byte"])))
            except (ValueError, KeyError, TypeError):
                if not line.endswith("\n"):
                    break  # cut off by the end of the loader that wrote it
                raise BadFileError(
                    f"{self.name}, line {number}: is not a rejected row",
                    "name a file that does not exist, or one that --reject has written",
                ) from None
        loads = sorted({load for _, load, _ in rows})
        reached: dict[int, int] = {}
        if loads:
            reached = {load: int(size) for load, size in query(session, _COMMITTED, loads).rows}
        kept = [line for line, load, byte in rows if byte < reached.get(load, 0)]
        if sum(len(line.encode()) for line in kept) != os.fstat(self._file.fileno()).st_size:
            self._file.seek(0)
            self._file.truncate()
            self._file.writelines(kept)
            self._flush()
        self.committed(0)

    def write(self, load_id: int, part: Part, rejected: list[Rejected]) -> None:
        """Append the bad rows of a part; raises BadFileError if they are too many.

        They replace those of the attempt before, unless that has committed.
        """
        os.ftruncate(self._file.fileno(), self._committed)
        if self._count + len(rejected) > self._most:
            first = rejected[self._most - self._count]
            line = part.lines_before + first.record.line
            raise BadFileError(
                f"{part.name}, line {line}: more than {self._most} rows are bad, this one "
                f"because: {first.flaw.reason}",
                f"see {self.name}; --max-rejects allows more; {NOTHING_LOADED}",
            )
        for each in rejected:
            self._file.write(json.dumps(_shown(load_id, part, each), ensure_ascii=False) + "\n")
        if rejected:
            self._flush()

    def committed(self, rejected: int) -> None:
        """Keep what was written: its part has committed, with so many bad rows."""
        self._count += rejected
        self._committed = os.fstat(self._file.fileno()).st_size

    def _flush(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())


def _shown(load_id: int, part: Part, rejected: Rejected) -> dict[str, Any]:
    record, flaw = rejected.record, rejected.flaw
    try:
        row = {"row": record.raw.decode()}
    except UnicodeDecodeError:
        row = {"row_base64": base64.b64encode(record.raw).decode()}
    return {
        "load": load_id,
        "source": part.name,
        "line": part.lines_before + record.line,
        "byte": part.start + record.start + part.bom,
        "column": flaw.column,
        "reason": flaw.reason,
        **row,
    }
