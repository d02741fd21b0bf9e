"""Send one part of a file through COPY."""

from __future__ import annotations

import collections
import os
import select
import socket
from collections.abc import Iterable, Iterator

import psycopg
from psycopg import sql

from rollupctl.connect import Session
from rollupctl.errors import BadFileError
from rollupctl.loading.content import NOTHING_LOADED
from rollupctl.loading.dialect import Constants
from rollupctl.loading.parts import Part
from rollupctl.loading.progress import Advance
from rollupctl.loading.timecolumns import TimeColumns

_BUFFER = 1 << 20  # bytes of a Unix socket, as far as the system allows it


def copy_part(
    session: Session,
    part: Part,
    command: sql.Composed,
    advance: Advance,
    times: TimeColumns | None,
) -> int:
    """Stream the part through COPY; return the number of its rows.

    Raises BadFileError, or the server's error.
    """
    constants = Constants(part.dialect, part.line_end)
    cut_short = False
    wrong: BadFileError | None = None

    def chunks() -> Iterator[bytes]:
        """The text of the part, in chunks; ends early if the server has refused it."""
        nonlocal cut_short
        for chunk in part.rows():
            if times is None or not times.rewrites:
                copy.write(constants.add(chunk))
            advance(len(chunk))
            refused = _refused(session)
            yield chunk
            if refused:
                cut_short = True
                return

    _widen(session)
    with session.cursor() as cursor:
        try:
            with cursor.copy(command) as copy:
                try:
                    if times is None:
                        collections.deque(chunks(), maxlen=0)
                    elif times.rewrites:
                        for record in times.converted(chunks()):
                            copy.write(constants.add(record))
                    else:
                        times.check(chunks())
                    copy.write(constants.end())
                except BadFileError as error:
                    # An incomplete record cannot be checked.
                    wrong = None if cut_short else error
            # Leaving the block raises the server's error; nothing before that may commit.
        except psycopg.Error:
            if wrong is None:
                raise
        if wrong:
            raise wrong
        if cut_short:
            raise BadFileError(f"{part.name}: the server refused the data", NOTHING_LOADED)
        return cursor.rowcount


def copy_texts(session: Session, command: sql.Composed, texts: Iterable[bytes]) -> int:
    """Send texts through COPY; return the number of rows. Raises the server's error."""
    _widen(session)
    with session.cursor() as cursor:
        with cursor.copy(command) as copy:
            for text in texts:
                copy.write(text)
                if _refused(session):
                    break  # leaving the block raises the error
        return cursor.rowcount


def _widen(session: Session) -> None:
    """Let the server have work while the next chunk is prepared.

    A Unix socket takes more only once three quarters of its buffer are free, which by default
    leaves the server with 50 kB.
    """
    with socket.socket(fileno=os.dup(session.pgconn.socket)) as end:
        if end.family == socket.AF_UNIX:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)


def _refused(session: Session) -> bool:
    """Whether the server has reported an error while a COPY is still being sent.

    libpq reads it only at the end, so an error on line 2 of a huge file would be reported after the
    last line was sent. Waits until the server accepts or sends data, then inspects the pending
    messages (type byte, length, body) without consuming them. With TLS they cannot be inspected:
    False.
    """
    pgconn = session.pgconn
    if pgconn.ssl_in_use:
        return False
    readable, _, _ = select.select([pgconn.socket], [pgconn.socket], [])
    if not readable:
        return False
    with socket.socket(fileno=os.dup(pgconn.socket)) as peek:
        waiting = peek.recv(1 << 16, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    at = 0
    while at < len(waiting):
        if waiting[at : at + 1] == b"E":
            return True
        at += 1 + int.from_bytes(waiting[at + 1 : at + 5], "big")
    pgconn.consume_input()  # notices: libpq shows them with the next chunk
    return False
