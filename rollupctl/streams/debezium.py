"""Envelopes in which Debezium reports changes of a table."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from rollupctl.streams.feed import Message

_NEW = (b'"c"', b'"r"', b'"u"')  # created, read by a snapshot, updated
_DELETED, _TRUNCATED, _OTHER = b'"d"', b'"t"', b'"m"'
_NULL = b"null"

# Rows stay as they came, since numbers would lose digits if they were parsed.
_Fields = dict[str, msgspec.Raw]


def unwrap(message: Message, *, corrects: bool = False) -> Message:
    """The row after the change. Where there is none (deleted, truncated, a tombstone), a message
    without a body or, if it `corrects`, the row that was deleted.

    What is no envelope is returned as it is, so that it is refused, or loaded, as what it is.
    """
    if message.body is None:
        return message
    document = _fields(message.body)
    document = _fields(document.get("payload", _NULL)) or document
    change, before, after = (bytes(document.get(name, _NULL)) for name in ("op", "before", "after"))
    if change in _NEW:
        if after == _NULL:
            return replace(message, flaw="has no row after the change")
        return replace(message, body=after)
    if change not in (_DELETED, _TRUNCATED, _OTHER):
        return message
    if corrects and change == _DELETED:
        return replace(message, body=b"{}" if before == _NULL else before, deletes=True)
    if corrects and change == _TRUNCATED:
        flaw = "the table was truncated: remove its events yourself"
        return replace(message, flaw=flaw)
    return replace(message, body=None)


def _fields(document: bytes | msgspec.Raw) -> _Fields:
    """The fields of a JSON object; none if it is something else."""
    try:
        return msgspec.json.decode(document, type=_Fields)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return {}
