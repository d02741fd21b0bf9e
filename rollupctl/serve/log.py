"""Structured logs: one JSON object a line on stderr."""

from __future__ import annotations

import json
import logging
import sys
import threading
import traceback as tracebacks
from datetime import datetime, timezone

from rollupctl.errors import mask

_lock = threading.Lock()


def _write(level: str, event: str, fields: dict[str, object]) -> None:
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    kept = {name: value for name, value in fields.items() if value is not None}
    line = json.dumps({"time": now, "level": level, "event": event, **kept}, default=str)
    with _lock:
        sys.stderr.write(mask(line) + "\n")
        sys.stderr.flush()


def info(event: str, **fields: object) -> None:
    """Something that happens in normal operation."""
    _write("info", event, fields)


def warning(event: str, **fields: object) -> None:
    """Something that a person should look at some time."""
    _write("warning", event, fields)


def error(event: str, **fields: object) -> None:
    """Something that does not work now."""
    _write("error", event, fields)


def traceback(raised: BaseException) -> None:
    """A defect of this program, with its traceback."""
    _write("error", "internal_error", {"traceback": "".join(tracebacks.format_exception(raised))})


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        text = "".join(tracebacks.format_exception(*record.exc_info)) if record.exc_info else None
        said = {"logger": record.name, "message": record.getMessage(), "traceback": text}
        _write(record.levelname.lower(), "library", dict(said))


def listen() -> None:
    """Write what libraries log, warnings and worse, in the same form."""
    for name in ("uvicorn", "asyncio"):
        logging.getLogger(name).addHandler(_Handler(logging.WARNING))
