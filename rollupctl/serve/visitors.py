"""Imaginary visitors of two sites, for the demo: they send events for as long as it runs."""

from __future__ import annotations

import json
import math
import random
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

_SITES = (("example.com", 3), ("shop.example.com", 1))
_PATHS = ("/", "/pricing", "/docs", "/blog/rollups", "/about", "/docs/install", "/contact")
_SOURCES = (None, "search.example", "news.example", "newsletter", "partner.example")
_COUNTRIES = ("de", "fr", "us", "us", "gb", "jp")
_BROWSERS = ("Chrome", "Chrome", "Chrome", "Safari", "Firefox", "Edge")
_HISTORY_HOURS = 48
_HISTORY = 20_000  # events
_PAUSE = 0.2  # seconds between two batches


def visit(chance: random.Random, at: datetime) -> dict[str, Any]:
    """One event at a time."""
    return {
        "site_id": chance.choices([s for s, _ in _SITES], [w for _, w in _SITES])[0],
        "event_type": chance.choices(("pageview", "click", "purchase"), (16, 3, 1))[0],
        "path": chance.choices(_PATHS, (9, 5, 5, 4, 2, 2, 1))[0],
        "user_id": f"user{min(int(chance.paretovariate(1.1) * 20), 2000)}",
        "source": chance.choices(_SOURCES, (5, 6, 2, 2, 1))[0],
        "country": chance.choice(_COUNTRIES),
        "browser": chance.choice(_BROWSERS),
        "timestamp": at.isoformat(),
    }


def history(chance: random.Random, now: datetime) -> Iterator[dict[str, Any]]:
    """Events of the last two days, fewer of them at night."""
    for _ in range(_HISTORY):
        at = now - timedelta(hours=_HISTORY_HOURS * chance.random())
        if chance.random() < 0.55 + 0.45 * math.sin((at.hour - 9) / 24 * 2 * math.pi):
            yield visit(chance, at)


def start(port: int) -> threading.Event:
    """Send a history, and go on sending, in a thread that the event stops."""
    stop = threading.Event()
    threading.Thread(target=_send_all, args=(port, stop), name="visitors", daemon=True).start()
    return stop


def _send_all(port: int, stop: threading.Event) -> None:
    chance = random.Random(7)
    past = list(history(chance, datetime.now(timezone.utc)))
    pending = [past[n : n + 5000] for n in range(0, len(past), 5000)]
    while not stop.wait(0 if pending else _PAUSE):
        now = datetime.now(timezone.utc)
        batch = pending[0] if pending else [visit(chance, now) for _ in range(chance.randint(1, 9))]
        if _send(port, batch) and pending:
            pending.pop(0)
        elif pending:
            stop.wait(_PAUSE)  # it does not listen yet


def _send(port: int, batch: list[dict[str, Any]]) -> bool:
    request = urllib.request.Request(
        f"http://localhost:{port}/events",
        json.dumps(batch).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            return bool(answer.status == 202)
    except (OSError, urllib.error.URLError):
        return False
