"""Envelopes in which Debezium reports changes of a table."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from rollupctl.streams.feed import Message

NEW = ("c", "r", "u")  # created, read by a snapshot, updated


def unwrap(message: Message, *, corrects: bool = False) -> Message:
    """The row after the change. Where there is none (deleted, truncated, a tombstone), a message
    without a body or, if it `corrects`, the row that was deleted.

    What is no envelope is returned as it is, so that it is refused, or loaded, as what it is.
    """
    if message.body is None:
        return message
    try:
        document = json.loads(message.body)
    except ValueError:
        return message
    if isinstance(document, dict) and isinstance(document.get("payload"), dict):
        document = document["payload"]
    if not isinstance(document, dict) or "op" not in document:
        return message
    change = document["op"]
    if change in NEW and document.get("after") is not None:
        return replace(message, body=_encoded(document["after"]))
    if not corrects:
        return replace(message, body=None)
    if change == "d":
        return replace(message, body=_encoded(document.get("before") or {}), deletes=True)
    if change == "t":
        flaw = "the table was truncated: remove its events yourself"
        return replace(message, flaw=flaw)
    return replace(message, body=None)


def _encoded(row: Any) -> bytes:
    return json.dumps(row, ensure_ascii=False).encode()
