"""Envelopes in which Debezium reports changes of a table."""

from __future__ import annotations

import json

NEW = ("c", "r", "u")  # created, read by a snapshot, updated


def unwrap(body: bytes | None) -> bytes | None:
    """The row after the change; None where there is none: deleted, truncated, a tombstone.

    What is no envelope is returned as it is, so that it is refused, or loaded, as what it is.
    """
    if body is None:
        return None
    try:
        document = json.loads(body)
    except ValueError:
        return body
    if isinstance(document, dict) and isinstance(document.get("payload"), dict):
        document = document["payload"]
    if not isinstance(document, dict) or "op" not in document:
        return body
    if document["op"] not in NEW or document.get("after") is None:
        return None
    return json.dumps(document["after"], ensure_ascii=False).encode()
