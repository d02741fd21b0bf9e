"""Reading events from requests: what is accepted, and the reason why not."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

MAX_EVENT_BYTES = 64 * 1024
MAX_DEPTH = 32  # of properties
_OLDEST = datetime(1970, 1, 1, tzinfo=timezone.utc)
_INT8 = range(-(2**63), 2**63)
_INT4 = range(-(2**31), 2**31)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_CURRENCY = re.compile(r"[A-Z]{3}")

# The longest text of each column; a longer one is rejected, because a part of it would be counted
# as something else.
TEXTS: Mapping[str, int] = {
    "event_type": 255,
    "path": 500,
    "user_id": 255,
    "source": 255,
    "campaign": 255,
    "product_id": 255,
    "category": 255,
    "status": 255,
    "country": 255,
    "browser": 255,
}
MAX_SITE = 200  # as rollup.site_ids
LONGEST_KEY = 255  # of an event key

# Columns of events in the order in which they are written; the time and the site come first.
COLUMNS = (
    *TEXTS,
    "device_id",
    "session_id",
    "quantity",
    "amount",
    "currency",
    "value",
    "properties",
)


class InvalidEventError(ValueError):
    """An event that cannot be accepted: what is wrong, and the JSON pointer to it."""

    def __init__(self, reason: str, pointer: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.pointer = pointer


_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder(decimal_format="string").encode


class ForeignSiteError(InvalidEventError):
    """An event of a site that the key is not for."""


def read_event(body: bytes, now: datetime, site: str | None = None) -> bytes:
    """One event from JSON, as the spool stores it.

    `now` is its time if it names none, `site` its site; it must be of no other. Raises
    InvalidEventError.
    """
    if len(body) > MAX_EVENT_BYTES:
        raise InvalidEventError(f"an event is at most {MAX_EVENT_BYTES} bytes long")
    return _encode(_checked(parsed(body), b"\\u0000" in body, now, site))


def slug(site: str) -> str:
    """The spelling by which sites are compared, as rollup.site_ids does."""
    return unicodedata.normalize("NFC", site.strip(" \t\r\n\f\v").translate(_LOWER))


def stored(body: bytes) -> dict[str, Any]:
    """An event as `read_event` encoded it."""
    event: dict[str, Any] = _decode(body)
    return event


def parsed(body: bytes) -> Any:
    """The value of JSON text. Raises InvalidEventError."""
    try:
        return _decode(body)
    except RecursionError:
        raise InvalidEventError("the JSON is nested too deeply") from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        detail = str(error).removeprefix("JSON is malformed: ")
        raise InvalidEventError(f"the body is not valid JSON: {detail}") from None


def _checked(event: Any, may_have_nul: bool, now: datetime, own_site: str | None) -> dict[str, Any]:
    """The event in the form of the spool: its site and time, columns and properties."""
    if not isinstance(event, dict):
        raise InvalidEventError("an event is a JSON object")
    if may_have_nul:
        _require_no_nul(event, "")
    site = _text("site_id", event.pop("site_id", None), MAX_SITE) or own_site
    if site is None or not site.strip():
        raise InvalidEventError("site_id required", "/site_id")
    if own_site is not None and slug(site) != slug(own_site):
        raise ForeignSiteError("the key is for another site", "/site_id")
    if _CONTROL.search(site.strip()):
        raise InvalidEventError("site_id contains control characters", "/site_id")
    kept: dict[str, Any] = {"site_id": site, "event_time": _time(event.pop("timestamp", None), now)}
    for name, longest in TEXTS.items():
        if name in event and (text := _text(name, event.pop(name), longest)) is not None:
            kept[name] = text
    if (key := _text("event_key", event.pop("event_key", None), LONGEST_KEY)) is not None:
        kept["event_key"] = key
    if not kept.get("event_type"):
        raise InvalidEventError("event_type required", "/event_type")
    for name, read in _NUMBERS.items():
        if name in event and (value := event.pop(name)) is not None:
            kept[name] = read(name, value)
    properties = event.pop("properties", None) or {}
    if not isinstance(properties, dict):
        raise InvalidEventError("properties is not an object", "/properties")
    if properties := {**properties, **event}:
        _require_shallow(properties, MAX_DEPTH)
        kept["properties"] = properties
    return kept


def _text(name: str, value: Any, longest: int) -> str | None:
    """The text of a field, where a number is the text of it."""
    if value is None or isinstance(value, str):
        text = value
    elif isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
    else:
        raise InvalidEventError(f"{name} is not a string", f"/{name}")
    if text is not None and len(text) > longest:
        raise InvalidEventError(f"{name} is longer than {longest} characters", f"/{name}")
    return text


def _time(value: Any, now: datetime) -> str:
    """A time in ISO 8601, of UTC if it has no zone; the present for None."""
    if value is None:
        return now.isoformat()
    wrong = InvalidEventError(
        "timestamp is not a time in ISO 8601 such as 2024-01-15T10:30:00Z", "/timestamp"
    )
    if not isinstance(value, str):
        raise wrong
    try:
        # Python 3.10 does not know Z.
        time = datetime.fromisoformat(re.sub(r"[Zz]$", "+00:00", value.strip()))
        if time.tzinfo is None:
            time = time.replace(tzinfo=timezone.utc)
        time = time.astimezone(timezone.utc)
    except (ValueError, OverflowError):
        raise wrong from None
    if time < _OLDEST:
        raise InvalidEventError("timestamp is before 1970", "/timestamp")
    return time.isoformat()


def _integer(allowed: range) -> Callable[[str, Any], int]:
    def read(name: str, value: Any) -> int:
        if isinstance(value, str) and re.fullmatch(r"[-+]?\d{1,19}", value):
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)  # to JSON, 1.0 is the same number as 1
        if not isinstance(value, int) or isinstance(value, bool) or value not in allowed:
            raise InvalidEventError(
                f"{name} is not a whole number of {allowed.stop.bit_length()} bits", f"/{name}"
            )
        return value

    return read


def _amount(name: str, value: Any) -> str:
    """An exact decimal number, given as a number or as text."""
    try:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise InvalidOperation
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite() or abs(number.adjusted()) > 400:
        raise InvalidEventError(f"{name} is not a number", f"/{name}")
    return str(number)


def _currency(name: str, value: Any) -> str:
    if not isinstance(value, str) or not _CURRENCY.fullmatch(value):
        raise InvalidEventError(f"{name} is not a code of three letters such as EUR", f"/{name}")
    return value


def _number(name: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InvalidEventError(f"{name} is not a number", f"/{name}")
    try:
        return float(value)
    except OverflowError:
        raise InvalidEventError(f"{name} is too large", f"/{name}") from None


_NUMBERS: Mapping[str, Callable[[str, Any], Any]] = {
    "device_id": _integer(_INT8),
    "session_id": _integer(_INT8),
    "quantity": _integer(_INT4),
    "amount": _amount,
    "currency": _currency,
    "value": _number,
}


def _children(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from ((str(n), child) for n, child in enumerate(value))


def _require_no_nul(value: Any, pointer: str) -> None:
    """PostgreSQL cannot store the character U+0000."""
    if isinstance(value, str) and "\0" in value:
        raise InvalidEventError("a text contains the character U+0000", pointer)
    for key, child in _children(value):
        if "\0" in key:
            raise InvalidEventError("a name contains the character U+0000", pointer)
        _require_no_nul(child, f"{pointer}/{key}")


def _require_shallow(value: Any, depth: int) -> None:
    if depth == 0:
        raise InvalidEventError(f"properties are nested more than {MAX_DEPTH} levels deep")
    for _, child in _children(value):
        _require_shallow(child, depth - 1)
